/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/name.h"

struct reader {
	const char *dkms_tree;
	const char *source_tree;
};

static bool is_dir_at(int dirfd, const char *name, unsigned char type)
{
	struct stat st;

	if (type == DT_DIR)
		return true;
	/* a link to a directory counts as one, as it always did */
	if (type != DT_LNK && type != DT_UNKNOWN)
		return false;
	return fstatat(dirfd, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* The names of a directory's subdirectories (and of its links in `links`, if wanted), sorted, without those that begin
 * with a dot. */
static int list_dirs(int dirfd, const char *path, struct strv *ret_dirs, struct strv *ret_links)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN(dir) DIR *d = NULL;
	struct dirent *e;

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (ret_links && e->d_type == DT_LNK && str_has_prefix(e->d_name, "kernel-"))
			strv_add(ret_links, e->d_name);
		else if (is_dir_at(fd, e->d_name, e->d_type))
			strv_add(ret_dirs, e->d_name);
	}
	strv_sort(ret_dirs);
	return 0;
}

static bool is_active(const struct snap_module *m, const char *version, const char *kernel,
		      const char *arch)
{
	CLEAN(free) char *name = xasprintf("kernel-%s-%s", kernel, arch);
	CLEAN(free) char *target = path_join(version, kernel, arch);

	for (size_t i = 0; i < m->n_links; i++)
		if (str_eq(m->links[i].name, name))
			return str_eq(m->links[i].target, target);
	return false;
}

static void read_kernel(int version_fd, struct snap_module *m, struct snap_version *v,
			const char *kernel)
{
	CLEAN(strv) struct strv arches = { 0 };

	if (list_dirs(version_fd, kernel, &arches, NULL) < 0)
		return;
	for (size_t i = 0; i < arches.n; i++) {
		CLEAN(free) char *path = path_join(kernel, arches.items[i], "module");
		struct snap_build *b;
		struct stat st;

		v->builds = xreallocarray(v->builds, v->n_builds + 1, sizeof(*v->builds));
		b = &v->builds[v->n_builds++];
		*b = (struct snap_build){
			.kernel = xstrdup(kernel),
			.arch = xstrdup(arches.items[i]),
			.built = fstatat(version_fd, path, &st, 0) == 0 && S_ISDIR(st.st_mode),
			.installed = is_active(m, v->version, kernel, arches.items[i]),
		};
	}
}

static enum version_state read_state(const struct reader *rd, int version_fd, const char *module,
				     const char *version)
{
	CLEAN(free) char *name = NULL, *source = NULL;
	struct stat st;

	if (fstatat(version_fd, "source", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fstatat(version_fd, "source", &st, 0) == 0 && S_ISDIR(st.st_mode)
			       ? VERSION_ADDED
			       : VERSION_BROKEN;
	name = xasprintf("%s-%s", module, version);
	source = path_join(rd->source_tree, name);
	return path_is_dir(source) ? VERSION_BROKEN : VERSION_STRAY;
}

static void read_version(const struct reader *rd, int module_fd, struct snap_module *m,
			 const char *version)
{
	CLEAN(fd) int fd = openat(module_fd, version, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN(strv) struct strv dirs = { 0 };
	struct snap_version *v;

	if (fd < 0 || list_dirs(fd, ".", &dirs, NULL) < 0)
		return;
	m->versions = xreallocarray(m->versions, m->n_versions + 1, sizeof(*m->versions));
	v = &m->versions[m->n_versions++];
	*v = (struct snap_version){
		.version = xstrdup(version),
		.state = read_state(rd, fd, m->name, version),
	};
	for (size_t i = 0; i < dirs.n; i++)
		if (name_is_kernel(dirs.items[i]))
			read_kernel(fd, m, v, dirs.items[i]);
}

static void read_links(int module_fd, const struct strv *names, struct snap_module *m)
{
	m->links = xcalloc(names->n, sizeof(*m->links));
	for (size_t i = 0; i < names->n; i++) {
		char *target = NULL;

		if (link_read(module_fd, names->items[i], &target) < 0)
			continue;
		m->links[m->n_links++] = (struct snap_link){
			.name = xstrdup(names->items[i]),
			.target = target,
		};
	}
}

static void read_module(const struct reader *rd, int tree_fd, const char *name, struct snapshot *s)
{
	CLEAN(fd) int fd = openat(tree_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN(strv) struct strv dirs = { 0 }, links = { 0 };
	struct snap_module *m;

	if (fd < 0 || list_dirs(fd, ".", &dirs, &links) < 0)
		return;
	s->modules = xreallocarray(s->modules, s->n_modules + 1, sizeof(*s->modules));
	m = &s->modules[s->n_modules++];
	*m = (struct snap_module){ .name = xstrdup(name) };
	read_links(fd, &links, m);
	for (size_t i = 0; i < dirs.n; i++)
		if (!str_eq(dirs.items[i], "original_module"))
			read_version(rd, fd, m, dirs.items[i]);
}

int tree_read(const char *dkms_tree, const char *source_tree, const char *module,
	      struct snapshot *ret, struct fail *f)
{
	const struct reader rd = { dkms_tree, source_tree };
	CLEAN(fd) int fd = open(dkms_tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN(strv) struct strv dirs = { 0 };
	int r;

	*ret = (struct snapshot){ 0 };
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return fail_errno(f, errno, "cannot read the dkms tree '%s'", dkms_tree);
	if (module && strchr(module, '/'))
		return 0;
	if (module && !strpbrk(module, "*?[\\")) {
		read_module(&rd, fd, module, ret);
		return 0;
	}
	r = list_dirs(fd, ".", &dirs, NULL);
	if (r < 0)
		return fail_errno(f, r, "cannot read the dkms tree '%s'", dkms_tree);
	for (size_t i = 0; i < dirs.n; i++)
		if (!module || fnmatch(module, dirs.items[i], 0) == 0)
			read_module(&rd, fd, dirs.items[i], ret);
	return 0;
}
