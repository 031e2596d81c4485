/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/archive_rules.h"
#include "core/outcome.h"

static const struct archive_limits roomy = { .size = 1 << 20, .members = 1000 };

#define F MEMBER_FILE
#define D MEMBER_DIR
#define S MEMBER_SYMLINK
#define H MEMBER_HARDLINK
#define O MEMBER_OTHER

/* Archives of up to four members: what the last is taken as, or NULL where it is refused. */
static const struct {
	struct member members[4];
	const char *path;
} rows[] = {
	{ { { "a", F } }, "a" },
	{ { { "./a", F } }, "a" },
	{ { { ".//a/./b//", D } }, "a/b" },
	{ { { "./", D } }, "" },
	{ { { ".", F } }, NULL },
	{ { { "", F } }, NULL },
	{ { { NULL, F } }, NULL },
	/* names that lead out */
	{ { { "/a", F } }, NULL },
	{ { { "//a", D } }, NULL },
	{ { { "..", D } }, NULL },
	{ { { "../a", F } }, NULL },
	{ { { "a/../b", F } }, NULL },
	{ { { "a/..", D } }, NULL },
	{ { { "./../a", F } }, NULL },
	{ { { "..a", F } }, "..a" },
	{ { { "a..", F } }, "a.." },
	{ { { "...", F } }, "..." },
	/* kinds */
	{ { { "a", O } }, NULL },
	{ { { "a", S, "/etc/passwd" } }, "a" },
	{ { { "a", S, "../../etc" } }, "a" },
	{ { { "a", S, "" } }, NULL },
	{ { { "a", S, NULL } }, NULL },
	/* writing through something */
	{ { { "a", S, "/etc" }, { "a/b", F } }, NULL },
	{ { { "a", S, "/etc" }, { "./a//b", F } }, NULL },
	{ { { "a", S, "b" }, { "b", D }, { "a/c", F } }, NULL },
	{ { { "a", S, "/etc" }, { "a/", D } }, NULL },
	{ { { "a", S, "/etc/passwd" }, { "a", F } }, NULL },
	{ { { "a", S, "b" }, { "a", S, "c" } }, "a" },
	{ { { "a", F }, { "a/b", F } }, NULL },
	{ { { "a", F }, { "a", D } }, NULL },
	{ { { "a", F }, { "a", F } }, "a" },
	{ { { "a", D }, { "a", D } }, "a" },
	{ { { "a/b", F }, { "a", S, "/etc" } }, NULL },
	{ { { "a/b", F }, { "a", D } }, "a" },
	{ { { "a/b", F }, { "a", F } }, NULL },
	{ { { "a/b/c", F }, { "a/b", S, "/" } }, NULL },
	/* hard links */
	{ { { "a", F }, { "b", H, "a" } }, "b" },
	{ { { "./a", F }, { "b", H, "a" } }, "b" },
	{ { { "a", F }, { "b", H, "a" }, { "c", H, "b" } }, "c" },
	{ { { "a", H, "a" } }, NULL },
	{ { { "a", H, "b" } }, NULL },
	{ { { "a", H, "/etc/passwd" } }, NULL },
	{ { { "a", H, "../a" } }, NULL },
	{ { { "a", H, NULL } }, NULL },
	{ { { "a", S, "/etc/passwd" }, { "b", H, "a" } }, NULL },
	{ { { "a", D }, { "b", H, "a" } }, NULL },
	{ { { "a", F }, { "a/b", H, "a" } }, NULL },
};

static int take(struct archive_rules *a, const struct member *m, struct buf *path, struct fail *f)
{
	CLEAN(free) char *p = NULL, *t = NULL;
	int r = archive_rules_take(a, m, &p, &t, f);

	buf_reset(path);
	if (r < 0) {
		assert_int_equal(r, -E_NOT_AN_ARCHIVE);
		assert_non_null(f->text);
	} else {
		assert_non_null(p);
		assert_true((t != NULL) == (m->kind == MEMBER_HARDLINK));
		buf_add_str(path, p);
	}
	return r;
}

static void table(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(archive_rules) struct archive_rules a = { 0 };
		CLEAN(fail) struct fail f = { 0 };
		CLEAN(buf) struct buf path = { 0 };
		int r = 0;

		archive_rules_init(&a, &roomy, i);
		for (size_t k = 0; k < 4 && (k == 0 || rows[i].members[k].name); k++) {
			if (r < 0)
				fail_msg("row %zu: refused too early: %s", i, f.text);
			r = take(&a, &rows[i].members[k], &path, &f);
		}
		if (r == 0 && !rows[i].path)
			fail_msg("row %zu: taken as '%s'", i, buf_str(&path));
		if (r < 0 && rows[i].path)
			fail_msg("row %zu: refused: %s", i, f.text);
		if (r == 0)
			assert_string_equal(buf_str(&path), rows[i].path);
	}
}

static int take_one(struct archive_rules *a, const char *name, enum member_kind kind, uint64_t size)
{
	CLEAN(fail) struct fail f = { 0 };
	CLEAN(buf) struct buf path = { 0 };
	const struct member m = { .name = name, .kind = kind, .target = "big", .size = size };

	return take(a, &m, &path, &f);
}

static void sizes(void **state)
{
	CLEAN(archive_rules) struct archive_rules a = { 0 };

	archive_rules_init(&a, &roomy, 1);
	assert_int_equal(take_one(&a, "big", MEMBER_FILE, 400 << 10), 0);
	assert_true(take_one(&a, "x", MEMBER_FILE, UINT64_MAX) < 0);
	assert_true(take_one(&a, "x", MEMBER_FILE, (624 << 10) + 1) < 0);
	/* a hard link counts as a copy: two fit, three do not */
	assert_int_equal(take_one(&a, "b", MEMBER_HARDLINK, 0), 0);
	assert_true(take_one(&a, "c", MEMBER_HARDLINK, 0) < 0);
	assert_int_equal(take_one(&a, "d", MEMBER_FILE, 224 << 10), 0);
	assert_int_equal(take_one(&a, "e", MEMBER_FILE, 0), 0);
	assert_true(take_one(&a, "f", MEMBER_FILE, 1) < 0);
}

static void counts(void **state)
{
	CLEAN(archive_rules) struct archive_rules a = { 0 }, b = { 0 };

	archive_rules_init(&a, &(struct archive_limits){ 10, 3 }, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(take_one(&a, "same", MEMBER_DIR, 0), 0);
	assert_true(take_one(&a, "same", MEMBER_DIR, 0) < 0);
	/* directories that are only implied count */
	archive_rules_init(&b, &(struct archive_limits){ 10, 3 }, 1);
	assert_true(take_one(&b, "a/b/c/d", MEMBER_FILE, 0) < 0);
}

static void long_names(void **state)
{
	CLEAN(archive_rules) struct archive_rules a = { 0 };
	CLEAN(buf) struct buf b = { 0 };

	archive_rules_init(&a, &roomy, 1);
	for (int i = 0; i < ARCHIVE_COMPONENT_MAX; i++)
		buf_add_char(&b, 'x');
	assert_int_equal(take_one(&a, buf_str(&b), MEMBER_FILE, 0), 0);
	buf_add_char(&b, 'x');
	assert_true(take_one(&a, buf_str(&b), MEMBER_FILE, 0) < 0);
	buf_reset(&b);
	for (int i = 0; i < ARCHIVE_DEPTH_MAX; i++)
		buf_add_str(&b, i ? "/d" : "d");
	assert_int_equal(take_one(&a, buf_str(&b), MEMBER_DIR, 0), 0);
	buf_add_str(&b, "/d");
	assert_true(take_one(&a, buf_str(&b), MEMBER_DIR, 0) < 0);
	buf_reset(&b);
	while (b.len <= ARCHIVE_NAME_MAX)
		buf_add_str(&b, "./");
	assert_true(take_one(&a, buf_str(&b), MEMBER_DIR, 0) < 0);
}

/* Many names: none is forgotten when the table grows, and all of them together are limited. */
static void many(void **state)
{
	CLEAN(archive_rules) struct archive_rules a = { 0 }, b = { 0 };
	char name[1001];
	int r = 0;

	archive_rules_init(&a, &(struct archive_limits){ 1, 100000 }, 7);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		assert_int_equal(take_one(&a, name, MEMBER_SYMLINK, 0), 0);
	}
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "l%d/x", i);
		assert_true(take_one(&a, name, MEMBER_FILE, 0) < 0);
	}
	archive_rules_init(&b, &(struct archive_limits){ 1, 1 << 30 }, 7);
	for (int i = 0; r == 0 && i < 100000; i++) {
		snprintf(name, sizeof(name), "%0250d/%0250d/%0250d", i, i, i);
		r = take_one(&b, name, MEMBER_DIR, 0);
	}
	assert_true(r < 0);
	assert_true(b.names <= ARCHIVE_NAMES_MAX + 1000);
}

static void shown(void **state)
{
	CLEAN(free) char *s = archive_shown("a\033[31m\n\xc2\x9b~");

	assert_string_equal(s, "a?[31m???~");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),  cmocka_unit_test(sizes), cmocka_unit_test(counts),
		cmocka_unit_test(long_names), cmocka_unit_test(many), cmocka_unit_test(shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
