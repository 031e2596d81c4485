/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/outcome.h"
#include "core/sanity.h"
#include "core/status.h"
#include "world.h"

/* verbs on one module --------------------------------------------------------------------------- */

struct verb_case {
	const char *what;
	void (*planner)(const struct plan_request *, struct plan *);
	const char *world;
	const char *kernels;
	bool force;
	const char *plan;
};

static void remove_version(const struct plan_request *rq, struct plan *p)
{
	plan_for_remove(rq, false, p);
}

static void one_package(const struct plan_request *rq, struct plan *p)
{
	plan_for_package(rq, false, p);
}

static void package_for_each(const struct plan_request *rq, struct plan *p)
{
	plan_for_package(rq, true, p);
}

static const struct verb_case verb_cases[] = {
	{ "build adds what is not added", plan_for_build, "", "6.1", false,
	  "1 add m/1\n"
	  "2 build m/1 6.1 x86_64 (after 1)\n" },
	{ "build for two kernels", plan_for_build, "m/1", "6.1 6.2", true,
	  "1 build m/1 6.1 x86_64\n"
	  "2 build m/1 6.2 x86_64\n" },
	{ "install builds first", plan_for_install, "m/1", "6.1", false,
	  "1 build m/1 6.1 x86_64\n"
	  "2 install m/1 6.1 x86_64 (after 1)\n"
	  "3 depmod 6.1 x86_64 (after 1, 2)\n"
	  "4 post_transaction 6.1 x86_64 (after 3)\n" },
	{ "install of what is built; one depmod a kernel", plan_for_install, "m/1 6.1\nm/1 6.2", "6.1 6.2",
	  false,
	  "1 install m/1 6.1 x86_64\n"
	  "2 install m/1 6.2 x86_64\n"
	  "3 depmod 6.1 x86_64 (after 1)\n"
	  "4 depmod 6.2 x86_64 (after 2)\n"
	  "5 post_transaction 6.1 x86_64 (after 3, 4)\n"
	  "6 post_transaction 6.2 x86_64 (after 3, 4)\n" },
	{ "one depmod for all architectures of a kernel", plan_for_install, "m/1 6.1", "6.1 6.1/i686", false,
	  "1 install m/1 6.1 x86_64\n"
	  "2 build m/1 6.1 i686\n"
	  "3 install m/1 6.1 i686 (after 2)\n"
	  "4 depmod 6.1 x86_64 (after 1, 2, 3)\n"
	  "5 post_transaction 6.1 x86_64 (after 4)\n" },
	{ "uninstall", plan_for_uninstall, "m/1 6.1*", "6.1", false,
	  "1 uninstall m/1 6.1 x86_64\n"
	  "2 depmod 6.1 x86_64 (after 1)\n"
	  "3 post_transaction 6.1 x86_64 (after 2)\n" },
	{ "unbuild uninstalls what is left of what was built", plan_for_unbuild, "m/1 6.1-\nm/1 6.2+\nm/1 6.3",
	  "6.1 6.2 6.3", false,
	  "1 uninstall m/1 6.1 x86_64\n"
	  "2 unbuild m/1 6.1 x86_64 (after 1)\n"
	  "3 uninstall m/1 6.2 x86_64\n"
	  "4 unbuild m/1 6.2 x86_64 (after 3)\n"
	  "5 unbuild m/1 6.3 x86_64\n"
	  "6 depmod 6.1 x86_64 (after 1, 2)\n"
	  "7 depmod 6.2 x86_64 (after 3, 4)\n"
	  "8 depmod 6.3 x86_64 (after 5)\n"
	  "9 post_transaction 6.1 x86_64 (after 6, 7, 8)\n"
	  "10 post_transaction 6.2 x86_64 (after 6, 7, 8)\n"
	  "11 post_transaction 6.3 x86_64 (after 6, 7, 8)\n" },
	{ "unbuild uninstalls first", plan_for_unbuild, "m/1 6.1*\nm/1 6.2", "6.1 6.2", false,
	  "1 uninstall m/1 6.1 x86_64\n"
	  "2 unbuild m/1 6.1 x86_64 (after 1)\n"
	  "3 unbuild m/1 6.2 x86_64\n"
	  "4 depmod 6.1 x86_64 (after 1, 2)\n"
	  "5 depmod 6.2 x86_64 (after 3)\n"
	  "6 post_transaction 6.1 x86_64 (after 4, 5)\n"
	  "7 post_transaction 6.2 x86_64 (after 4, 5)\n" },
	{ "remove forgets at the end", remove_version, "m/1 6.1*", "6.1", false,
	  "1 uninstall m/1 6.1 x86_64\n"
	  "2 unbuild m/1 6.1 x86_64 (after 1)\n"
	  "3 forget m/1 (after 2)\n"
	  "4 depmod 6.1 x86_64 (after 1, 2, 3)\n"
	  "5 post_transaction 6.1 x86_64 (after 4)\n" },
	{ "what does not fit is built anew", plan_for_install, "m/1 6.1~", "6.1", false,
	  "1 build m/1 6.1 x86_64\n"
	  "2 install m/1 6.1 x86_64 (after 1)\n"
	  "3 depmod 6.1 x86_64 (after 1, 2)\n"
	  "4 post_transaction 6.1 x86_64 (after 3)\n" },
	{ "a package of all, after what is not built yet", one_package, "m/1 6.1", "6.1 6.2", false,
	  "1 build m/1 6.2 x86_64\n"
	  "2 package m/1 (after 1)\n" },
	{ "a package of the source", one_package, "m/1", "", false, "1 package m/1\n" },
	{ "a package for each kernel", package_for_each, "m/1 6.1", "6.1 6.2", false,
	  "1 build m/1 6.2 x86_64\n"
	  "2 package m/1 6.1 x86_64\n"
	  "3 package m/1 6.2 x86_64 (after 1)\n" },
	{ "remove of what is only added", remove_version, "m/1", "", false, "1 forget m/1\n" },
};

static void expect_plan(const char *what, const struct plan *p, const char *expected)
{
	CLEAN(buf) struct buf out = { 0 };

	plan_print(p, &out);
	if (!str_eq(buf_str(&out), expected))
		fail_msg("%s:\n%s\nexpected:\n%s", what, buf_str(&out), expected);
}

static void verbs(void **state)
{
	for (size_t i = 0; i < COUNT_OF(verb_cases); i++) {
		const struct verb_case *c = &verb_cases[i];
		CLEAN(snapshot) struct snapshot snap = { 0 };
		CLEAN(plan) struct plan p = { 0 };
		struct target *targets;
		size_t n = world_targets(c->kernels, &targets);
		struct plan_request rq = { &snap, "m", "1", targets, n, c->force, false };

		world_read(c->world, &snap);
		c->planner(&rq, &p);
		expect_plan(c->what, &p, c->plan);
		world_targets_done(targets, n);
	}
}

/* autoinstall ----------------------------------------------------------------------------------- */

struct auto_case {
	const char *what;
	const char *world;
	const char *modules; /* "a/1 -> b c" a line; "a/1 no" without AUTOINSTALL, "a/1 bad" with a bad conf */
	const char *plan;    /* without the closing steps */
};

static const struct auto_case auto_cases[] = {
	{ "nothing to do", "a/1 6.1*", "a/1", "" },
	{ "no AUTOINSTALL", "a/1", "a/1 no", "" },
	{ "in the order of what they need", "a/1\nb/1\nc/1", "a/1 -> c\nb/1\nc/1 -> b",
	  "1 build b/1 6.1 x86_64\n"
	  "2 install b/1 6.1 x86_64 (after 1)\n"
	  "3 build c/1 6.1 x86_64 (after 2)\n"
	  "4 install c/1 6.1 x86_64 (after 3)\n"
	  "5 build a/1 6.1 x86_64 (after 4)\n"
	  "6 install a/1 6.1 x86_64 (after 5)\n" },
	{ "an older version installed meets a dependency", "a/1\nb/1 6.1*\nb/2", "a/1 -> b\nb/2 no",
	  "1 build a/1 6.1 x86_64\n"
	  "2 install a/1 6.1 x86_64 (after 1)\n" },
	{ "a dependency that nobody installs", "a/1\nb/1", "a/1 -> b\nb/1 no",
	  "1 install a/1 6.1 x86_64 [unmet: waits for b, which is not installed]\n" },
	{ "a dependency with a bad conf fails, and so does who waits", "a/1\nb/1", "a/1 -> b\nb/1 bad",
	  "1 install b/1 6.1 x86_64 [failed: its dkms.conf is invalid]\n"
	  "2 build a/1 6.1 x86_64 (after 1)\n"
	  "3 install a/1 6.1 x86_64 (after 2)\n" },
	{ "unknown to dkms: deferred", "a/1", "a/1 -> x y",
	  "1 install a/1 6.1 x86_64\n" },
	{ "unknown and known", "a/1\nb/1", "a/1 -> x b\nb/1",
	  "1 build b/1 6.1 x86_64\n"
	  "2 install b/1 6.1 x86_64 (after 1)\n"
	  "3 install a/1 6.1 x86_64 (after 2)\n" },
	{ "a cycle, and who waits for it", "a/1\nb/1\nc/1\nd/1", "a/1 -> b\nb/1 -> a\nc/1 -> a\nd/1",
	  "1 build d/1 6.1 x86_64\n"
	  "2 install d/1 6.1 x86_64 (after 1)\n"
	  "3 install a/1 6.1 x86_64 [unmet: waits for b, which is not installed]\n"
	  "4 install b/1 6.1 x86_64 [unmet: waits for a, which is not installed]\n"
	  "5 install c/1 6.1 x86_64 [unmet: waits for a, which is not installed]\n" },
	{ "a cycle with itself", "a/1", "a/1 -> a",
	  "1 install a/1 6.1 x86_64 [unmet: waits for a, which is not installed]\n" },
};

static void drop_closing_steps(struct plan *p)
{
	while (p->n && p->steps[p->n - 1].kind >= STEP_DEPMOD) {
		p->n--;
		free(p->steps[p->n].kernel);
		free(p->steps[p->n].arch);
		free(p->steps[p->n].waits);
	}
}

static void autoinstall(void **state)
{
	for (size_t i = 0; i < COUNT_OF(auto_cases); i++) {
		const struct auto_case *c = &auto_cases[i];
		CLEAN(snapshot) struct snapshot snap = { 0 };
		CLEAN(plan) struct plan p = { 0 };
		CLEAN(strv) struct strv lines = { 0 };
		struct auto_module modules[8] = { 0 };
		struct strv words[8] = { 0 }, depends[8] = { 0 }, names[8] = { 0 };
		struct target *targets;
		size_t n = world_targets("6.1", &targets);
		struct plan_request rq = { &snap, NULL, NULL, targets, n, false, false };

		world_read(c->world, &snap);
		strv_split(&lines, c->modules, "\n");
		for (size_t k = 0; k < lines.n; k++) {
			strv_split(&words[k], lines.items[k], " ");
			strv_split(&names[k], words[k].items[0], "/");
			for (size_t d = 2; d < words[k].n; d++)
				strv_add(&depends[k], words[k].items[d]);
			modules[k] = (struct auto_module){
				.module = names[k].items[0],
				.version = names[k].items[1],
				.autoinstall = !(words[k].n == 2 && str_eq(words[k].items[1], "no")),
				.bad_conf = words[k].n == 2 && str_eq(words[k].items[1], "bad"),
				.depends = &depends[k],
			};
		}
		plan_for_autoinstall(&rq, modules, lines.n, &p);
		drop_closing_steps(&p);
		expect_plan(c->what, &p, c->plan);
		world_targets_done(targets, n);
		for (size_t k = 0; k < lines.n; k++) {
			strv_done(&words[k]);
			strv_done(&names[k]);
			strv_done(&depends[k]);
		}
	}
}

/* Each kernel has its own, and one depmod; what is installed for one is no matter to the other. */
static void autoinstall_two_kernels(void **state)
{
	static const struct strv none = { 0 };
	const struct auto_module modules[] = { { "a", "1", true, false, &none }, { "b", "1", true, false, &none },
					       { "a", "1", true, false, &none }, { "b", "1", false, false, &none } };
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan p = { 0 };
	struct target *targets;
	size_t n = world_targets("6.1 6.2", &targets);
	struct plan_request rq = { &snap, NULL, NULL, targets, n, false, false };

	world_read("a/1 6.1*\nb/1", &snap);
	plan_for_autoinstall(&rq, modules, 2, &p);
	expect_plan("two kernels", &p,
		    "1 build b/1 6.1 x86_64\n"
		    "2 install b/1 6.1 x86_64 (after 1)\n"
		    "3 build a/1 6.2 x86_64\n"
		    "4 install a/1 6.2 x86_64 (after 3)\n"
		    "5 depmod 6.1 x86_64 (after 1, 2)\n"
		    "6 depmod 6.2 x86_64 (after 3, 4)\n"
		    "7 post_transaction 6.1 x86_64 (after 5, 6)\n"
		    "8 post_transaction 6.2 x86_64 (after 5, 6)\n");
	world_targets_done(targets, n);
}

/* match and kernel removal ---------------------------------------------------------------------- */

static void match(void **state)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan all = { 0 }, one = { 0 };
	struct target *targets;
	size_t n = world_targets("6.2", &targets);
	struct plan_request rq = { &snap, NULL, NULL, targets, n, false, true };

	world_read("a/1 6.1*\nb/1\nb/2 6.1*\nc/1 6.1\nd/1! 6.1*", &snap);
	plan_for_match(&rq, "6.1", &all);
	drop_closing_steps(&all);
	expect_plan("all of it", &all,
		    "1 build a/1 6.2 x86_64\n2 install a/1 6.2 x86_64 (after 1)\n"
		    "3 build b/2 6.2 x86_64\n4 install b/2 6.2 x86_64 (after 3)\n");
	rq.module = "b";
	plan_for_match(&rq, "6.1", &one);
	drop_closing_steps(&one);
	expect_plan("one module", &one, "1 build b/2 6.2 x86_64\n2 install b/2 6.2 x86_64 (after 1)\n");
	world_targets_done(targets, n);
}

static void kernel_removal(void **state)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan all = { 0 }, some = { 0 };
	CLEAN(strv) struct strv only = { 0 };
	struct target *targets;
	size_t n = world_targets("6.1", &targets);
	struct plan_request rq = { &snap, NULL, NULL, targets, n, false, true };

	world_read("a/1 6.1*\nb/1 6.1\nb/1 6.2\nc/1", &snap);
	plan_for_kernel_removal(&rq, NULL, &all);
	drop_closing_steps(&all);
	expect_plan("all", &all,
		    "1 uninstall a/1 6.1 x86_64\n2 unbuild a/1 6.1 x86_64 (after 1)\n"
		    "3 unbuild b/1 6.1 x86_64\n");
	strv_add(&only, "b/1");
	plan_for_kernel_removal(&rq, &only, &some);
	drop_closing_steps(&some);
	expect_plan("some", &some, "1 unbuild b/1 6.1 x86_64\n");
	world_targets_done(targets, n);
}

/* plans while they run -------------------------------------------------------------------------- */

static void readiness(void **state)
{
	CLEAN(plan) struct plan p = { 0 };
	size_t a = plan_add(&p, STEP_BUILD, "a", "1", "6.1", "x86_64", 0);
	size_t b = plan_add(&p, STEP_INSTALL, "a", "1", "6.1", "x86_64", 0);
	size_t c = plan_add(&p, STEP_BUILD, "c", "1", "6.1", "x86_64", 0);
	size_t d = plan_add(&p, STEP_DEPMOD, NULL, NULL, "6.1", "x86_64", 0);

	plan_wait(&p, b, a, NEED_DONE);
	plan_wait(&p, c, a, NEED_NOT_FAILED);
	plan_wait(&p, d, b, NEED_ENDED);
	assert_int_equal(plan_next(&p), a);
	assert_int_equal(plan_ready(&p, b), READY_NOT_YET);
	p.steps[a].state = STEP_SKIPPED;
	p.steps[a].code = -E_EXCLUDED;
	assert_int_equal(plan_ready(&p, b), READY_NEVER);
	assert_int_equal(plan_ready(&p, c), READY_GO);
	p.steps[b].state = STEP_CANCELLED;
	assert_int_equal(plan_ready(&p, d), READY_GO);
	assert_int_equal(plan_code(&p), -E_EXCLUDED);
	assert_false(plan_changed(&p, "6.1"));
	p.steps[c].state = STEP_DONE;
	assert_true(plan_changed(&p, "6.1"));
	assert_true(plan_changed(&p, NULL));
	assert_false(plan_changed(&p, "6.2"));
	p.steps[d].state = STEP_DONE;
	assert_true(plan_next(&p) == (size_t)-1);
	assert_true(plan_find(&p, STEP_BUILD, "c", NULL, "6.1", "x86_64") == c);
	assert_true(plan_find(&p, STEP_ADD, "c", NULL, NULL, NULL) == (size_t)-1);
}

static void first_failure_counts(void **state)
{
	CLEAN(plan) struct plan p = { 0 };

	plan_add(&p, STEP_BUILD, "a", "1", "6.1", "x86_64", 0);
	plan_add(&p, STEP_BUILD, "a", "1", "6.2", "x86_64", 0);
	assert_int_equal(plan_code(&p), 0);
	p.steps[0].state = STEP_SKIPPED;
	p.steps[0].code = -E_EXCLUDED;
	assert_int_equal(plan_code(&p), -E_EXCLUDED);
	p.steps[1].state = STEP_FAILED;
	p.steps[1].code = -E_MAKE_FAILED;
	assert_int_equal(plan_code(&p), -E_MAKE_FAILED);
	p.steps[1].state = STEP_DONE;
	p.steps[0].flags = STEP_OPTIONAL;
	assert_int_equal(plan_code(&p), 0);
	p.steps[1].state = STEP_FAILED;
	p.steps[0].state = STEP_UNMET;
	p.steps[0].code = -E_DEPENDS_MISSING;
	assert_int_equal(plan_code(&p), -E_DEPENDS_MISSING);
}

/* snapshots, sanity, status --------------------------------------------------------------------- */

static void look_ups(void **state)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };

	world_read("a/1 6.1\na/1.10 6.1*\na/1.9\nb/9!", &snap);
	assert_string_equal(snapshot_newest(snapshot_module(&snap, "a"))->version, "1.10");
	assert_null(snapshot_newest(snapshot_module(&snap, "b")));
	assert_null(snapshot_module(&snap, "c"));
	assert_string_equal(snapshot_installed(&snap, "a", "6.1", "x86_64")->version, "1.10");
	assert_null(snapshot_installed(&snap, "a", "6.2", "x86_64"));
	assert_null(snapshot_build(&snap, "a", "1.9", "6.1", "x86_64"));
	assert_non_null(snapshot_build(&snap, "a", "1", "6.1", "x86_64"));
	assert_null(snapshot_version(&snap, "a", "2"));
}

static void remnants(void **state)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(strv) struct strv kernels = { 0 }, arches = { 0 };
	CLEAN(free) char *version = NULL;

	world_read("a/1 6.1-\na/1 6.2+\na/1 6.3\na/1 6.4*\na/2\nb/1", &snap);
	version = snapshot_remnant(&snap, "a", "6.1", "x86_64");
	assert_string_equal(version, "1");
	assert_null(snapshot_remnant(&snap, "a", "6.3", "x86_64"));
	assert_null(snapshot_remnant(&snap, "a", "6.4", "x86_64"));
	assert_null(snapshot_remnant(&snap, "a", "6.1", "i686"));
	assert_null(snapshot_remnant(&snap, "c", "6.1", "x86_64"));
	assert_true(snapshot_has_remnant(&snap, "a", "1", "6.2", "x86_64"));
	assert_false(snapshot_has_remnant(&snap, "a", "2", "6.2", "x86_64"));
	assert_false(snapshot_has_remnant(&snap, "b", "1", "6.2", "x86_64"));
	snapshot_remnants(&snap, "a", "1", &kernels, &arches);
	assert_int_equal(kernels.n, 2);
	assert_string_equal(kernels.items[1], "6.2");
	assert_string_equal(arches.items[1], "x86_64");
	/* other links are none of ours */
	str_set(&snap.modules[0].links[0].target, "1/6.2/x86_64");
	str_set(&snap.modules[0].links[1].target, ".other/1/6.2/x86_64");
	assert_null(snapshot_remnant(&snap, "a", "6.1", "x86_64"));
	assert_null(snapshot_remnant(&snap, "a", "6.2", "x86_64"));
}

static void sanity(void **state)
{
	static const struct {
		const char *there_version, *there_src, *our_version, *our_src;
		bool same;
		enum sanity verdict;
	} cases[] = {
		{ "2.0", "A", "1.0", "B", false, SANITY_NEWER_THERE },
		{ "1.0", "A", "2.0", "B", false, SANITY_FINE },
		{ "1.9", "A", "1.10", "B", false, SANITY_FINE },
		{ "1.0", "A", "1.0", "A", false, SANITY_SAME_THERE },
		{ "1.0", "B", "1.0", "A", false, SANITY_FINE },
		{ NULL, "B", "1.0", "A", false, SANITY_FINE },
		{ "1.0", "B", NULL, "A", false, SANITY_NEWER_THERE },
		{ NULL, "A", NULL, "A", false, SANITY_SAME_THERE },
		{ NULL, NULL, NULL, NULL, true, SANITY_SAME_THERE },
		{ NULL, NULL, NULL, NULL, false, SANITY_FINE },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct module_info there = { .version = (char *)cases[i].there_version,
					     .srcversion = (char *)cases[i].there_src };
		struct module_info ours = { .version = (char *)cases[i].our_version,
					    .srcversion = (char *)cases[i].our_src };

		if (sanity_judge(&there, &ours, cases[i].same) != cases[i].verdict)
			fail_msg("case %zu", i);
	}
}

static void status_lines(void **state)
{
	static const struct {
		bool installed;
		unsigned flags;
		const char *line;
	} cases[] = {
		{ false, 0, "m/1, 6.1, x86_64: built" },
		{ true, 0, "m/1, 6.1, x86_64: installed" },
		{ true, STATUS_ORIGINALS, "m/1, 6.1, x86_64: installed (Original modules exist)" },
		{ true, STATUS_DIFFERS,
		  "m/1, 6.1, x86_64: installed (Differences between built and installed modules)" },
		{ true, STATUS_ORIGINALS | STATUS_MISSING | STATUS_DIFFERS,
		  "m/1, 6.1, x86_64: installed (Original modules exist) "
		  "(Built modules are missing in the kernel modules folder)" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char kernel[] = "6.1", arch[] = "x86_64";
		struct snap_build b = { kernel, arch, true, cases[i].installed };
		CLEAN(buf) struct buf out = { 0 };

		status_line_built(&out, "m", "1", &b, cases[i].flags);
		assert_string_equal(buf_str(&out), cases[i].line);
	}
	assert_true(status_fits(NULL, "x"));
	assert_true(status_fits("h?ll*", "hello"));
	assert_false(status_fits("hell", "hello"));
}

static void names_of_states(void **state)
{
	assert_string_equal(step_kind_name(STEP_POST_TRANSACTION), "post_transaction");
	assert_string_equal(step_state_name(STEP_CANCELLED), "cancelled");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs),	  cmocka_unit_test(autoinstall),
		cmocka_unit_test(autoinstall_two_kernels),
		cmocka_unit_test(match),	  cmocka_unit_test(kernel_removal),
		cmocka_unit_test(readiness),	  cmocka_unit_test(first_failure_counts),
		cmocka_unit_test(look_ups),	  cmocka_unit_test(remnants), cmocka_unit_test(sanity),
		cmocka_unit_test(status_lines),	  cmocka_unit_test(names_of_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
