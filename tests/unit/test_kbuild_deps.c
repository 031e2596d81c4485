/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

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

#define V61(inputs)                                                                                        \
	"cmd_/b/Module.symvers :=  sed 's/ko$$/o/'  /b/modules.order | scripts/mod/modpost -m      -o "    \
	"/b/Module.symvers -e " inputs " -T - \n"
#define V612(inputs)                                                                                       \
	"savedcmd_/b/Module.symvers :=  scripts/mod/modpost -M -m       -o /b/Module.symvers "             \
	"-T /b/modules.order -i Module.symvers -e " inputs "\n"

static const struct {
	const char *text, *symvers;
	int r;
} symvers[] = {
	{ "", "", 0 },
	{ "cmd_/b/modules.order := {   echo /b/q.ko; :; } > /b/modules.order\n", "", 0 },
	{ "savedcmd_q.o := gcc -i x -o q.o q.c # .symvers :\n", "", 0 },
	{ V61("-i Module.symvers"), "Module.symvers", 1 },
	{ V61(""), "", 1 },
	{ V61("-i Module.symvers -i /x/a.symvers -i /b/../b.symvers"), "Module.symvers /x/a.symvers /b/../b.symvers", 1 },
	{ V612(""), "Module.symvers", 1 },
	{ V612("-i /x/a.symvers -i 'b.symvers'"), "Module.symvers /x/a.symvers b.symvers", 1 },
	{ "\n" V612("-i \"/x/a\""), "Module.symvers /x/a", 1 },
	{ "cmd_Module.symvers := modpost -e a -i b", "a b", 1 },
	{ V612("-i \"/x/a b\""), "Module.symvers", -EINVAL },
	{ V612("-i $$HOME/a"), "Module.symvers", -EINVAL },
	{ V61("-i `find /x -name a`"), "", -EINVAL },
	{ V61("-i /x/*.symvers"), "", -EINVAL },
};

static void files_of_symbols(void **state)
{
	for (size_t i = 0; i < COUNT_OF(symvers); i++) {
		CLEAN(strv) struct strv files = { 0 };
		CLEAN(free) char *all = NULL;

		assert_int_equal(kbuild_symvers(symvers[i].text, strlen(symvers[i].text), &files), symvers[i].r);
		all = strv_join(&files, " ");
		assert_string_equal(all, symvers[i].symvers);
	}
}

static void symvers_cut_anywhere(void **state)
{
	for (size_t i = 0; i < COUNT_OF(symvers); i++)
		for (size_t n = 0; n < strlen(symvers[i].text); n++) {
			CLEAN(free) char *part = xstrndup(symvers[i].text, n);
			CLEAN(strv) struct strv files = { 0 };

			kbuild_symvers(part, n, &files);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_were_read),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(files_of_symbols),
		cmocka_unit_test(symvers_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
