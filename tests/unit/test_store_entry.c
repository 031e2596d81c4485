/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/store_entry.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct store_need needs[] = { { "/k/include/a b.h", 0xfedcba9876543210, A }, { "/k/vmlinux", 7, "-" } };
static struct store_file files[] = { { "two words.ko", 123456789012, A }, { "log", 0, B } };

static void sample(struct buf *out)
{
	const struct store_entry e = { needs, COUNT_OF(needs), files, COUNT_OF(files) };

	assert_true(store_entry_format(&e, out));
}

static void there_and_back(void **state)
{
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(store_entry) struct store_entry e = { 0 };

	sample(&text);
	assert_true(store_entry_parse(text.data, text.len, &e));
	assert_int_equal(e.n_needs, 2);
	assert_string_equal(e.needs[0].path, "/k/include/a b.h");
	assert_true(e.needs[0].stamp == 0xfedcba9876543210);
	assert_string_equal(e.needs[0].digest, A);
	assert_string_equal(e.needs[1].digest, "-");
	assert_int_equal(e.n_files, 2);
	assert_string_equal(e.files[0].name, "two words.ko");
	assert_true(e.files[0].size == 123456789012);
	assert_string_equal(e.files[1].digest, B);
}

static void every_damage_is_seen(void **state)
{
	CLEAN(buf) struct buf text = { 0 };

	sample(&text);
	for (size_t i = 0; i < text.len; i++) {
		CLEAN(free) char *cut = xstrndup(text.data, i), *changed = xmemdup(text.data, text.len + 1);
		CLEAN(store_entry) struct store_entry a = { 0 }, b = { 0 };

		changed[i] ^= 1;
		assert_false(store_entry_parse(cut, i, &a));
		assert_false(store_entry_parse(changed, text.len, &b));
	}
}

/* With a right checksum, but not ours. */
static void names_that_lead_out(void **state)
{
	static const char *const names[] = { "../x", "a/b", ".hidden", "..", "" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct store_file bad = { names[i], 1, A };
		const struct store_entry e = { .files = &bad, .n_files = 1 };
		CLEAN(store_entry) struct store_entry got = { 0 };
		CLEAN(buf) struct buf text = { 0 };

		assert_true(store_entry_format(&e, &text));
		assert_false(store_entry_parse(text.data, text.len, &got));
	}
}

static void control_characters_do_not_fit(void **state)
{
	struct store_need need = { "/a\nb", 1, A };
	const struct store_entry e = { .needs = &need, .n_needs = 1 };
	CLEAN(buf) struct buf text = { 0 };

	assert_false(store_entry_format(&e, &text));
}

static void ids(void **state)
{
	struct store_need other[] = { needs[0], needs[1] };
	const struct store_entry a = { .needs = needs, .n_needs = 2 }, b = { .needs = other, .n_needs = 2 };
	char x[SHA256_HEX], y[SHA256_HEX];

	store_entry_id(&a, x);
	other[0].stamp++; /* the digest decides */
	store_entry_id(&b, y);
	assert_string_equal(x, y);
	other[1].stamp++; /* there is only the stamp */
	store_entry_id(&b, y);
	assert_string_not_equal(x, y);
	other[1] = needs[1];
	other[0].digest = B;
	store_entry_id(&b, y);
	assert_string_not_equal(x, y);
}

static void which_confs(void **state)
{
	char text[] = "x", yes[] = "yes", no[] = "";
	char *depends[] = { text };
	const struct {
		struct conf c;
		bool may;
	} rows[] = {
		{ { 0 }, true },
		{ { .make = text }, false },
		{ { .pre_build = text }, false },
		{ { .post_build = text }, false },
		{ { .make = text, .pre_build = text, .post_build = text, .build_store = yes }, true },
		{ { .build_store = no }, false },
		{ { .build_depends = { .items = depends, .n = 1 } }, false },
		{ { .build_depends = { .items = depends, .n = 1 }, .build_store = yes }, false },
		{ { .post_install = text, .pre_install = text, .post_add = text }, true },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(store_may_keep(&rows[i].c), rows[i].may);
}

static void which_environment(void **state)
{
	static const char *const counts[] = { "KCFLAGS=-g", "PATH=/bin", "CC=gcc", "PWDX=1", "TERMINAL=x", "module=a", "X" };
	static const char *const others[] = { "TERM=x", "PWD=/", "_=x", "LC_ALL=C", "SSH_TTY=x", "DPKG_MAINTSCRIPT_NAME=x",
					      "LANG=" };

	for (size_t i = 0; i < COUNT_OF(counts); i++)
		assert_true(store_env_counts(counts[i]));
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(store_env_counts(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(every_damage_is_seen),
		cmocka_unit_test(names_that_lead_out),
		cmocka_unit_test(control_characters_do_not_fit),
		cmocka_unit_test(ids),
		cmocka_unit_test(which_confs),
		cmocka_unit_test(which_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
