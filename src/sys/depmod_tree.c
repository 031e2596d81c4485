/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod_tree.h"

#include <errno.h>
#include <fcntl.h>

#include "base/mem.h"
#include "base/path.h"

/* Beyond this it is no kernel's. */
enum { DEPTH_LIMIT = 32, MODULES_LIMIT = 200000 };

void module_tree_done(struct module_tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->items[i].path);
	free(t->items);
	free(t->oddity);
	*t = (struct module_tree){ 0 };
}

void file_id_of(const struct stat *st, struct file_id *ret)
{
	*ret = (struct file_id){
		.size = st->st_size,
		.mtime = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
		.ctime = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
		.inode = st->st_ino,
	};
}

bool file_id_is(const struct file_id *a, const struct file_id *b)
{
	return a->size == b->size && a->mtime == b->mtime && a->ctime == b->ctime &&
	       a->inode == b->inode;
}

const char *module_packing(const char *name)
{
	static const char *const packings[] = { "", ".gz", ".xz", ".zst" };

	for (size_t i = 0; i < COUNT_OF(packings); i++) {
		size_t n = strlen(name), m = strlen(packings[i]);

		if (n >= m + 3 && memcmp(name + n - m - 3, ".ko", 3) == 0 &&
		    str_eq(name + n - m, packings[i]))
			return name + n - m;
	}
	return NULL;
}

static void note(struct module_tree *t, const char *what, const char *dir, const char *name)
{
	if (!t->oddity)
		t->oddity = xasprintf("%s: %s%s%s", what, dir, *dir ? "/" : "", name);
}

static void add(struct module_tree *t, char *path, const struct stat *st)
{
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 256;
		t->items = xreallocarray(t->items, t->room, sizeof(*t->items));
	}
	t->items[t->n] = (struct tree_module){ .path = path, .place = (unsigned)t->n };
	file_id_of(st, &t->items[t->n].id);
	t->n++;
	if (*module_packing(path))
		t->n_packed++;
}

static void walk(struct module_tree *t, int parent, const char *name, const char *dir,
		 unsigned depth);

/* depmod passes by these names everywhere; at the top they are the usual links to the headers. */
static bool is_passed_by(const char *name)
{
	return str_eq(name, ".") || str_eq(name, "..") || str_eq(name, "build") ||
	       str_eq(name, "source");
}

static void visit(struct module_tree *t, int fd, const char *name, const char *dir, unsigned depth)
{
	bool module = module_packing(name);
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		note(t, "unreadable", dir, name);
		return;
	}
	if (S_ISLNK(st.st_mode)) {
		/* links to other things are none of depmod's business */
		if (module || (fstatat(fd, name, &st, 0) == 0 && S_ISDIR(st.st_mode)))
			note(t, "a link", dir, name);
	} else if (S_ISDIR(st.st_mode)) {
		if (depth == 0 && str_eq(name, "weak-updates"))
			note(t, "weak-updates", dir, name);
		walk(t, fd, name, dir, depth + 1);
	} else if (module && !S_ISREG(st.st_mode)) {
		note(t, "no regular file", dir, name);
	} else if (module && strchr(name, '\n')) {
		note(t, "an odd name", dir, name);
	} else if (module && t->n == MODULES_LIMIT) {
		note(t, "too many modules", dir, name);
	} else if (module) {
		add(t, path_join(dir, name), &st);
	}
}

static void walk(struct module_tree *t, int parent, const char *name, const char *dir,
		 unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEAN(free) char *below = depth ? path_join(dir, name) : xstrdup("");
	CLEAN(dir) DIR *d = NULL;
	struct dirent *e;

	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		note(t, "unreadable", dir, name);
		return;
	}
	if (depth > DEPTH_LIMIT || strchr(name, '\n')) {
		note(t, "an odd directory", dir, name);
		return;
	}
	while ((e = readdir(d)))
		if (!is_passed_by(e->d_name))
			visit(t, fd, e->d_name, below, depth);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_module *)a)->path, ((const struct tree_module *)b)->path);
}

void module_tree_read(const char *dir, struct module_tree *ret)
{
	*ret = (struct module_tree){ 0 };
	walk(ret, AT_FDCWD, dir, "", 0);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_path);
}

struct tree_module *module_tree_find(const struct module_tree *t, const char *path)
{
	struct tree_module key = { .path = (char *)path };

	return t->n ? bsearch(&key, t->items, t->n, sizeof(*t->items), by_path) : NULL;
}

/* --- order --- */

/* A module in both trees; its place in each. */
struct pair {
	const char *name;
	unsigned a, b;
};

/* As the kernel knows modules: up to the first dot, "-" and "_" the same. */
static int compare_names(const char *x, const char *y)
{
	for (;; x++, y++) {
		char c = *x == '-' ? '_' : *x, d = *y == '-' ? '_' : *y;

		if (c == '.')
			c = '\0';
		if (d == '.')
			d = '\0';
		if (c != d || c == '\0')
			return (unsigned char)c - (unsigned char)d;
	}
}

static int by_name_then_place(const void *x, const void *y)
{
	const struct pair *p = x, *q = y;
	int r = compare_names(p->name, q->name);

	return r ? r : (p->a > q->a) - (p->a < q->a);
}

static int by_place(const void *x, const void *y)
{
	const struct pair *p = x, *q = y;

	return (p->a > q->a) - (p->a < q->a);
}

bool module_tree_same_order(const struct module_tree *a, const struct module_tree *b, bool all)
{
	CLEAN(free) struct pair *pairs = NULL;

	if (a->n != b->n)
		return false;
	if (a->n == 0)
		return true;
	pairs = xcalloc(a->n, sizeof(*pairs));
	for (size_t i = 0; i < a->n; i++) {
		if (!str_eq(a->items[i].path, b->items[i].path))
			return false;
		pairs[i] = (struct pair){ path_base(a->items[i].path), a->items[i].place,
					  b->items[i].place };
	}
	qsort(pairs, a->n, sizeof(*pairs), all ? by_place : by_name_then_place);
	for (size_t i = 1; i < a->n; i++)
		if ((all || compare_names(pairs[i - 1].name, pairs[i].name) == 0) &&
		    pairs[i - 1].b > pairs[i].b)
			return false;
	return true;
}
