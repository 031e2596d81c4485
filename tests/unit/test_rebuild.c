/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/mem.h"
#include "core/rebuild.h"
#include "world.h"

struct rebuild_case {
	const char *what;
	const char *world;
	const char *install;    /* what the plan installs, "m/1" */
	bool force;
	const char *candidates; /* one a line: "top/1 base=1 other=" for its BUILD_DEPENDS with the records */
	const char *plan;       /* without depmod and post_transaction */
};

static const struct rebuild_case cases[] = {
	{ "the same version was seen", "base/1 6.1\ntop/1 6.1*", "base/1", false, "top/1 base=1",
	  "1 install base/1 6.1 x86_64\n" },
	{ "another version was seen", "base/1 6.1\nbase/2\ntop/1 6.1*", "base/1", false, "top/1 base=1",
	  "1 install base/1 6.1 x86_64\n"
	  "4 build top/1 6.1 x86_64 (after 1)\n"
	  "5 install top/1 6.1 x86_64 (after 4)\n" },
	{ "a built one ends built", "base/1 6.1\nbase/2\ntop/1 6.1", "base/1", false, "top/1 base=1",
	  "1 install base/1 6.1 x86_64\n"
	  "4 build top/1 6.1 x86_64 (after 1)\n" },
	{ "the plan adds the newer one", "base/1 6.1*\ntop/1 6.1*", "base/2", false, "top/1 base=1",
	  "1 add base/2\n"
	  "2 build base/2 6.1 x86_64 (after 1)\n"
	  "3 install base/2 6.1 x86_64 (after 2)\n"
	  "6 build top/1 6.1 x86_64 (after 3)\n"
	  "7 install top/1 6.1 x86_64 (after 6)\n" },
	{ "no record counts as changed", "base/1 6.1\ntop/1 6.1", "base/1", false, "top/1 base=",
	  "1 install base/1 6.1 x86_64\n"
	  "4 build top/1 6.1 x86_64 (after 1)\n" },
	{ "a dependency that dkms does not know is passed over", "a/1 6.1\ntop/1 6.1", "a/1", false,
	  "top/1 base=", "1 install a/1 6.1 x86_64\n" },
	{ "one that dkms does not know any more is passed over too", "a/1 6.1\ntop/1 6.1", "a/1", false,
	  "top/1 base=1", "1 install a/1 6.1 x86_64\n" },
	{ "every module that is built is looked at", "a/1 6.1\nbase/2\ntop/1 6.1", "a/1", false,
	  "top/1 base=1",
	  "1 install a/1 6.1 x86_64\n"
	  "4 build top/1 6.1 x86_64 (after 1)\n" },
	{ "the one that is installed too", "base/2\ntop/1 6.1", "top/1", false, "top/1 base=1",
	  "1 install top/1 6.1 x86_64\n"
	  "4 build top/1 6.1 x86_64 (after 1)\n"
	  "5 install top/1 6.1 x86_64 (after 4)\n" },
	{ "--force skips it", "base/1 6.1\nbase/2\ntop/1 6.1*", "base/1", true, "top/1 base=1",
	  "1 install base/1 6.1 x86_64\n" },
	{ "dependencies first", "base/2 6.1\nmid/1 6.1\ntop/1 6.1", "base/2", false,
	  "top/1 mid= base=1\nmid/1 base=1",
	  "1 install base/2 6.1 x86_64\n"
	  "4 build mid/1 6.1 x86_64 (after 1)\n"
	  "5 build top/1 6.1 x86_64 (after 1, 4)\n" },
	{ "each needs the other", "base/2 6.1\na/1 6.1\nb/1 6.1", "base/2", false, "a/1 b= base=1\nb/1 a=",
	  "1 install base/2 6.1 x86_64\n"
	  "4 build a/1 6.1 x86_64 (after 1)\n"
	  "5 build b/1 6.1 x86_64 (after 1, 4)\n" },
	{ "a name that begins like another", "base/1 6.1\nbasement/7\ntop/1 6.1", "base/1", false,
	  "top/1 base= basement=7",
	  "1 install base/1 6.1 x86_64\n"
	  "4 build top/1 6.1 x86_64 (after 1)\n" },
	{ "a record of a name that begins like another", "base/1 6.1\nbasement/7\ntop/1 6.1", "base/1", false,
	  "top/1 basement=7 base=1", "1 install base/1 6.1 x86_64\n" },
};

struct table {
	struct rebuild_candidate candidates[4];
	struct strv names[4], depends[4], records[4];
	size_t n;
};

static void read_candidates(const char *text, const struct snapshot *snap, struct table *t)
{
	CLEAN(strv) struct strv lines = { 0 };

	strv_split(&lines, text, "\n");
	for (t->n = 0; t->n < lines.n; t->n++) {
		size_t k = t->n;
		CLEAN(strv) struct strv words = { 0 };
		const struct snap_build *b;

		strv_split(&words, lines.items[k], " ");
		strv_split(&t->names[k], words.items[0], "/");
		for (size_t i = 1; i < words.n; i++) {
			const char *eq = strchr(words.items[i], '=');

			strv_take(&t->depends[k], xstrndup(words.items[i], (size_t)(eq - words.items[i])));
			if (eq[1])
				strv_add(&t->records[k], words.items[i]);
		}
		b = snapshot_build(snap, t->names[k].items[0], t->names[k].items[1], "6.1", "x86_64");
		t->candidates[k] = (struct rebuild_candidate){
			.module = t->names[k].items[0],
			.version = t->names[k].items[1],
			.installed = b && b->installed,
			.depends = &t->depends[k],
			.records = &t->records[k],
		};
	}
}

static void table_done(struct table *t)
{
	for (size_t k = 0; k < t->n; k++) {
		strv_done(&t->names[k]);
		strv_done(&t->depends[k]);
		strv_done(&t->records[k]);
	}
}

/* The plan's lines but for those of the closing steps. */
static char *shown(const struct plan *p)
{
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(strv) struct strv lines = { 0 };
	struct buf out = { 0 };

	plan_print(p, &b);
	strv_split(&lines, buf_str(&b), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (!strstr(lines.items[i], "depmod") && !strstr(lines.items[i], "post_transaction"))
			buf_add_fmt(&out, "%s\n", lines.items[i]);
	return out.data;
}

static void rebuilds(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct rebuild_case *c = &cases[i];
		CLEAN(snapshot) struct snapshot snap = { 0 };
		CLEAN(plan) struct plan p = { 0 };
		CLEAN(strv) struct strv name = { 0 };
		CLEAN(free) char *got = NULL;
		struct table t = { 0 };
		struct target *targets;
		size_t n = world_targets("6.1", &targets);
		struct plan_request rq = { &snap, NULL, NULL, targets, n, c->force, false };

		world_read(c->world, &snap);
		strv_split(&name, c->install, "/");
		rq.module = name.items[0];
		rq.version = name.items[1];
		plan_for_install(&rq, &p);
		read_candidates(c->candidates, &snap, &t);
		plan_rebuilds(&snap, targets, t.candidates, t.n, &p);
		got = shown(&p);
		if (!str_eq(got, c->plan))
			fail_msg("%s: wanted\n%sgot\n%s", c->what, c->plan, got);
		table_done(&t);
		world_targets_done(targets, n);
	}
}

/* The index of modules is made after all of it. */
static void depmod_waits(void **state)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan p = { 0 };
	CLEAN(strv) struct strv depends = { 0 }, records = { 0 };
	struct target *targets;
	size_t n = world_targets("6.1", &targets);
	struct plan_request rq = { &snap, "base", "1", targets, n, false, false };
	struct rebuild_candidate c = { "top", "1", true, &depends, &records };
	bool waits = false;
	size_t depmod;

	strv_add(&depends, "base");
	world_read("base/1 6.1\ntop/1 6.1*", &snap);
	plan_for_install(&rq, &p);
	plan_rebuilds(&snap, targets, &c, 1, &p);
	depmod = plan_find_depmod(&p, "6.1");
	for (size_t i = 0; i < p.steps[depmod].n_waits; i++)
		waits = waits || p.steps[depmod].waits[i].step == p.n - 1;
	assert_true(waits);
	world_targets_done(targets, n);
}

/* Where a plan installs several, the failure of one that it does not need is no reason to leave it as it is. */
static void only_what_it_needs_has_to_go_well(void **state)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(plan) struct plan p = { 0 };
	CLEAN(strv) struct strv depends = { 0 }, records = { 0 };
	struct target *targets;
	size_t n = world_targets("6.1", &targets), other, base, top;
	struct rebuild_candidate c = { "top", "1", false, &depends, &records };

	strv_add(&depends, "base");
	world_read("other/1 6.1\nbase/1 6.1\ntop/1 6.1", &snap);
	other = plan_add(&p, STEP_INSTALL, "other", "1", "6.1", "x86_64", 0);
	base = plan_add(&p, STEP_INSTALL, "base", "1", "6.1", "x86_64", 0);
	plan_add(&p, STEP_DEPMOD, NULL, NULL, "6.1", "x86_64", 0);
	plan_rebuilds(&snap, targets, &c, 1, &p);
	top = plan_find(&p, STEP_BUILD, "top", "1", "6.1", "x86_64");
	p.steps[other].state = STEP_FAILED;
	p.steps[base].state = STEP_RUNNING;
	assert_int_equal(plan_ready(&p, top), READY_NOT_YET);
	p.steps[base].state = STEP_DONE;
	assert_int_equal(plan_ready(&p, top), READY_GO);
	p.steps[base].state = STEP_FAILED;
	assert_int_equal(plan_ready(&p, top), READY_NEVER);
	world_targets_done(targets, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rebuilds),
		cmocka_unit_test(depmod_waits),
		cmocka_unit_test(only_what_it_needs_has_to_go_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
