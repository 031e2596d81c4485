/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs, their order and their names. tests/bats/plan.bats has them run. */
#include "unit.h"

#include "base/mem.h"
#include "core/fleet.h"
#include "core/outcome.h"

/* Each word of text is a job, "module" or "module:on,on" (BUILD_DEPENDS), or "module!" (excluded). */
static void add_jobs(struct fleet *fl, const char *text)
{
	CLEAN(strv) struct strv words = { 0 };

	strv_split(&words, text, " ");
	for (size_t i = 0; i < words.n; i++) {
		const char *word = words.items[i];
		CLEAN(free) char *name = xstrndup(word, strcspn(word, ":!"));
		const char *rest = word + strlen(name);
		struct fleet_job *j = fleet_add(fl, name, "1", "6.1", "x86_64");

		j->source = xasprintf("/usr/src/%s-1", name);
		if (*rest == '!')
			j->excluded = xstrdup("no");
		else if (*rest)
			strv_split(&j->depends, rest + 1, ",");
	}
	fl->source_tree = xstrdup("/usr/src");
}

/* "a b(0) c(0,1)@2 | d: why": the jobs with what they need and their level; what is left out */
static char *show(const struct fleet *fl)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < fl->n; i++) {
		const struct fleet_job *j = &fl->jobs[i];

		buf_add_fmt(&b, "%s%s", i ? " " : "", i == fl->n_jobs ? "| " : "");
		buf_add_str(&b, j->module);
		for (size_t k = 0; k < j->n_needs; k++)
			buf_add_fmt(&b, "%s%zu%s", k ? "," : "(", j->needs[k], k + 1 == j->n_needs ? ")" : "");
		if (j->level)
			buf_add_fmt(&b, "@%zu", j->level);
		if (j->excluded)
			buf_add_fmt(&b, ": %s", j->excluded);
	}
	return buf_take(&b);
}

static void order(void **state)
{
	static const struct {
		const char *jobs, *want;
	} rows[] = {
		{ "", "" },
		{ "b a", "b a" },
		{ "a:b b", "b a(0)@1" },
		{ "a:b,c b:c c", "c b(0)@1 a(1,0)@2" },
		{ "a:x b", "b | a: it waits for x, which dkms does not know" },
		{ "a:b b:c c! d", "d | a: it waits for b, which is left out b: it waits for c, which is left out c: no" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(fleet) struct fleet fl = { 0 };
		CLEAN(free) char *got = NULL;

		add_jobs(&fl, rows[i].jobs);
		assert_int_equal(fleet_order(&fl, NULL), 0);
		got = show(&fl);
		assert_string_equal(got, rows[i].want);
	}
}

static void circles(void **state)
{
	static const struct {
		const char *jobs, *want;
	} rows[] = {
		{ "a:a", "modules wait for each other in a circle: a" },
		{ "a:b b:a c", "modules wait for each other in a circle: a b" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(fleet) struct fleet fl = { 0 };
		CLEAN(fail) struct fail f = { 0 };

		add_jobs(&fl, rows[i].jobs);
		assert_int_equal(fleet_order(&fl, &f), -E_DEPENDS_MISSING);
		assert_string_equal(f.text, rows[i].want);
	}
}

static void names(void **state)
{
	static const char *const modules[][2] = {
		{ "a", "a-1-6.1-x86_64" },	{ "a b", "a_b-1-6.1-x86_64" },	 { "a$b", "a_b-1-6.1-x86_64_2" },
		{ "-a", "_a-1-6.1-x86_64" },	{ "a%:#~'", "a_____-1-6.1-x86_64" }, { "g++", "g++-1-6.1-x86_64" },
		{ "\xc3\xa4", "__-1-6.1-x86_64" },
	};
	CLEAN(fleet) struct fleet fl = { 0 };

	for (size_t i = 0; i < COUNT_OF(modules); i++)
		fleet_add(&fl, modules[i][0], "1", "6.1", "x86_64")->source = xstrdup("/s");
	assert_int_equal(fleet_order(&fl, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(modules); i++)
		assert_string_equal(fl.jobs[i].id, modules[i][1]);
}

static void commands(void **state)
{
	CLEAN(fleet) struct fleet fl = { .result = FLEET_RPM };
	CLEAN(strv) struct strv got = { 0 };

	fleet_add(&fl, "it's", "1", "6.1", "x86_64")->source = xstrdup("/my src/it's-1");
	strv_add(&fl.build_options, "--config");
	strv_add(&fl.build_options, "");
	fl.source_tree = xstrdup("/usr/src");
	assert_int_equal(fleet_order(&fl, NULL), 0);
	fleet_commands(&fl, &fl.jobs[0], "dkms", "o", &got);
	assert_int_equal(got.n, 6);
	assert_string_equal(got.items[0], "rm -rf o/it_s-1-6.1-x86_64");
	assert_string_equal(got.items[1], "dkms build --dkmstree o/it_s-1-6.1-x86_64/tree --sourcetree '/my src' "
					  "--config '' -m 'it'\\''s/1' -k 6.1/x86_64");
	assert_string_equal(got.items[2], "dkms mkrpm --dkmstree o/it_s-1-6.1-x86_64/tree --sourcetree '/my src' "
					  "--binaries-only --config '' -m 'it'\\''s/1' -k 6.1/x86_64");
	assert_string_equal(got.items[3], "cp o/it_s-1-6.1-x86_64/tree'/it'\\''s/1/'rpm/*.rpm o/");
	assert_string_equal(got.items[5], "rm -rf o/it_s-1-6.1-x86_64");
}

/* A source that is called something else is linked where dkms looks. */
static void source_of_another_name(void **state)
{
	CLEAN(fleet) struct fleet fl = { 0 };
	CLEAN(strv) struct strv got = { 0 };

	fleet_add(&fl, "a b", "1", "6.1", "x86_64")->source = xstrdup("/git/a b");
	fl.source_tree = xstrdup("/usr/src");
	assert_int_equal(fleet_order(&fl, NULL), 0);
	fleet_commands(&fl, &fl.jobs[0], "dkms", "o", &got);
	assert_string_equal(got.items[1], "mkdir -p o/a_b-1-6.1-x86_64/source");
	assert_string_equal(got.items[2], "ln -s '/git/a b' o/a_b-1-6.1-x86_64/source'/a b-1'");
	assert_non_null(strstr(got.items[3], " --sourcetree o/a_b-1-6.1-x86_64/source -m "));
}

static void dollars(void **state)
{
	CLEAN(fleet) struct fleet fl = { 0 };
	CLEAN(buf) struct buf make = { 0 }, ninja = { 0 };

	add_jobs(&fl, "a$(OUT)");
	assert_int_equal(fleet_order(&fl, NULL), 0);
	fleet_makefile(&fl, &make);
	fleet_ninja(&fl, &ninja);
	assert_non_null(strstr(buf_str(&make), "\n\t$(DKMS) build --dkmstree $(OUT)/a__OUT_-1-6.1-x86_64/tree -m "
					       "'a$$(OUT)/1' -k 6.1/x86_64\n"));
	assert_non_null(strstr(buf_str(&ninja), " && $dkms build --dkmstree $results/a__OUT_-1-6.1-x86_64/tree -m "
						"'a$$(OUT)/1' -k 6.1/x86_64 && "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(circles),
		cmocka_unit_test(names),
		cmocka_unit_test(commands),
		cmocka_unit_test(source_of_another_name),
		cmocka_unit_test(dollars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
