/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/depmod.h"
#include "sys/kernel_lock.h"

/* A line: a letter and its arguments, each behind a tab, with '\\', tab and newline in them escaped. */

void commit_done(struct commit *c)
{
	strv_done(&c->ops);
}

static void add_argument(struct buf *b, const char *s)
{
	buf_add_char(b, '\t');
	for (; *s; s++) {
		if (*s == '\\' || *s == '\t' || *s == '\n')
			buf_add_char(b, '\\');
		buf_add_char(b, *s == '\t' ? 't' : *s == '\n' ? 'n' : *s);
	}
}

static void add_op3(struct commit *c, char letter, const char *a, const char *b, const char *third)
{
	const char *const args[] = { a, b, third };
	struct buf line = { 0 };

	buf_add_char(&line, letter);
	for (size_t i = 0; i < COUNT_OF(args) && args[i]; i++)
		add_argument(&line, args[i]);
	strv_take(&c->ops, buf_take(&line));
}

static void add_op(struct commit *c, char letter, const char *a, const char *b)
{
	add_op3(c, letter, a, b, NULL);
}

/* What stays the same when it is renamed; caller frees; NULL: it is not there. Without the device, whose number may be
 * another after a reboot: a replacement lies on the same file system anyway. */
static char *identity(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return NULL;
	return xasprintf("%ju", (uintmax_t)st.st_ino);
}

/* Of a file, what tells it from another one with the name: caller frees; NULL: it is not there. Neither a reboot nor a
 * copy-up of an overlay changes it. */
static char *contents(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return NULL;
	return xasprintf("%jd:%jd.%09ld", (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

void commit_rename(struct commit *c, const char *src, const char *dst)
{
	add_op(c, 'R', src, dst);
}

void commit_replace_dir(struct commit *c, const char *src, const char *dst)
{
	CLEAN(free) char *id = identity(src);

	add_op3(c, 'X', src, dst, id);
}

void commit_unlink(struct commit *c, const char *path)
{
	add_op(c, 'U', path, NULL);
}

void commit_unlink_this(struct commit *c, const char *path)
{
	CLEAN(free) char *id = contents(path);

	add_op(c, 'U', path, id);
}

void commit_symlink(struct commit *c, const char *target, const char *path)
{
	add_op(c, 'S', target, path);
}

void commit_remove_tree(struct commit *c, const char *path)
{
	add_op(c, 'D', path, NULL);
}

void commit_make_dir(struct commit *c, const char *dir, const char *unless)
{
	add_op(c, 'M', dir, unless);
}

void commit_put_back(struct commit *c, const char *aside, const char *dir)
{
	add_op(c, 'B', aside, dir);
}

void commit_prune(struct commit *c, const char *dir, const char *stop)
{
	add_op(c, 'P', dir, stop);
}

void commit_index(struct commit *c, const char *install_tree, const char *kernel)
{
	add_op(c, 'I', install_tree, kernel);
}

/* carrying out ---------------------------------------------------------------------------------- */

static int do_rename(const char *src, const char *dst)
{
	CLEAN(free) char *dir = path_dir(dst);
	int r = path_probe(src);

	if (r <= 0)
		return r;
	r = dir_make(dir);
	return r == 0 && rename(src, dst) < 0 ? -errno : r;
}

static int do_unlink(const char *path, const char *id)
{
	CLEAN(free) char *now = id ? contents(path) : NULL;
	int r;

	if (now && !str_eq(now, id))
		return 0;
	if (unlink(path) == 0)
		return 0;
	/* a read-only file system says so of what is not there, too */
	r = -errno;
	return path_probe(path) == 0 ? 0 : r;
}

static int do_symlink(const char *target, const char *path)
{
	CLEAN(free) char *now = NULL, *dir = path_dir(path);
	int r;

	if (link_read(AT_FDCWD, path, &now) == 0 && str_eq(now, target))
		return 0;
	r = dir_make(dir);
	return r == 0 ? link_set(target, path) : r;
}

static int do_remove_tree(const char *path)
{
	CLEAN(free) char *dir = path_dir(path);
	CLEAN(free) char *gone = xasprintf("%s/.%s.dkms-gone", dir, path_base(path));
	int r = tree_remove(gone);

	if (r < 0)
		return r;
	/* out of sight in one step; a lower layer of an overlay cannot be renamed */
	if (rename(path, gone) < 0) {
		r = -errno;
		if (path_probe(path) == 0)
			r = 0;
		else if (r == -EXDEV)
			r = tree_remove(path);
	}
	return r < 0 ? r : tree_remove(gone);
}

/* In one step where the file system can: then what is at src is the new one before, and the old one after. Else src is
 * there until it is in its place; but nothing is removed for it on a file system that has just failed. */
static int do_replace_dir(const char *src, const char *dst, const char *id)
{
	CLEAN(free) char *there = identity(dst);
	int r = path_probe(src);

	if (r <= 0)
		return r;
	if (there && str_eq(there, id))
		return tree_remove(src);
	r = there && id ? dir_exchange(src, dst) : -ENOTSUP;
	if (r == 0)
		return tree_remove(src);
	if (r != -ENOTSUP)
		return r;
	r = do_remove_tree(dst);
	return r == 0 ? do_rename(src, dst) : r;
}

static int do_put_back(const char *aside, const char *dir)
{
	int r = path_probe(aside), there = path_probe(dir);

	if (r <= 0 || there < 0)
		return r < 0 ? r : there < 0 ? there : 0;
	if (there)
		return tree_remove(aside);
	return rename(aside, dir) < 0 ? -errno : 0;
}

static int do_make_dir(const char *dir, const char *unless)
{
	int r = path_probe(unless);

	return r == 0 ? dir_make(dir) : r < 0 ? r : 0;
}

/* What depmod does not like it would not like the next time: it is not kept for that. */
static int do_index(const char *install_tree, const char *kernel)
{
	CLEAN(free) char *dir = path_join(install_tree, kernel);
	CLEAN(kernel_lock) struct kernel_lock held = { .fd = -1 };
	int r = kernel_lock_take(&held, dir, true, NULL, NULL, NULL);

	if (r == 0)
		r = depmod_run(install_tree, kernel, NULL, NULL);
	return r < 0 && r != -E_DEPMOD_FAILED ? r : 0;
}

/* Undoes add_argument in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			*to++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

void commit_list_unlinks(const struct commit *c, struct strv *ret_paths)
{
	for (size_t i = 0; i < c->ops.n; i++) {
		char *path;

		if (!str_has_prefix(c->ops.items[i], "U\t"))
			continue;
		path = xstrndup(c->ops.items[i] + 2, strcspn(c->ops.items[i] + 2, "\t"));
		unescape(path);
		strv_take(ret_paths, path);
	}
}

static int do_op(char letter, const char *a, const char *b, const char *c)
{
	switch (letter) {
	case 'R':
		return b ? do_rename(a, b) : -EBADMSG;
	case 'X':
		return b ? do_replace_dir(a, b, c) : -EBADMSG;
	case 'U':
		return do_unlink(a, b);
	case 'S':
		return b ? do_symlink(a, b) : -EBADMSG;
	case 'D':
		return do_remove_tree(a);
	case 'M':
		return b ? do_make_dir(a, b) : 0;
	case 'B':
		return b ? do_put_back(a, b) : -EBADMSG;
	case 'P':
		return b ? dir_prune(a, b) : -EBADMSG;
	case 'I':
		return b ? do_index(a, b) : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

/* An operation failed: has it changed what others see all the same? */
static bool took_effect(char letter, const char *a, const char *b, const char *c)
{
	CLEAN(free) char *now = NULL;

	switch (letter) {
	case 'R':
	case 'D':
	case 'B':
		return path_probe(a) == 0;
	case 'X':
		now = identity(b);
		return path_probe(a) == 0 || !now || str_eq(now, c);
	case 'S':
		return link_read(AT_FDCWD, b, &now) == 0 && str_eq(now, a);
	default:
		return false;
	}
}

static int complain(char letter, const char *a, const char *b, int err, struct fail *f)
{
	switch (letter) {
	case 'R':
	case 'X':
	case 'B':
		return fail_errno(f, err, "cannot move '%s' to '%s'", a, b);
	case 'S':
	case 'M':
		return fail_errno(f, err, "cannot make '%s'", letter == 'S' ? b : a);
	case 'I':
		return fail_errno(f, err, "cannot make the module index of kernel %s", b);
	default:
		return fail_errno(f, err, "cannot remove '%s'", a);
	}
}

struct redo {
	bool changed;	   /* something was done, if only by an operation that failed then */
	struct strv dirty; /* directories whose entries changed */
};

static void clean_redo(struct redo *r)
{
	strv_done(&r->dirty);
}

static void add_dirty(struct redo *redo, const char *path)
{
	CLEAN(free) char *dir = path && *path == '/' ? path_dir(path) : NULL;

	if (dir && !strv_has(&redo->dirty, dir))
		strv_take(&redo->dirty, TAKE_PTR(dir));
}

static int carry_out(const char *line, struct redo *redo, struct fail *f)
{
	CLEAN(strv) struct strv words = { 0 };
	const char *a, *b, *c;
	int r;

	strv_split(&words, line, "\t");
	for (size_t i = 0; i < words.n; i++)
		unescape(words.items[i]);
	if (words.n < 2)
		return fail_set(f, -EBADMSG, "the journal has an operation '%s'", line);
	a = words.items[1];
	b = words.n > 2 ? words.items[2] : NULL;
	c = words.n > 3 ? words.items[3] : NULL;
	r = do_op(*words.items[0], a, b, c);
	if (r == -EBADMSG)
		return fail_set(f, r, "the journal has an operation '%s'", line);
	if (r == 0 || took_effect(*words.items[0], a, b, c))
		redo->changed = true;
	if (*words.items[0] != 'I' && *words.items[0] != 'P') {
		add_dirty(redo, *words.items[0] == 'S' ? NULL : a);
		add_dirty(redo, b);
	}
	return r < 0 ? complain(*words.items[0], a, b, r, f) : 0;
}

/* Stops at the first that fails. */
static int carry_out_all(const struct strv *ops, struct redo *redo, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < ops->n && r == 0; i++)
		r = carry_out(ops->items[i], redo, f);
	return r;
}

static int sync_dirty(const struct redo *redo, struct fail *f)
{
	for (size_t i = 0; i < redo->dirty.n; i++) {
		const char *dir = redo->dirty.items[i];
		CLEAN(free) char *in_it = path_join(dir, "any");
		int r = dir_sync_of(in_it);

		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			return fail_errno(f, r, "cannot write '%s' to the disk", dir);
	}
	return 0;
}

int commit_carry_out(const struct strv *lines, bool *ret_changed, struct fail *f)
{
	CLEAN(redo) struct redo redo = { 0 };
	int r = carry_out_all(lines, &redo, f);

	*ret_changed = *ret_changed || redo.changed;
	return r == 0 ? sync_dirty(&redo, f) : r;
}
