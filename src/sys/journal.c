/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/journal.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/depmod.h"

/*
 * A record is text: a line for each operation, a letter and its arguments, each behind a tab, with
 * '\\', tab and newline escaped; the last line is "end", so that half a record (which rename should
 * prevent) is none.
 */
enum { RECORD_MAX = 16 << 20 };

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

static void add_op(struct commit *c, char letter, const char *a, const char *b)
{
	struct buf line = { 0 };

	buf_add_char(&line, letter);
	add_argument(&line, a);
	if (b)
		add_argument(&line, b);
	strv_take(&c->ops, buf_take(&line));
}

void commit_rename(struct commit *c, const char *src, const char *dst)
{
	add_op(c, 'R', src, dst);
}

void commit_unlink(struct commit *c, const char *path)
{
	add_op(c, 'U', path, NULL);
}

void commit_symlink(struct commit *c, const char *target, const char *path)
{
	add_op(c, 'S', target, path);
}

void commit_remove_tree(struct commit *c, const char *path)
{
	add_op(c, 'D', path, NULL);
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
	int r;

	if (!path_lexists(src))
		return 0;
	r = dir_make(dir);
	if (r == 0 && rename(src, dst) < 0)
		r = -errno;
	return r == 0 ? dir_sync_of(dst) : r;
}

static int do_unlink(const char *path)
{
	int r;

	if (unlink(path) == 0)
		return 0;
	/* a read-only file system says so of what is not there, too */
	r = -errno;
	return path_lexists(path) ? r : 0;
}

static int do_symlink(const char *target, const char *path)
{
	CLEAN(free) char *now = NULL, *dir = path_dir(path);
	int r;

	if (link_read(AT_FDCWD, path, &now) == 0 && str_eq(now, target))
		return 0;
	r = dir_make(dir);
	if (r == 0)
		r = link_set(target, path);
	return r == 0 ? dir_sync_of(path) : r;
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
		if (!path_lexists(path))
			r = 0;
		else if (r == -EXDEV)
			r = tree_remove(path);
	}
	return r < 0 ? r : tree_remove(gone);
}

/* A depmod that fails would fail again next time: it is not kept for that. */
static int do_index(const char *install_tree, const char *kernel)
{
	depmod_run(install_tree, kernel, NULL, NULL);
	return 0;
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
		path = xstrdup(c->ops.items[i] + 2);
		unescape(path);
		strv_take(ret_paths, path);
	}
}

static int carry_out(const char *line)
{
	CLEAN(strv) struct strv words = { 0 };
	const char *a, *b;

	strv_split(&words, line, "\t");
	for (size_t i = 0; i < words.n; i++)
		unescape(words.items[i]);
	if (words.n < 2)
		return -EBADMSG;
	a = words.items[1];
	b = words.n > 2 ? words.items[2] : NULL;
	switch (*words.items[0]) {
	case 'R':
		return b ? do_rename(a, b) : -EBADMSG;
	case 'U':
		return do_unlink(a);
	case 'S':
		return b ? do_symlink(a, b) : -EBADMSG;
	case 'D':
		return do_remove_tree(a);
	case 'P':
		return b ? dir_prune(a, b) : -EBADMSG;
	case 'I':
		return b ? do_index(a, b) : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

/* Stops at the first that fails; *ret_done says how many were carried out. */
static int carry_out_all(const struct strv *ops, size_t *ret_done, struct fail *f)
{
	for (*ret_done = 0; *ret_done < ops->n; (*ret_done)++) {
		const char *op = ops->items[*ret_done];
		int r = carry_out(op);

		if (r < 0)
			return fail_errno(f, r, "cannot carry out '%s'", op);
	}
	return 0;
}

/* records --------------------------------------------------------------------------------------- */

static char *journal_dir(const char *dkms_tree)
{
	return path_join(dkms_tree, ".dkms", "journal");
}

static char *record_path(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);

	return xasprintf("%s/%d%s%s", dir, (int)getpid(), *name ? "-" : "", name);
}

static int write_record(const char *dkms_tree, const char *path, const struct commit *c,
			struct fail *f)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);
	CLEAN(free) char *text = strv_join(&c->ops, "\n");
	CLEAN(buf) struct buf b = { 0 };
	int r = dir_make(dir);

	buf_add_fmt(&b, "%s\nend\n", text);
	if (r == 0)
		r = file_write(path, buf_str(&b), b.len, 0644);
	return r < 0 ? fail_errno(f, r, "cannot write the journal '%s'", path) : 0;
}

int journal_intend(const char *dkms_tree, const char *name, const struct commit *undo, struct fail *f)
{
	CLEAN(free) char *path = record_path(dkms_tree, name);

	return write_record(dkms_tree, path, undo, f);
}

int journal_commit(const char *dkms_tree, const char *name, const struct commit *c, struct fail *f)
{
	CLEAN(free) char *path = record_path(dkms_tree, name);
	size_t done;
	int r = write_record(dkms_tree, path, c, f);

	if (r < 0)
		return r;
	r = carry_out_all(&c->ops, &done, f);
	/* where nothing was changed there is nothing to finish either */
	if (r < 0 && done > 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT && r == 0)
		r = fail_errno(f, errno, "cannot remove the journal record '%s'", path);
	return r;
}

static int recover_one(const char *path, struct fail *f);

void journal_abandon(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *path = record_path(dkms_tree, name);

	recover_one(path, NULL);
}

void journal_forget(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *path = record_path(dkms_tree, name);

	unlink(path);
}

static bool is_record(const char *name)
{
	return name[0] >= '0' && name[0] <= '9';
}

bool journal_is_pending(const char *dkms_tree)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);
	CLEAN(dir) DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			return true;
	return false;
}

static int recover_one(const char *path, struct fail *f)
{
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(strv) struct strv lines = { 0 };
	size_t done;
	int r = file_read(AT_FDCWD, path, RECORD_MAX, &b);

	if (r < 0)
		return fail_errno(f, r, "cannot read the journal '%s'", path);
	strv_split(&lines, buf_str(&b), "\n");
	if (lines.n > 0 && str_eq(lines.items[lines.n - 1], "end")) {
		free(lines.items[--lines.n]);
		lines.items[lines.n] = NULL;
		r = carry_out_all(&lines, &done, f);
	}
	if (r == 0 && unlink(path) < 0)
		r = fail_errno(f, errno, "cannot remove the journal record '%s'", path);
	return r;
}

int journal_recover(const char *dkms_tree, struct fail *f)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);
	CLEAN(strv) struct strv names = { 0 };
	int first = 0;

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		int r;

		if (!is_record(names.items[i])) {
			unlink(path); /* a record that was never complete */
			continue;
		}
		r = recover_one(path, f);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}
