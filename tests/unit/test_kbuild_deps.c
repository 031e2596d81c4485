/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/kbuild_deps.h"

static const struct {
	const char *text, *deps;
} cases[] = {
	{ "", "" },
	{ "cmd_/b/x.o := gcc -Wp,-MMD,/b/.x.o.d -I/usr/include -c -o /b/x.o /b/x.c\n"
	  "\n"
	  "source_/b/x.o := /b/x.c\n"
	  "\n"
	  "deps_/b/x.o := \\\n"
	  "    $(wildcard include/config/A) \\\n"
	  "    $(wildcard include/config/B) \\\n"
	  "  /k/include/linux/kconfig.h \\\n"
	  "  ./include/generated/autoconf.h \\\n"
	  "\n"
	  "/b/x.o: $(deps_/b/x.o)\n"
	  "\n"
	  "$(deps_/b/x.o):\n",
	  "/b/x.c /k/include/linux/kconfig.h ./include/generated/autoconf.h" },
	{ "savedcmd_x.o := cc\nsource_x.o := x.c\ndeps_x.o := \\\n  a.h \\\n  b.h\n", "x.c a.h b.h" },
	{ "savedcmd_x.ko := ld -r -o x.ko x.o\n", "" },
	{ "deps_x.o := a.h", "a.h" },
	{ "deps_x.o := a.h \\", "a.h" },
	{ "deps_x.o", "" },
	{ "deps_x.o := $(call f, a b) c.h\n", "c.h" },
};

static void files_that_were_read(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(strv) struct strv deps = { 0 };
		CLEAN(free) char *all = NULL;

		kbuild_deps(cases[i].text, strlen(cases[i].text), &deps);
		all = strv_join(&deps, " ");
		assert_string_equal(all, cases[i].deps);
	}
}

static void cut_anywhere(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t n = 0; n < strlen(cases[i].text); n++) {
			CLEAN(free) char *part = xstrndup(cases[i].text, n);
			CLEAN(strv) struct strv deps = { 0 };

			kbuild_deps(part, n, &deps);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_were_read),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
