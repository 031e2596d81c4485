/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#include "sys/commit.h"
#include "temp_dir.h"

/* A name with everything that the lines of a journal use for themselves. */
#define ODD "a\tb\nc\\d"

/*
 * One operation on a tree: paths are below a directory, "name" is a file with its name in it, "name/" a directory,
 * "name>target" a link. What a crash interrupted is done again from the beginning: so every case is carried out
 * twice, with the same result.
 */
static const struct op_case {
	const char *what;
	const char *before;
	char op;
	const char *a, *b;
	const char *after;
	int code;
	bool unchanged;
} cases[] = {
	{ "rename", "a", 'R', "a", "b", "b=a" },
	{ "rename over another", "a b", 'R', "a", "b", "b=a" },
	{ "rename to a directory that is not there yet", "a", 'R', "a", "x/y/b", "x/ x/y/ x/y/b=a" },
	{ "rename of an odd name", ODD, 'R', ODD, "b" ODD, "b" ODD "=" ODD },
	{ "a file is where a directory is needed", "a b", 'R', "a", "b/c", "a b", -ENOTDIR, true },
	{ "another directory in one's place", "a/ a/new b/ b/old", 'X', "a", "b", "b/ b/new=a/new" },
	{ "nothing is in its place", "a/ a/new", 'X', "a", "b", "b/ b/new=a/new" },
	{ "unlink", "a b", 'U', "a", NULL, "b" },
	{ "unlink of what is there now", "a b", 'u', "a", NULL, "b" },
	{ "unlink of a directory", "a/ b", 'U', "a", NULL, "a/ b", -EISDIR, true },
	{ "a link", "", 'S', "to " ODD, "x/l", "x/ x/l>to " ODD },
	{ "another link", "l>old", 'S', "new", "l", "l>new" },
	{ "a link over a file", "l", 'S', "new", "l", "l>new" },
	{ "a link over a directory", "l/ l/x", 'S', "new", "l", "l/ l/x", -EISDIR, true },
	{ "a tree goes", "a/ a/b/ a/b/c a/l>b", 'D', "a", NULL, "" },
	{ "also what was left of one", ".a.dkms-gone/ .a.dkms-gone/x b", 'D', "a", NULL, "b" },
	{ "and takes its place there", "a/ a/x .a.dkms-gone/ .a.dkms-gone/y", 'D', "a", NULL, "" },
	{ "a directory", "", 'M', "a/b", "c", "a/ a/b/" },
	{ "a directory unless something is there", "c", 'M', "a/b", "c", "c" },
	{ "a directory is not to be had", "a", 'M', "a/b", "c", "a", -ENOTDIR, true },
	{ "put back", "aside/ aside/x", 'B', "aside", "dir", "dir/ dir/x=aside/x" },
	{ "put back, but the new one is there", "aside/ aside/x dir/ dir/y", 'B', "aside", "dir", "dir/ dir/y" },
	{ "put back where nothing can be", "aside/ b", 'B', "aside", "b/c", "aside/ b", -ENOTDIR, true },
	{ "what is empty goes", "a/ a/b/ a/b/c/", 'P', "a/b/c", "a", "a/" },
	{ "what is not stays", "a/ a/b/ a/b/c/ a/b/x", 'P', "a/b/c", "a", "a/ a/b/ a/b/x" },
};

/* Names of the tables are separated by blanks; a blank in one stands behind '>'. */
static void make(const struct temp_dir *d, const char *names)
{
	CLEAN(strv) struct strv words = { 0 };

	strv_split(&words, names, " ");
	for (size_t i = 0; i < words.n; i++) {
		const char *word = words.items[i], *target = strchr(word, '>');
		CLEAN(free) char *name = xstrndup(word, strcspn(word, ">"));
		CLEAN(free) char *path = temp_dir_at(d, name);

		if (target)
			assert_int_equal(symlink(target + 1, path), 0);
		else if (str_has_suffix(word, "/"))
			assert_int_equal(dir_make(path), 0);
		else
			temp_dir_put(d, word, word, 0600);
	}
}

static void show(const struct temp_dir *d, const char *dir, struct buf *out)
{
	CLEAN(free) char *path = temp_dir_at(d, dir);
	CLEAN(strv) struct strv names = { 0 };

	assert_int_equal(dir_list(path, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *name = *dir ? path_join(dir, names.items[i]) : xstrdup(names.items[i]);
		CLEAN(free) char *at = temp_dir_at(d, name), *target = NULL, *text = NULL;

		buf_add_fmt(out, "%s%s", out->len ? " " : "", name);
		if (link_read(AT_FDCWD, at, &target) == 0) {
			buf_add_fmt(out, ">%s", target);
		} else if (path_is_dir(at)) {
			buf_add_char(out, '/');
			show(d, name, out);
		} else {
			text = temp_dir_get(d, name);
			if (!str_eq(text, name))
				buf_add_fmt(out, "=%s", text);
		}
	}
}

static void record(const struct temp_dir *d, const struct op_case *x, struct commit *c)
{
	CLEAN(free) char *a = temp_dir_at(d, x->a), *b = x->b ? temp_dir_at(d, x->b) : NULL;

	switch (x->op) {
	case 'R':
		return commit_rename(c, a, b);
	case 'X':
		return commit_replace_dir(c, a, b);
	case 'U':
		return commit_unlink(c, a);
	case 'u':
		return commit_unlink_this(c, a);
	case 'S':
		return commit_symlink(c, x->a, b);
	case 'D':
		return commit_remove_tree(c, a);
	case 'M':
		return commit_make_dir(c, a, b);
	case 'B':
		return commit_put_back(c, a, b);
	default:
		return commit_prune(c, a, b);
	}
}

static void check_state(const struct temp_dir *d, const struct op_case *x, const char *when)
{
	CLEAN(buf) struct buf got = { 0 };

	show(d, "", &got);
	if (!str_eq(buf_str(&got), x->after))
		fail_msg("%s, %s: %s", x->what, when, buf_str(&got));
}

static void operations(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct op_case *x = &cases[i];
		CLEAN(temp_dir) struct temp_dir d = { 0 };
		CLEAN(commit) struct commit c = { 0 };
		CLEAN(fail) struct fail f = { 0 };
		bool changed = false;
		int r;

		temp_dir_make(&d);
		make(&d, x->before);
		record(&d, x, &c);
		r = commit_carry_out(&c.ops, &changed, &f);
		if (r != x->code || changed == x->unchanged)
			fail_msg("%s: %d %s, changed: %d", x->what, r, f.text ? f.text : "", changed);
		check_state(&d, x, "once");
		assert_int_equal(commit_carry_out(&c.ops, &changed, &f), x->code);
		check_state(&d, x, "twice");
		if (r < 0)
			assert_non_null(strstr(f.text, d.path));
	}
}

/* Killed between the exchange of two directories and the removal of the old one: the new one stays. */
static void replaced_already(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(commit) struct commit c = { 0 };
	CLEAN(buf) struct buf got = { 0 };
	CLEAN(free) char *a = NULL, *b = NULL;
	bool changed = false;

	temp_dir_make(&d);
	make(&d, "a/ a/new b/ b/old");
	a = temp_dir_at(&d, "a");
	b = temp_dir_at(&d, "b");
	commit_replace_dir(&c, a, b);
	assert_int_equal(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), 0);
	assert_int_equal(commit_carry_out(&c.ops, &changed, NULL), 0);
	show(&d, "", &got);
	assert_string_equal(buf_str(&got), "b/ b/new=a/new");
}

/* The power went then. What the record says of the new one is true on the next day, too: a device may have another
 * number after a reboot, an inode has not. */
static void replaced_before_a_reboot(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(commit) struct commit recorded = { 0 };
	CLEAN(strv) struct strv lines = { 0 };
	CLEAN(buf) struct buf got = { 0 };
	CLEAN(free) char *a = NULL, *b = NULL;
	bool changed = false;
	struct stat st;

	temp_dir_make(&d);
	make(&d, "a/ a/half-removed b/ b/new");
	a = temp_dir_at(&d, "a");
	b = temp_dir_at(&d, "b");
	assert_int_equal(stat(b, &st), 0);
	strv_add_fmt(&lines, "X\t%s\t%s\t%ju", a, b, (uintmax_t)st.st_ino);
	commit_replace_dir(&recorded, b, a);
	assert_string_equal(strrchr(recorded.ops.items[0], '\t'), strrchr(lines.items[0], '\t'));
	assert_int_equal(commit_carry_out(&lines, &changed, NULL), 0);
	show(&d, "", &got);
	assert_string_equal(buf_str(&got), "b/ b/new");
}

/* A file that somebody else wrote, or that lost its end. */
static void no_operations(void **state)
{
	static const char *const lines[] = { "", "R", "R\ta", "X\ta", "S\ta", "B\ta", "P\ta", "I\ta", "Z\ta\tb" };

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		CLEAN(strv) struct strv ops = { 0 };
		CLEAN(fail) struct fail f = { 0 };
		bool changed = false;

		strv_add(&ops, lines[i]);
		if (commit_carry_out(&ops, &changed, &f) != -EBADMSG || changed)
			fail_msg("'%s' was taken", lines[i]);
	}
}

/* Cut short, and then somebody else put a file there: of all that a commit removes by its place, that one stays. */
static void unlink_of_this_one(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(commit) struct commit c = { 0 };
	CLEAN(strv) struct strv paths = { 0 };
	CLEAN(buf) struct buf got = { 0 };
	static const char *const names[] = { "same", "longer", "newer", "link", "gone", ODD };
	bool changed = false;

	temp_dir_make(&d);
	make(&d, "same longer newer link>a gone " ODD);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CLEAN(free) char *path = temp_dir_at(&d, names[i]);
		const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

		assert_int_equal(utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW), 0);
		commit_unlink_this(&c, path);
		if (str_eq(names[i], "longer")) {
			temp_dir_put(&d, "longer", "longer+", 0600);
			assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
		} else if (str_eq(names[i], "newer")) {
			temp_dir_put(&d, "newer", "newer", 0600);
		} else if (str_eq(names[i], "gone")) {
			assert_int_equal(unlink(path), 0);
		}
	}
	commit_list_unlinks(&c, &paths);
	assert_int_equal(paths.n, COUNT_OF(names));
	assert_true(str_has_suffix(paths.items[5], "/" ODD));
	assert_int_equal(commit_carry_out(&c.ops, &changed, NULL), 0);
	show(&d, "", &got);
	assert_string_equal(buf_str(&got), "longer=longer+ newer");
}

/* The first that fails ends it: what comes behind may rest on it. */
static void in_order(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(commit) struct commit c = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	CLEAN(strv) struct strv paths = { 0 };
	CLEAN(free) char *a = NULL, *odd = NULL, *dir = NULL;
	bool changed = false;

	temp_dir_make(&d);
	make(&d, "a dir/ " ODD);
	a = temp_dir_at(&d, "a");
	odd = temp_dir_at(&d, ODD);
	dir = temp_dir_at(&d, "dir");
	commit_unlink(&c, a);
	commit_unlink(&c, dir);
	commit_unlink(&c, odd);
	commit_list_unlinks(&c, &paths);
	assert_int_equal(paths.n, 3);
	assert_string_equal(paths.items[2], odd);
	assert_int_equal(commit_carry_out(&c.ops, &changed, &f), -EISDIR);
	assert_true(changed);
	assert_false(path_exists(a));
	assert_true(path_exists(odd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations),
		cmocka_unit_test(replaced_already),
		cmocka_unit_test(replaced_before_a_reboot),
		cmocka_unit_test(unlink_of_this_one),
		cmocka_unit_test(no_operations),
		cmocka_unit_test(in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
