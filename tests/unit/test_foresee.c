/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/foresee.h"
#include "world.h"

struct foresee_case {
	const char *what;
	const char *world;
	void (*planner)(const struct plan_request *rq, struct plan *p);
	const char *kernels; /* the module is m/1 */
	bool force;
	const char *text;
};

static void plan_remove(const struct plan_request *rq, struct plan *p)
{
	plan_for_remove(rq, false, p);
}

/* as ldtarball of a tarball with what was built for the kernels */
static void plan_load(const struct plan_request *rq, unsigned flags, struct plan *p)
{
	size_t add = plan_add(p, STEP_ADD, rq->module, rq->version, NULL, NULL, flags);

	p->steps[add].from = xstrdup("/tmp/m");
	for (size_t i = 0; i < rq->n_targets; i++)
		plan_wait(p, plan_add(p, STEP_LOAD, rq->module, rq->version, rq->targets[i].kernel,
				      rq->targets[i].arch, rq->force ? STEP_FORCED : 0),
			  add, NEED_DONE);
}

static void plan_load_new(const struct plan_request *rq, struct plan *p)
{
	plan_load(rq, 0, p);
}

static void plan_load_again(const struct plan_request *rq, struct plan *p)
{
	plan_load(rq, STEP_RELOAD, p);
}

/* what nobody asked to be judged: autoinstall's deferred ones */
static void plan_deferred(const struct plan_request *rq, struct plan *p)
{
	plan_add(p, STEP_INSTALL, rq->module, rq->version, "6.1", "x86_64", STEP_DEFER);
}

static const struct foresee_case cases[] = {
	{ "from nothing", "other/1", plan_for_install, "6.1", false,
	  "1. add m/1\n"
	  "2. build m/1 for kernel 6.1 (x86_64), after 1\n"
	  "3. install m/1 for kernel 6.1 (x86_64), after 2\n"
	  "4. depmod for kernel 6.1 (x86_64), after 1, 2, 3\n"
	  "5. post_transaction for kernel 6.1 (x86_64), after 4\n" },
	{ "what is built is installed only", "m/1 6.1", plan_for_install, "6.1", false,
	  "1. install m/1 for kernel 6.1 (x86_64)\n"
	  "2. depmod for kernel 6.1 (x86_64), after 1\n"
	  "3. post_transaction for kernel 6.1 (x86_64), after 2\n" },
	{ "installed already", "m/1 6.1*", plan_for_install, "6.1", false,
	  "-  not install m/1 for kernel 6.1 (x86_64): already installed\n" },
	{ "installed already, by force", "m/1 6.1*", plan_for_install, "6.1", true,
	  "1. install m/1 for kernel 6.1 (x86_64)\n"
	  "2. depmod for kernel 6.1 (x86_64), after 1\n"
	  "3. post_transaction for kernel 6.1 (x86_64), after 2\n" },
	{ "built already for one of two", "m/1 6.1", plan_for_build, "6.1 6.2", false,
	  "-  not build m/1 for kernel 6.1 (x86_64): already built\n"
	  "1. build m/1 for kernel 6.2 (x86_64)\n" },
	{ "not installed", "m/1 6.1", plan_for_uninstall, "6.1", false,
	  "-  not uninstall m/1 for kernel 6.1 (x86_64): not installed\n" },
	{ "unbuild takes it out first", "m/1 6.1*", plan_for_unbuild, "6.1", false,
	  "1. uninstall m/1 for kernel 6.1 (x86_64)\n"
	  "2. unbuild m/1 for kernel 6.1 (x86_64), after 1\n"
	  "3. depmod for kernel 6.1 (x86_64), after 1, 2\n"
	  "4. post_transaction for kernel 6.1 (x86_64), after 3\n" },
	{ "what was built is gone, what it left is not", "m/1 6.1-", plan_for_uninstall, "6.1", false,
	  "1. uninstall m/1 for kernel 6.1 (x86_64)\n"
	  "2. depmod for kernel 6.1 (x86_64), after 1\n"
	  "3. post_transaction for kernel 6.1 (x86_64), after 2\n" },
	{ "not built", "m/1 6.2", plan_for_unbuild, "6.1", false,
	  "-  not unbuild m/1 for kernel 6.1 (x86_64): not built\n" },
	{ "load of what is not there", "", plan_load_new, "6.1", false,
	  "1. add m/1 from '/tmp/m'\n"
	  "2. load m/1 for kernel 6.1 (x86_64), after 1\n" },
	{ "what is built is not loaded over", "m/1 6.1", plan_load_new, "6.1 6.2", false,
	  "-  not add m/1 from '/tmp/m': already added\n"
	  "-  not load m/1 for kernel 6.1 (x86_64): already built, and kept\n"
	  "1. load m/1 for kernel 6.2 (x86_64)\n" },
	{ "but by force", "m/1 6.1", plan_load_again, "6.1", true,
	  "1. add m/1 from '/tmp/m'\n"
	  "2. load m/1 for kernel 6.1 (x86_64), after 1\n" },
	{ "deferred is nothing to do", "m/1", plan_deferred, "6.1", false, "" },
	{ "another kernel keeps the version", "m/1 6.1\nm/1 6.2", plan_remove, "6.1", false,
	  "1. unbuild m/1 for kernel 6.1 (x86_64)\n"
	  "-  not forget m/1: another kernel needs it\n"
	  "2. depmod for kernel 6.1 (x86_64), after 1\n"
	  "3. post_transaction for kernel 6.1 (x86_64), after 2\n" },
	{ "the last kernel goes", "m/1 6.1\nm/1 6.2", plan_remove, "6.1 6.2", false,
	  "1. unbuild m/1 for kernel 6.1 (x86_64)\n"
	  "2. unbuild m/1 for kernel 6.2 (x86_64)\n"
	  "3. forget m/1, after 1, 2\n"
	  "4. depmod for kernel 6.1 (x86_64), after 1, 3\n"
	  "5. depmod for kernel 6.2 (x86_64), after 2, 3\n"
	  "6. post_transaction for kernel 6.1 (x86_64), after 4, 5\n"
	  "7. post_transaction for kernel 6.2 (x86_64), after 4, 5\n" },
};

static void described(void **state)
{
	char module[] = "m", version[] = "1";

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(snapshot) struct snapshot snap = { 0 };
		CLEAN(plan) struct plan plan = { 0 };
		CLEAN(buf) struct buf text = { 0 };
		struct plan_request rq = { .snapshot = &snap,
					   .module = module,
					   .version = version };
		struct target *targets;

		world_read(cases[i].world, &snap);
		rq.n_targets = world_targets(cases[i].kernels, &targets);
		rq.targets = targets;
		rq.force = cases[i].force;
		cases[i].planner(&rq, &plan);
		plan_foresee(&plan, &snap);
		plan_describe(&plan, &text);
		if (!str_eq(buf_str(&text), cases[i].text))
			fail_msg("%s:\n%s", cases[i].what, buf_str(&text));
		assert_int_equal(plan_has_work(&plan), strstr(cases[i].text, "1.") != NULL);
		world_targets_done(targets, rq.n_targets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
