/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod_shadow.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"

static const char *const places[] = { "/run", "/dev/shm", "/tmp" };

void shadow_done(struct shadow *s)
{
	scratch_done(&s->base);
	free(s->dir);
	*s = (struct shadow){ 0 };
}

/* The names in a directory as they come, which may decide between two modules of one name; caller
 * frees. */
static int list_unsorted(const char *dir, struct strv *ret)
{
	CLEAN(dir) DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return -errno;
	for (errno = 0; (e = readdir(d)); errno = 0)
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, "..") &&
		    !is_index_file(e->d_name))
			strv_add(ret, e->d_name);
	return -errno;
}

static int link_all(const char *modules_dir, const char *dir, const struct strv *names,
		    bool backwards)
{
	int r = tree_remove(dir);

	if (r == 0)
		r = dir_make(dir);
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		const char *name = names->items[backwards ? names->n - 1 - i : i];
		CLEAN(free) char *target = path_join(modules_dir, name);
		CLEAN(free) char *link = path_join(dir, name);

		if (symlink(target, link) < 0)
			r = -errno;
	}
	return r;
}

static bool has_order(const char *dir, const struct strv *names)
{
	CLEAN(strv) struct strv got = { 0 };

	if (list_unsorted(dir, &got) < 0 || got.n != names->n)
		return false;
	for (size_t i = 0; i < got.n; i++)
		if (!str_eq(got.items[i], names->items[i]))
			return false;
	return true;
}

/* Links to all that is there, in the same order. File systems give names in the order of their
 * making, in the opposite one, or in one of their own. -ENOTSUP if the order cannot be had here. */
static int mirror(const char *modules_dir, const char *dir)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = list_unsorted(modules_dir, &names);

	for (int backwards = 0; r == 0 && backwards < 2; backwards++) {
		r = link_all(modules_dir, dir, &names, backwards);
		if (r == 0 && has_order(dir, &names))
			return 0;
	}
	return r < 0 ? r : -ENOTSUP;
}

/* Without the directory that the modules are in. */
static int make_base(const struct depmod_job *job, const char *where, struct shadow *ret)
{
	CLEAN(free) char *usr = NULL, *usr_lib = NULL;
	int r = scratch_make(where, "depmod", &ret->base, NULL);

	if (r < 0)
		return r;
	ret->dir = path_join(ret->base.dir, "lib/modules", job->kernel);
	usr = path_join(ret->base.dir, "usr");
	usr_lib = path_join(usr, "lib");
	r = dir_make(usr);
	/* a depmod may be made for /usr/lib/modules */
	return r == 0 ? link_set("../lib", usr_lib) : r;
}

static int make_shadow(const struct depmod_job *job, const char *where, struct shadow *ret)
{
	CLEAN(shadow) struct shadow s = { 0 };
	int r = make_base(job, where, &s);

	if (r == 0)
		r = mirror(job->modules_dir, s.dir);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct shadow){ 0 };
	return 0;
}

int shadow_index(const struct depmod_job *job, struct shadow *ret, struct fail *f)
{
	CLEAN(buf) struct buf said = { 0 };

	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (make_shadow(job, places[i], ret) == 0)
			return depmod_tool_run(job->env, ret->base.dir, job->map, job->kernel, &said,
					       f);
	return -ENOTSUP;
}

/* --- with modules left out --- */

static bool has_below(const struct strv *paths, const char *dir)
{
	for (size_t i = 0; i < paths->n; i++)
		if (path_is_below(paths->items[i], dir))
			return true;
	return false;
}

/* Links to what is there, in real directories where something of them is left out. */
static int mirror_without(const char *from, const char *to, const char *below, const struct strv *without)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = list_unsorted(from, &names);

	if (r == 0)
		r = dir_make(to);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		CLEAN(free) char *target = path_join(from, names.items[i]);
		CLEAN(free) char *link = path_join(to, names.items[i]);
		CLEAN(free) char *path = path_join(below, names.items[i]);

		if (strv_has(without, path))
			continue;
		if (has_below(without, path) && path_is_dir(target))
			r = mirror_without(target, link, path, without);
		else if (symlink(target, link) < 0)
			r = -errno;
	}
	return r;
}

int shadow_try(const struct depmod_job *job, const struct strv *without)
{
	CLEAN(buf) struct buf said = { 0 };
	int r = -ENOTSUP;

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		CLEAN(shadow) struct shadow s = { 0 };

		r = make_base(job, places[i], &s);
		if (r == 0)
			r = mirror_without(job->modules_dir, s.dir, "", without);
		if (r == 0)
			return depmod_tool_run(job->env, s.base.dir, job->map, job->kernel, &said, NULL);
	}
	return r;
}

/* --- publishing --- */

struct publishing {
	const char *from, *to;
	struct strv names;  /* that differ */
	struct strv staged; /* beside their destination, to be renamed */
};

static void clean_publishing(struct publishing *p)
{
	for (size_t i = 0; i < p->staged.n; i++)
		unlink(p->staged.items[i]);
	strv_done(&p->staged);
	strv_done(&p->names);
}

static int sync_file(const char *path)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int stage(struct publishing *p, const char *name)
{
	CLEAN(free) char *src = path_join(p->from, name), *dst = path_join(p->to, name);
	CLEAN(free) char *temp = xasprintf("%s/.%s.dkms-new", p->to, name);
	int r;

	if (!path_is_link(dst) && file_same(src, dst) == 1 &&
	    utimensat(AT_FDCWD, dst, NULL, AT_SYMLINK_NOFOLLOW) == 0) {
		/* of one that was killed here */
		unlink(temp);
		return 0;
	}
	strv_add(&p->names, name);
	strv_add(&p->staged, temp);
	r = file_copy(src, temp, 0644);
	return r;
}

static int stage_all(struct publishing *p)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(p->from, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		CLEAN(free) char *path = path_join(p->from, names.items[i]);

		if (is_index_file(names.items[i]) && path_is_file(path) && !path_is_link(path))
			r = stage(p, names.items[i]);
	}
	for (size_t i = 0; r == 0 && i < p->staged.n; i++)
		r = sync_file(p->staged.items[i]);
	return r;
}

int shadow_publish(const char *from, const char *modules_dir, struct fail *f)
{
	CLEAN(publishing) struct publishing p = { .from = from, .to = modules_dir };
	int r = stage_all(&p);

	for (size_t i = 0; r == 0 && i < p.names.n; i++) {
		CLEAN(free) char *dst = path_join(modules_dir, p.names.items[i]);

		if (rename(p.staged.items[i], dst) < 0)
			r = -errno;
	}
	if (r == 0 && p.names.n) {
		CLEAN(free) char *dst = path_join(modules_dir, p.names.items[0]);

		r = dir_sync_of(dst);
	}
	return r < 0 ? fail_errno(f, r, "cannot write the module index in '%s'", modules_dir) : 0;
}
