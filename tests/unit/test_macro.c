/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "base/mem.h"
#include "core/macro.h"

static const char definitions[] =
	"name=hello, version = 1.0,kmod=mrf,a=$(b)!,b=$(c=see),kind=m,em-rf=dashed,"
	"blank=\"two words, a comma\",single='x, y',escaped=a\\,b,empty=,"
	"loop=$(loup),loup=${loop},self=$(self),$(x)";

static void references(void **state)
{
	static const struct {
		const char *line, *wanted, *undefined;
	} cases[] = {
		{ "", "", "" },
		{ "PACKAGE_NAME=\"$(name)\"", "PACKAGE_NAME=\"hello\"", "" },
		{ "${name}-$(version)", "hello-1.0", "" },
		{ "$(name)$(name)", "hellohello", "" },
		{ "[$(empty)]", "[]", "" },
		/* values of values, names of names */
		{ "$(a)", "see!", "" },
		{ "$(${kind}rf)", "$(mrf)", "$(mrf)" },
		{ "$(e$(kind)-rf)", "dashed", "" },
		/* defaults */
		{ "$(name=other)", "hello", "" },
		{ "$(nobody=other)", "other", "" },
		{ "${nobody=$(version)-x}", "1.0-x", "" },
		{ "$(nobody=)", "", "" },
		{ "$(nobody=a=b)", "a=b", "" },
		{ "$(nobody=\"a, b) c\")", "a, b) c", "" },
		{ "$(empty=full)", "", "" },
		/* what came with quotes or a backslash */
		{ "$(blank)", "two words, a comma", "" },
		{ "$(single)", "x, y", "" },
		{ "$(escaped)", "a,b", "" },
		/* not defined: bash's, or a mistake */
		{ "${kernelver} $(nproc)", "${kernelver} $(nproc)", "${kernelver} $(nproc)" },
		{ "$(nobody=${kernelver})", "${kernelver}", "${kernelver}" },
		/* no macros at all */
		{ "$name $ $$ $", "$name $ $$ $", "" },
		{ "$(uname -r) ${x%y} ${x:-y} ${#x} ${a[0]}",
		  "$(uname -r) ${x%y} ${x:-y} ${#x} ${a[0]}", "" },
		{ "$(ls $(name))", "$(ls hello)", "" },
		{ "$((1 + 1))", "$((1 + 1))", "" },
		{ "$() ${}", "$() ${}", "" },
		{ "$(name", "$(name", "" },
		{ "$(name} $(name)", "$(name} hello", "" },
		/* quotes in the template, as msi has them */
		{ "'$(name)' \"$(name)\"", "'$(name)' \"hello\"", "" },
		{ "it's $(name)", "it's $(name)", "" },
		{ "\"it's $(name)\"", "\"it's hello\"", "" },
		{ "\\$(name) \\\\$(name) \\'$(name)", "\\$(name) \\\\hello \\'hello", "" },
		{ "x\\", "x\\", "" },
	};
	CLEAN(macros) struct macros m = { 0 };

	assert_true(macros_define(&m, definitions, NULL) < 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf) struct buf got = { 0 };
		CLEAN(strv) struct strv undefined = { 0 };
		CLEAN(free) char *list = NULL;

		assert_int_equal(macros_expand(&m, cases[i].line, &got, &undefined, NULL), 0);
		list = strv_join(&undefined, " ");
		if (!str_eq(buf_str(&got), cases[i].wanted) || !str_eq(list, cases[i].undefined))
			fail_msg("'%s' became '%s' (undefined: %s)", cases[i].line, buf_str(&got),
				 list);
	}
}

static void refusals(void **state)
{
	static const struct {
		const char *line;
		int code;
	} cases[] = {
		{ "$(self)", -ELOOP },
		{ "x $(loop)", -ELOOP },
		{ "$(nobody=$(loup))", -ELOOP },
		{ "$(nobody=a,b=c)", -EINVAL },
	};
	CLEAN(macros) struct macros m = { 0 };

	assert_true(macros_define(&m, definitions, NULL) < 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(buf) struct buf got = { 0 };
		CLEAN(strv) struct strv undefined = { 0 };
		CLEAN(fail) struct fail f = { 0 };

		assert_int_equal(macros_expand(&m, cases[i].line, &got, &undefined, &f),
				 cases[i].code);
		assert_non_null(f.text);
	}
}

static void what_grows_without_end(void **state)
{
	CLEAN(macros) struct macros m = { 0 };
	CLEAN(buf) struct buf got = { 0 }, deep = { 0 };
	CLEAN(strv) struct strv undefined = { 0 };

	for (int i = 0; i < 18; i++) {
		CLEAN(free)
		char *s = xasprintf("m%d=\"$(m%d)$(m%d)$(m%d)\"", i, i + 1, i + 1, i + 1);

		assert_int_equal(macros_define(&m, s, NULL), 0);
	}
	assert_int_equal(macros_define(&m, "m18=", NULL), 0);
	assert_int_equal(macros_expand(&m, "$(m0)", &got, &undefined, NULL), -ELOOP);
	for (int i = 0; i < 5000; i++)
		buf_add_str(&deep, "$(");
	assert_int_equal(macros_expand(&m, buf_str(&deep), &got, &undefined, NULL), 0);
}

static void later_definitions_win(void **state)
{
	CLEAN(macros) struct macros m = { 0 };
	CLEAN(buf) struct buf got = { 0 };
	CLEAN(strv) struct strv undefined = { 0 };

	assert_int_equal(macros_define(&m, "x=1,y=2", NULL), 0);
	assert_int_equal(macros_define(&m, "x=3", NULL), 0);
	assert_int_equal(macros_expand(&m, "$(x)$(y)", &got, &undefined, NULL), 0);
	assert_string_equal(buf_str(&got), "32");
}

static void what_defines_nothing(void **state)
{
	static const char *const cases[] = { "x", "=1", "x y=1", "a=1,b", "$(x)=1", "1=2" };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(macros) struct macros m = { 0 };
		CLEAN(fail) struct fail f = { 0 };

		if (macros_define(&m, cases[i], &f) != -EINVAL)
			fail_msg("'%s' was taken", cases[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
		cmocka_unit_test(refusals),
		cmocka_unit_test(what_grows_without_end),
		cmocka_unit_test(later_definitions_win),
		cmocka_unit_test(what_defines_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
