/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

/*
 * Records are files: <pid>[-<name>] an intent, the same with COMMIT behind it a commit, which counts for more: where
 * both are there the intent is not carried out. Both are lines of a commit and "end", so that half a record (which
 * rename should prevent) is none.
 */
enum { RECORD_MAX = 16 << 20 };

#define COMMIT ".commit"
#define LEFT "half" /* the name of a commit that failed in the middle, with a number */

static char *journal_dir(const char *dkms_tree)
{
	return path_join(dkms_tree, ".dkms", "journal");
}

static char *intent_path(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);

	return xasprintf("%s/%d%s%s", dir, (int)getpid(), *name ? "-" : "", name);
}

static char *commit_path(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *intent = intent_path(dkms_tree, name);

	return xasprintf("%s" COMMIT, intent);
}

/* Written, or not there. */
static int write_record(const char *dkms_tree, const char *path, const struct commit *c,
			struct fail *f)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);
	CLEAN(free) char *text = strv_join(&c->ops, "\n");
	CLEAN(buf) struct buf b = { 0 };
	int r = dir_make(dir);

	buf_add_fmt(&b, "%s\nend\n", text);
	if (r == 0) {
		r = file_write(path, buf_str(&b), b.len, 0644);
		if (r < 0)
			unlink(path);
	}
	return r < 0 ? fail_errno(f, r, "cannot write the journal '%s'", path) : 0;
}

/* *ret_changed becomes true when something was done. The record stays. */
static int carry_out(const char *path, bool *ret_changed, struct fail *f)
{
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(strv) struct strv lines = { 0 };
	int r = file_read(AT_FDCWD, path, RECORD_MAX, &b);

	if (r < 0)
		return fail_errno(f, r, "cannot read the journal '%s'", path);
	strv_split(&lines, buf_str(&b), "\n");
	if (lines.n == 0 || !str_eq(lines.items[lines.n - 1], "end"))
		return 0;
	free(lines.items[--lines.n]);
	lines.items[lines.n] = NULL;
	return commit_carry_out(&lines, ret_changed, f);
}

static int drop(const char *path, struct fail *f)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return fail_errno(f, errno, "cannot remove the journal record '%s'", path);
	return 0;
}

/* An intent that counts: carried out and removed. */
static int finish_intent(const char *path, struct fail *f)
{
	bool changed = false;
	int r = carry_out(path, &changed, f);

	return r == 0 ? drop(path, f) : r;
}

/* The intent goes first: alone, it would count. */
static int finish_commit(const char *path, bool *ret_changed, struct fail *f)
{
	CLEAN(free) char *intent = xstrndup(path, strlen(path) - strlen(COMMIT));
	int r = carry_out(path, ret_changed, f);

	if (r == 0)
		r = drop(intent, f);
	return r == 0 ? drop(path, f) : r;
}

/* intents --------------------------------------------------------------------------------------- */

int journal_intend(const char *dkms_tree, const char *name, const struct commit *undo, struct fail *f)
{
	CLEAN(free) char *path = intent_path(dkms_tree, name);

	return write_record(dkms_tree, path, undo, f);
}

void journal_abandon(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *path = intent_path(dkms_tree, name);

	/* what stood in the way may be gone the next time */
	if (path_probe(path) != 0 && finish_intent(path, NULL) < 0)
		finish_intent(path, NULL);
}

void journal_forget(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *path = intent_path(dkms_tree, name);

	if (drop(path, NULL) < 0)
		drop(path, NULL);
}

/* commits --------------------------------------------------------------------------------------- */

/* Under a name that no other record of this process is going to take. */
static void leave(const char *dkms_tree, const char *name)
{
	CLEAN(free) char *path = commit_path(dkms_tree, name), *intent = intent_path(dkms_tree, name);

	if (drop(intent, NULL) < 0)
		return;
	for (int i = 0; i < INT_MAX; i++) {
		CLEAN(free) char *half = xasprintf(LEFT "%d", i);
		CLEAN(free) char *to = commit_path(dkms_tree, half);

		if (path_probe(to) != 0)
			continue;
		rename(path, to);
		return;
	}
}

bool journal_is_left(const char *dkms_tree)
{
	CLEAN(free) char *path = commit_path(dkms_tree, LEFT "0");

	int r = path_probe(path);

	/* what stood in the way may be gone; where that cannot be seen there may be one */
	return (r < 0 ? path_probe(path) : r) != 0;
}

int journal_commit(const char *dkms_tree, const char *name, const struct commit *c, struct fail *f)
{
	CLEAN(free) char *path = commit_path(dkms_tree, name);
	CLEAN(fail) struct fail why = { 0 };
	bool changed = false;
	int r = write_record(dkms_tree, path, c, &why);

	if (r == 0)
		r = finish_commit(path, &changed, &why);
	if (r < 0 && changed) {
		fail_done(&why);
		r = finish_commit(path, &changed, &why);
	}
	if (r == 0)
		return 0;
	if (!changed && drop(path, NULL) == 0) {
		journal_abandon(dkms_tree, name);
	} else {
		leave(dkms_tree, name);
		fail_hint(&why, "the change is half done; the next dkms that changes something goes on with it");
	}
	fail_move(f, &why);
	return r;
}

/* what others left ------------------------------------------------------------------------------ */

bool journal_is_pending(const char *dkms_tree)
{
	CLEAN(free) char *dir = path_join(dkms_tree, ".dkms");

	return path_probe(dir) != 0;
}

bool journal_has_records(const char *dkms_tree)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(dir, &names);

	return names.n > 0 || (r < 0 && r != -ENOENT);
}

static bool is_record(const char *name)
{
	return name[0] >= '0' && name[0] <= '9';
}

static int recover(const char *dir, bool commits, struct fail *f)
{
	CLEAN(strv) struct strv names = { 0 };
	int first = dir_list(dir, &names);

	if (first == -ENOENT)
		return 0;
	if (first < 0)
		return fail_errno(f, first, "cannot read the journal '%s'", dir);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		CLEAN(free) char *commit = xasprintf("%s" COMMIT, path);
		bool changed = false, is_commit = str_has_suffix(path, COMMIT);
		int r = 0;

		if (!is_record(names.items[i]))
			unlink(path); /* a record that was never complete */
		else if (is_commit && commits)
			r = finish_commit(path, &changed, f);
		else if (!is_commit && !commits && path_probe(commit) == 0)
			r = finish_intent(path, f);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int journal_recover(const char *dkms_tree, struct fail *f)
{
	CLEAN(free) char *dir = journal_dir(dkms_tree);
	/* what has happened first: an index may be among what is intended */
	int r = recover(dir, true, f), s = recover(dir, false, f);

	return r < 0 ? r : s;
}
