/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod_guilty.h"

#include <errno.h>
#include <time.h>

#include "base/mem.h"
#include "core/outcome.h"
#include "sys/depmod_shadow.h"
#include "sys/depmod_tree.h"
#include "sys/run.h"

/* A cycle can be of any length; a person reads a few names. */
enum { SECONDS_MAX = 60, GUILTY_MAX = 8 };

struct search {
	const struct depmod_job *job;
	const struct strv *suspects;
	struct strv guilty;
	time_t until;
};

static void clean_search(struct search *s)
{
	strv_done(&s->guilty);
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static bool must_end(const struct search *s)
{
	return run_pending_signal() || now() > s->until;
}

/* With the guilty ones and the first n suspects: 1, or 0, or negative: that is not known. */
static int fails_with(const struct search *s, size_t n)
{
	CLEAN(strv) struct strv without = { 0 };
	int r;

	if (must_end(s))
		return -ETIME;
	for (size_t i = n; i < s->suspects->n; i++)
		if (!strv_has(&s->guilty, s->suspects->items[i]))
			strv_add(&without, s->suspects->items[i]);
	r = shadow_try(s->job, &without);
	return r == -E_DEPMOD_FAILED ? 1 : r;
}

/* The fewest of the first n with which it begins to fail; it does with all of them. */
static int halve(const struct search *s, size_t *n)
{
	size_t good = 0, bad = *n;

	while (bad - good > 1) {
		size_t middle = good + (bad - good) / 2;
		int r = fails_with(s, middle);

		if (r < 0)
			return r;
		if (r)
			bad = middle;
		else
			good = middle;
	}
	*n = bad;
	return 0;
}

/* The last one with which it begins to fail is one of them; what else it takes is before it. */
static int find_among(struct search *s)
{
	size_t n = s->suspects->n;
	int r = fails_with(s, n);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	while (n > 0 && s->guilty.n < GUILTY_MAX) {
		r = halve(s, &n);
		if (r < 0)
			return r;
		strv_add(&s->guilty, s->suspects->items[--n]);
		r = fails_with(s, 0);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return -ENOENT;
}

static void search(const struct depmod_job *job, const struct strv *suspects, time_t until, struct strv *ret_paths)
{
	CLEAN(search) struct search s = { .job = job, .suspects = suspects, .until = until };

	/* without all of them it must not fail */
	if (fails_with(&s, 0) == 0 && find_among(&s) == 0)
		strv_add_all(ret_paths, &s.guilty);
}

void depmod_guilty_find(const struct depmod_job *job, const struct strv *ours, struct strv *ret_paths)
{
	CLEAN(module_tree) struct module_tree tree = { 0 };
	CLEAN(strv) struct strv all = { 0 };
	time_t until = now() + SECONDS_MAX;

	search(job, ours, until, ret_paths);
	if (ret_paths->n)
		return;
	module_tree_read(job->modules_dir, &tree);
	for (size_t i = 0; i < tree.n; i++)
		strv_add(&all, tree.items[i].path);
	search(job, &all, until, ret_paths);
}
