/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_view.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/sandbox_decoy.h"
#include "sys/sandbox_mount.h"

enum { LINKS_MAX = 40 };

const char *const sandbox_hidden[] = { "/tmp", "/var/tmp", "/run", "/dev/shm", NULL };

bool sandbox_is_hidden(const char *path)
{
	for (size_t i = 0; sandbox_hidden[i]; i++)
		if (path_is_below(path, sandbox_hidden[i]))
			return true;
	return false;
}

bool sandbox_is_place(const char *path)
{
	for (size_t i = 0; sandbox_hidden[i]; i++)
		if (str_eq(path, sandbox_hidden[i]))
			return true;
	return false;
}

/* The kernel lets whoever has root's id write these, whatever rights that one has lost. */
static const char *const of_kernel[] = { "/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs",
					 "/proc/acpi", "/proc/scsi" };

bool sandbox_is_kernels(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(of_kernel); i++)
		if (path_is_below(path, of_kernel[i]))
			return true;
	return path_is_below(path, "/sys");
}

/* What no build has a reason to read, and its owner's rights keep from it too. */
static const char *const passwords[] = { "/etc/shadow", "/etc/gshadow" };

static bool is_same_file(const char *path, const struct stat *st)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

bool sandbox_is_secret(const struct sandbox_rules *rules, const struct stat *st)
{
	for (size_t i = 0; i < COUNT_OF(passwords); i++)
		if (is_same_file(passwords[i], st))
			return true;
	for (size_t i = 0; rules->hide && i < rules->hide->n; i++)
		if (is_same_file(rules->hide->items[i], st))
			return true;
	return false;
}

/* A mount to come: what was at `path` before anything was hidden. */
struct pin {
	char *path; /* real */
	int fd;
	bool is_dir, is_writable, is_build;
};

struct way {
	char *path, *target;
};

struct view {
	const struct sandbox_rules *rules;
	struct pin *pins;
	size_t n_pins;
	struct way *links;
	size_t n_links;
	struct strv covers; /* empty file systems with ways to pins; read-only in the end */
};

static void clean_view(struct view *v)
{
	for (size_t i = 0; i < v->n_pins; i++) {
		free(v->pins[i].path);
		close(v->pins[i].fd);
	}
	for (size_t i = 0; i < v->n_links; i++) {
		free(v->links[i].path);
		free(v->links[i].target);
	}
	free(v->pins);
	free(v->links);
	strv_done(&v->covers);
}

static bool may_enter(const struct sandbox_rules *r, const struct stat *st)
{
	if (r->as_root || !(r->parts & SANDBOX_USER))
		return true;
	if (st->st_uid == r->uid)
		return st->st_mode & S_IXUSR;
	if (st->st_gid == r->gid)
		return st->st_mode & S_IXGRP;
	return st->st_mode & S_IXOTH;
}

/* The topmost directory above path that the user may not enter, or NULL; caller frees. */
static char *closed_above(const struct sandbox_rules *r, const char *path)
{
	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		CLEAN(free) char *dir = xstrndup(path, (size_t)(p - path));
		struct stat st;

		if (stat(dir, &st) < 0)
			return NULL;
		if (!may_enter(r, &st))
			return TAKE_PTR(dir);
	}
	return NULL;
}

/* Will it not be there, or not be reached, once the view is made? */
static bool gets_lost(const struct sandbox_rules *r, const char *path)
{
	CLEAN(free) char *closed = closed_above(r, path);

	return closed || sandbox_is_hidden(path);
}

static void add_link(struct view *v, const char *path, const char *target)
{
	if (!gets_lost(v->rules, path))
		return;
	v->links = xreallocarray(v->links, v->n_links + 1, sizeof(*v->links));
	v->links[v->n_links++] = (struct way){ xstrdup(path), xstrdup(target) };
}

/* One component further; a link is noted and becomes what is still to go. */
static int follow_step(struct view *v, char **done, char **rest, int *links)
{
	CLEAN(free) char *todo = TAKE_PTR(*rest), *here = NULL, *target = NULL;
	size_t n = strcspn(todo, "/");
	CLEAN(free) char *name = xstrndup(todo, n);
	const char *after = todo + n + strspn(todo + n, "/");
	int r;

	*rest = xstrdup(after);
	if (!*name || str_eq(name, "."))
		return 0;
	if (str_eq(name, "..")) {
		here = path_dir(*done);
		str_set(done, here);
		return 0;
	}
	here = path_join(*done, name);
	r = link_read(AT_FDCWD, here, &target);
	if (r == -EINVAL) {
		str_set(done, here);
		return 0;
	}
	if (r < 0)
		return r;
	if (++*links > LINKS_MAX)
		return -ELOOP;
	add_link(v, here, target);
	if (target[0] == '/')
		str_set(done, "/");
	free(*rest);
	*rest = xasprintf("%s/%s", target, after);
	return 0;
}

/* The real path; every link on the way to it that will be lost is noted. */
static int follow(struct view *v, const char *path, char **ret_real)
{
	CLEAN(free) char *done = xstrdup("/"), *rest = xstrdup(path);
	int links = 0;

	while (*rest) {
		int r = follow_step(v, &done, &rest, &links);

		if (r < 0)
			return r;
	}
	*ret_real = TAKE_PTR(done);
	return 0;
}

static struct pin *find_pin(struct view *v, const char *path)
{
	for (size_t i = 0; i < v->n_pins; i++)
		if (str_eq(v->pins[i].path, path))
			return &v->pins[i];
	return NULL;
}

static int add_pin(struct view *v, const char *real, struct pin kind)
{
	struct pin *p = find_pin(v, real);
	struct stat st;

	if (stat(real, &st) < 0)
		return -errno;
	if (p) {
		p->is_writable |= kind.is_writable;
		return 0;
	}
	kind.is_dir = S_ISDIR(st.st_mode);
	kind.fd = mount_take(real, !kind.is_build);
	if (kind.fd < 0)
		return kind.fd;
	kind.path = xstrdup(real);
	v->pins = xreallocarray(v->pins, v->n_pins + 1, sizeof(*v->pins));
	v->pins[v->n_pins++] = kind;
	return 0;
}

static bool is_there(int r)
{
	return r != -ENOENT && r != -ENOTDIR && r != -ELOOP;
}

/* What is not there needs no way to it. */
static int reach(struct view *v, const char *path)
{
	CLEAN(free) char *real = NULL;
	int r = path[0] == '/' ? follow(v, path, &real) : -ENOENT;

	if (r == 0 && gets_lost(v->rules, real) && !sandbox_is_place(real))
		r = add_pin(v, real, (struct pin){ .fd = -1 });
	return is_there(r) ? r : 0;
}

static int let_write(struct view *v, const char *path, bool is_build)
{
	CLEAN(free) char *real = NULL;
	int r = follow(v, path, &real);

	if (r == 0 && sandbox_is_kernels(real))
		return 0;
	if (r == 0)
		r = add_pin(v, real, (struct pin){ .is_writable = true, .is_build = is_build });
	return is_build || is_there(r) ? r : 0;
}

static int compare_pins(const void *a, const void *b)
{
	return strcmp(((const struct pin *)a)->path, ((const struct pin *)b)->path);
}

static int collect(struct view *v)
{
	const struct sandbox_rules *r = v->rules;
	int e = let_write(v, r->build_dir, true);

	for (size_t i = 0; r->write && i < r->write->n && e == 0; i++)
		e = let_write(v, r->write->items[i], false);
	for (size_t i = 0; r->reach && i < r->reach->n && e == 0; i++)
		e = reach(v, r->reach->items[i]);
	for (size_t i = 0; r->reach_too && i < r->reach_too->n && e == 0; i++)
		reach(v, r->reach_too->items[i]);
	/* outer ones first */
	if (v->n_pins)
		qsort(v->pins, v->n_pins, sizeof(*v->pins), compare_pins);
	return e;
}

static int cover(const char *dir, const char *options)
{
	return mount("tmpfs", dir, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
}

static int hide_places(void)
{
	static const char *const options[] = { "mode=1777,size=50%", "mode=1777,size=25%", "mode=755,size=4m",
					       "mode=1777,size=10%" };
	CLEAN(strv) struct strv done = { 0 };

	for (size_t i = 0; sandbox_hidden[i]; i++) {
		CLEAN(free) char *real = realpath(sandbox_hidden[i], NULL);
		int r;

		if (!real || strv_has(&done, real) || !path_is_dir(real))
			continue;
		strv_add(&done, real);
		r = cover(real, options[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int cover_for_way(struct view *v, const char *dir)
{
	int r = cover(dir, "mode=755,size=1m");

	if (r == 0)
		strv_add(&v->covers, dir);
	return r;
}

/* The first directory of a way through an empty place is one that nothing can be lost in, being read-only. */
static int cover_first(struct view *v, const char *path)
{
	for (size_t i = 0; sandbox_hidden[i]; i++) {
		const char *rest = path + strlen(sandbox_hidden[i]) + 1;
		CLEAN(free) char *first = NULL;

		if (!path_is_below(path, sandbox_hidden[i]) || !strchr(rest, '/'))
			continue;
		first = xasprintf("%s/%.*s", sandbox_hidden[i], (int)strcspn(rest, "/"), rest);
		if (mkdir(first, 0755) < 0)
			return errno == EEXIST ? 0 : -errno;
		return cover_for_way(v, first);
	}
	return 0;
}

/* A closed directory on the way is covered by an empty one that is open. */
static int make_way(struct view *v, const char *path)
{
	CLEAN(free) char *closed = closed_above(v->rules, path), *dir = path_dir(path);
	int r = closed ? cover_for_way(v, closed) : cover_first(v, path);

	return r == 0 ? dir_make(dir) : r;
}

static int put_pin(struct view *v, const struct pin *p)
{
	int r = make_way(v, p->path);

	if (r < 0)
		return r;
	if (p->is_dir && mkdir(p->path, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (!p->is_dir && !path_lexists(p->path)) {
		CLEAN(fd) int fd = open(p->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0)
			return -errno;
	}
	return mount_put(p->fd, p->path, p->is_writable);
}

static int put_links(struct view *v)
{
	for (size_t i = 0; i < v->n_links; i++) {
		const struct way *l = &v->links[i];
		CLEAN(free) char *closed = closed_above(v->rules, l->path);
		int r;

		if (path_lexists(l->path) && !closed)
			continue;
		r = make_way(v, l->path);
		if (r == 0 && symlink(l->target, l->path) < 0 && errno != EEXIST)
			r = -errno;
		if (r < 0)
			return r;
	}
	return 0;
}

/* The signing keys, and the passwords if they can be. */
static int hide_files(const struct strv *files, int decoys)
{
	CLEAN(strv) struct strv others = { 0 };
	int r = files ? sandbox_decoy_put(decoys, files, "/run") : 0;

	for (size_t i = 0; i < COUNT_OF(passwords); i++)
		strv_add(&others, passwords[i]);
	if (r == 0)
		sandbox_decoy_put(decoys, &others, "/run");
	return r;
}

bool sandbox_view_is_open(const struct sandbox_rules *rules)
{
	CLEAN(free) char *closed = NULL;

	for (size_t i = 0; rules->reach && i < rules->reach->n && !closed; i++) {
		CLEAN(free) char *real = realpath(rules->reach->items[i], NULL);

		closed = real ? closed_above(rules, real) : NULL;
	}
	if (!closed)
		closed = closed_above(rules, rules->build_dir);
	return !closed;
}

/* A /proc that was just mounted is writable, though all else was made read-only. /sys is that already. */
static int close_kernel(void)
{
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

	for (size_t i = 0; i < COUNT_OF(of_kernel); i++) {
		const char *path = of_kernel[i];

		if (mount(path, path, NULL, MS_BIND, NULL) < 0) {
			if (errno != ENOENT)
				return -errno;
		} else if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0) {
			return -errno;
		}
	}
	return 0;
}

static int mount_proc(void)
{
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	return close_kernel();
}

int sandbox_view_make(const struct sandbox_rules *rules, int decoys, bool *ret_no_proc,
		      const char **ret_step)
{
	CLEAN(view) struct view v = { .rules = rules };
	int r;

	*ret_step = "cannot keep mounts apart";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	*ret_step = "cannot hold on to the trees";
	r = collect(&v);
	if (r < 0)
		return r;
	*ret_step = "cannot make the file system read-only";
	r = mount_all_read_only();
	if (r < 0)
		return r;
	*ret_step = "cannot make an empty /tmp";
	r = hide_places();
	*ret_step = r < 0 ? *ret_step : "cannot make the trees reachable";
	for (size_t i = 0; i < v.n_pins && r == 0; i++)
		r = put_pin(&v, &v.pins[i]);
	if (r == 0)
		r = put_links(&v);
	if (r < 0)
		return r;
	*ret_step = "cannot hide the signing key";
	r = hide_files(rules->hide, decoys);
	for (size_t i = 0; i < v.covers.n && r == 0; i++)
		if (mount(NULL, v.covers.items[i], NULL,
			  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
			r = -errno;
	if (r < 0 || !(rules->parts & SANDBOX_PIDS))
		return r;
	*ret_step = "cannot mount /proc";
	r = mount_proc();
	*ret_no_proc = r < 0;
	return r;
}
