/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/launcher.h"

#include "base/mem.h"
#include "unit.h"

static void settings(void **state)
{
	static const struct {
		const char *setting, *cc, *want, *variable;
	} rows[] = {
		{ NULL, "gcc", NULL, NULL },
		{ "", "gcc", NULL, NULL },
		{ " \t", "gcc", NULL, NULL },
		{ "ccache", "gcc-12", "ccache gcc-12", "CCACHE_DIR" },
		{ " /opt/x/ccache  --flag ", "gcc", "/opt/x/ccache --flag gcc", "CCACHE_DIR" },
		{ "sccache", "clang", "sccache clang", "SCCACHE_DIR" },
		{ "distcc", "gcc", "distcc gcc", "DISTCC_DIR" },
		{ "icecc", "gcc", "icecc gcc", NULL },
		/* the kernel's own makefiles have it already */
		{ "ccache", "ccache gcc-12", NULL, "CCACHE_DIR" },
		{ "ccache", "/usr/bin/ccache gcc-12", NULL, "CCACHE_DIR" },
		{ "distcc", "ccache gcc-12", "distcc ccache gcc-12", "DISTCC_DIR" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(launcher) struct launcher l = { 0 };
		bool is_one = launcher_parse(rows[i].setting, &l);
		CLEAN(free) char *cc = is_one ? launcher_cc(&l, rows[i].cc) : NULL;

		if (!str_eq(cc, rows[i].want) || !str_eq(l.dir_variable, rows[i].variable))
			fail_msg("%s: %s", rows[i].setting, cc);
	}
}

static void which_lines(void **state)
{
	static const struct {
		char *make;
		bool want;
	} rows[] = {
		{ NULL, true },
		{ "make all", true },
		{ "make -C /k M=/b HOSTCC=gcc KERNEL_CC=x", true },
		{ "make CC=gcc-11", false },
		{ "CC=gcc-11 make", false },
		{ "make 'CC=gcc 11'", false },
		{ "make \"CC=gcc\"", false },
		{ "make CC:=gcc", false },
		{ "make HOSTCC=gcc CC=gcc", false },
		{ "make CROSS_COMPILE=aarch64-linux-gnu-", false },
		{ "(make LLVM=1)", false },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (launcher_fits(&(struct conf){ .make = rows[i].make }) != rows[i].want)
			fail_msg("%s", rows[i].make);
}

static void flags_of_make(void **state)
{
	static const struct {
		const char *flags, *cc, *want;
	} rows[] = {
		{ "", "ccache gcc-12", " -- CC=ccache\\ gcc-12" },
		{ " -j2 --jobserver-auth=100,100", "x", " -j2 --jobserver-auth=100,100 -- CC=x" },
		{ "", "/a\\b/$x gcc", " -- CC=/a\\\\b/$$x\\ gcc" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(free) char *got = launcher_makeflags(rows[i].flags, rows[i].cc);

		assert_string_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings),
		cmocka_unit_test(which_lines),
		cmocka_unit_test(flags_of_make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
