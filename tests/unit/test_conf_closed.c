/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/conf_closed.h"

/* used NULL: not closed */
static const struct {
	const char *text, *used;
} cases[] = {
	{ "", "" },
	{ "A=1\nB[0]=\"$kernelver\" # $comment `x`\nC+=(a \"b c\" $arch)\n", "kernelver arch" },
	{ "MAKE='make K=${kernel_source_dir} A=$arch'", "kernel_source_dir arch" },
	{ "if [ \"$kernelver\" = x ]; then A=1; elif [[ $arch == x86* && -n ${B:-} ]]; then A=2; else A=3; fi",
	  "kernelver arch B" },
	{ "case $kernelver in\n  5.*|6.*) A=1 ;;\n  (*) case $arch in x) B=1;; esac ;;\nesac\nC=1", "kernelver arch" },
	{ "[[ $kernelver =~ ^6\\.(1|2)\\. ]] && A=1 || A=2", "kernelver" },
	{ "A=1; export A; true && : ; ! false\nexit 0", "" },
	{ "while [ $i -lt 3 ]; do A[$i]=x; i=${#A[@]}; done", "i A" },
	{ "A='it''s' B=\"say \\\"$arch\\\"\"", "arch" },
	{ "A=${B/x/y} C=${D%%-*}", "B D" },
	{ "A=a*b # a value is no pattern", "" },
	/* the outside */
	{ "A=$(uname -r)", NULL },
	{ "A=`uname -r`", NULL },
	{ "MAKE='make -j$(nproc)'", NULL },
	{ "MAKE='make `x`'", NULL },
	{ "A=$((1+1))", NULL },
	{ "A=${!B}", NULL },
	{ "A=$RANDOM", NULL },
	{ "A=$UID", NULL },
	{ "A=${BASH_VERSION}", NULL },
	{ "A=$$", NULL },
	{ "if [ -f /x ]; then A=1; fi", NULL },
	{ "[[ -d $kernel_source_dir ]] && A=1", NULL },
	{ "test -e /x && A=1", NULL },
	{ "[[ a -nt b ]] && A=1", NULL },
	{ "if grep -q x /y; then A=1; fi", NULL },
	{ "source /x", NULL },
	{ ". /x", NULL },
	{ "/bin/true && A=1", NULL },
	{ "A=1 uname", NULL },
	{ "read A </x", NULL },
	{ "A=1 >/x", NULL },
	{ "f() { A=1; }", NULL },
	{ "for f in *; do A=1; done", NULL },
	{ "A=(*.ko)", NULL },
	{ "A=(x <(y))", NULL },
	{ "eval A=1", NULL },
	{ "(A=1)", NULL },
	{ "true | A=1", NULL },
	{ "A=1 & B=2", NULL },
	{ "echo * && A=1", NULL },
	{ "case x in x) uname ;; esac", NULL },
	{ "case x in x) A=1 ;; esac; uname", NULL },
	{ "if uname; then A=1; fi", NULL },
	{ "A=1\nuname\n", NULL },
	{ "[[ B -eq 1 ]] && A=1", NULL },
	{ "A[i]=1", NULL },
	{ "A=${B[i]}", NULL },
	{ "A=${B:i}", NULL },
	{ "A=${B@P}", NULL },
	{ "A=~/x", NULL },
	{ "A='open", NULL },
	{ "A=\"open", NULL },
	{ "A=(open", NULL },
};

static void what_depends_on_variables_only(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(strv) struct strv used = { 0 };
		CLEAN(free) char *names = NULL;
		bool is_closed = conf_is_closed(cases[i].text, strlen(cases[i].text), &used);

		names = strv_join(&used, " ");
		if (is_closed != !!cases[i].used)
			fail_msg("%s: %s", is_closed ? "closed" : "not closed", cases[i].text);
		if (is_closed && !str_eq(names, cases[i].used))
			fail_msg("used '%s', not '%s': %s", names, cases[i].used, cases[i].text);
	}
}

/* Any part of any of them is judged too, without reading past its end. */
static void cut_anywhere(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t n = 0; n < strlen(cases[i].text); n++) {
			CLEAN(free) char *part = xmemdup(cases[i].text, n ? n : 1);
			CLEAN(strv) struct strv used = { 0 };

			conf_is_closed(part, n, &used);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_depends_on_variables_only),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
