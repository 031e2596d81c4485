/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/name.h"

struct reader {
	const char *dkms_tree;
	const char *source_tree;
	int *err; /* the first thing that could not be looked at */
};

/* What went meanwhile, or is not for us to see, is not there; what a disk refuses may be. */
static void note(const struct reader *rd, int err)
{
	if (err < 0 && err != -ENOENT && err != -ENOTDIR && err != -EACCES && err != -ELOOP && *rd->err == 0)
		*rd->err = err;
}

/* What a link leads to may be another machine's, which does not answer: then that is not there, and the rest is. */
static void note_far(const struct reader *rd, int err)
{
	static const int far[] = { ESTALE, ENOTCONN, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH };

	for (size_t i = 0; i < COUNT_OF(far); i++)
		if (err == -far[i])
			return;
	note(rd, err);
}

static bool is_dir_at(const struct reader *rd, int dirfd, const char *name, unsigned char type)
{
	struct stat st;

	if (type == DT_DIR)
		return true;
	/* a link to a directory counts as one, as it always did */
	if (type != DT_LNK && type != DT_UNKNOWN)
		return false;
	if (fstatat(dirfd, name, &st, 0) == 0)
		return S_ISDIR(st.st_mode);
	note_far(rd, -errno);
	return false;
}

/* What is looked for in a directory. */
struct listing {
	bool (*wants)(const char *name); /* NULL: all that do not begin with a dot */
	struct strv dirs;		 /* sorted; links to directories too */
	struct strv links;		 /* kernel-… */
	bool has_source;
};

static void clean_listing(struct listing *l)
{
	strv_done(&l->dirs);
	strv_done(&l->links);
}

static void take_entry(const struct reader *rd, int fd, const struct dirent64 *e, struct listing *l)
{
	if (e->d_name[0] == '.')
		return;
	if (str_eq(e->d_name, "source"))
		l->has_source = true;
	if (e->d_type == DT_LNK && str_has_prefix(e->d_name, "kernel-"))
		strv_add(&l->links, e->d_name);
	else if ((!l->wants || l->wants(e->d_name)) && is_dir_at(rd, fd, e->d_name, e->d_type))
		strv_add(&l->dirs, e->d_name);
}

/* Lists what fd, freshly opened, stands for. readdir would cost three more system calls a directory, and all that
 * status does is looking at directories. */
static int list(const struct reader *rd, int fd, struct listing *l)
{
	char room[8192] __attribute__((aligned(__alignof__(struct dirent64))));
	ssize_t n;

	while ((n = getdents64(fd, room, sizeof(room))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const struct dirent64 *)(room + at);

			take_entry(rd, fd, e, l);
			at += e->d_reclen;
		}
	strv_sort(&l->dirs);
	return n < 0 ? -errno : 0;
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_and_list(const struct reader *rd, int at, const char *name, struct listing *l)
{
	int fd = open_dir(at, name), r = fd < 0 ? fd : list(rd, fd, l);

	note(rd, r);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
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

static bool is_built(const struct reader *rd, int kernel_fd, const char *arch)
{
	CLEAN(free) char *path = path_join(arch, "module");
	struct stat st;

	if (fstatat(kernel_fd, path, &st, 0) == 0)
		return S_ISDIR(st.st_mode);
	note(rd, -errno);
	return false;
}

bool tree_is_built_for(int dirfd, const char *dir, const char *kernel, const char *arch)
{
	CLEAN(free) char *path = path_join(dir, "log", "make.log");
	char line[512];
	CLEAN(fd) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (n <= 0)
		return false;
	line[n] = '\0';
	return name_is_in_log(line, kernel, arch);
}

static bool may_be_kernel(const char *name)
{
	return !name_is_beside_kernels(name);
}

static void read_kernel(const struct reader *rd, int version_fd, struct snap_module *m,
			struct snap_version *v, const char *kernel)
{
	CLEAN(listing) struct listing arches = { 0 };
	CLEAN(fd) int fd = open_and_list(rd, version_fd, kernel, &arches);

	if (fd < 0)
		return;
	for (size_t i = 0; i < arches.dirs.n; i++) {
		const char *arch = arches.dirs.items[i];
		struct snap_build *b;

		if (!name_is_kernel(kernel) && !tree_is_built_for(fd, arch, kernel, arch))
			continue;
		v->builds = xreallocarray(v->builds, v->n_builds + 1, sizeof(*v->builds));
		b = &v->builds[v->n_builds++];
		*b = (struct snap_build){
			.kernel = xstrdup(kernel),
			.arch = xstrdup(arch),
			.built = is_built(rd, fd, arch),
			.installed = is_active(m, v->version, kernel, arch),
		};
	}
}

static enum version_state read_state(const struct reader *rd, int version_fd, bool has_source,
				     const char *module, const char *version)
{
	CLEAN(free) char *name = NULL, *source = NULL;
	int r;

	if (has_source)
		return is_dir_at(rd, version_fd, "source", DT_UNKNOWN) ? VERSION_ADDED : VERSION_BROKEN;
	name = xasprintf("%s-%s", module, version);
	source = path_join(rd->source_tree, name);
	r = dir_probe(source);
	note_far(rd, r);
	return r != 0 ? VERSION_BROKEN : VERSION_STRAY;
}

/* Whether fd is still what name says: a version that is being removed is first renamed, then emptied. */
static bool is_still(int module_fd, const char *name, int fd)
{
	struct stat now, then;

	return fstatat(module_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &then) == 0 &&
	       now.st_ino == then.st_ino && now.st_dev == then.st_dev;
}

/* False if the version was taken away meanwhile, so that what was seen of it means nothing. */
static bool try_version(const struct reader *rd, int module_fd, struct snap_module *m,
			const char *version)
{
	CLEAN(fd) int fd = open_dir(module_fd, version);
	CLEAN(listing) struct listing kernels = { .wants = may_be_kernel };
	enum version_state state;
	struct snap_version *v;

	int r;

	note(rd, fd);
	if (fd < 0)
		return true;
	r = list(rd, fd, &kernels);
	note(rd, r);
	if (r < 0)
		return is_still(module_fd, version, fd);
	state = read_state(rd, fd, kernels.has_source, m->name, version);
	if (state != VERSION_ADDED && !is_still(module_fd, version, fd))
		return false;
	m->versions = xreallocarray(m->versions, m->n_versions + 1, sizeof(*m->versions));
	v = &m->versions[m->n_versions++];
	*v = (struct snap_version){ .version = xstrdup(version), .state = state };
	for (size_t i = 0; i < kernels.dirs.n; i++)
		read_kernel(rd, fd, m, v, kernels.dirs.items[i]);
	return true;
}

static void read_version(const struct reader *rd, int module_fd, struct snap_module *m,
			 const char *version)
{
	/* removed and added again, over and over, by another dkms: three looks are enough */
	for (int tries = 0; tries < 3; tries++)
		if (try_version(rd, module_fd, m, version))
			return;
}

static void read_links(const struct reader *rd, int module_fd, const struct strv *names, struct snap_module *m)
{
	m->links = xcalloc(names->n, sizeof(*m->links));
	for (size_t i = 0; i < names->n; i++) {
		char *target = NULL;
		int r = link_read(module_fd, names->items[i], &target);

		note(rd, r);
		if (r < 0)
			continue;
		m->links[m->n_links++] = (struct snap_link){
			.name = xstrdup(names->items[i]),
			.target = target,
		};
	}
}

static void read_module(const struct reader *rd, int tree_fd, const char *name, struct snapshot *s)
{
	CLEAN(listing) struct listing all = { 0 };
	CLEAN(fd) int fd = open_and_list(rd, tree_fd, name, &all);
	struct snap_module *m;

	if (fd < 0)
		return;
	s->modules = xreallocarray(s->modules, s->n_modules + 1, sizeof(*s->modules));
	m = &s->modules[s->n_modules++];
	*m = (struct snap_module){ .name = xstrdup(name) };
	read_links(rd, fd, &all.links, m);
	for (size_t i = 0; i < all.dirs.n; i++) {
		if (str_eq(all.dirs.items[i], "original_module"))
			m->has_originals = true;
		else
			read_version(rd, fd, m, all.dirs.items[i]);
	}
}

static int read_all(const struct reader *rd, const char *module, struct snapshot *ret)
{
	CLEAN(listing) struct listing all = { 0 };
	CLEAN(fd) int fd = open_dir(AT_FDCWD, rd->dkms_tree);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (module && strchr(module, '/'))
		return 0;
	if (module) {
		read_module(rd, fd, module, ret);
		return *rd->err;
	}
	r = list(rd, fd, &all);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.dirs.n; i++)
		read_module(rd, fd, all.dirs.items[i], ret);
	return *rd->err;
}

int tree_read(const char *dkms_tree, const char *source_tree, const char *module,
	      struct snapshot *ret, struct fail *f)
{
	int err = 0, r;
	const struct reader rd = { dkms_tree, source_tree, &err };

	*ret = (struct snapshot){ 0 };
	r = read_all(&rd, module, ret);
	if (r == 0)
		return 0;
	snapshot_done(ret);
	return fail_errno(f, r, "cannot read the dkms tree '%s'", dkms_tree);
}
