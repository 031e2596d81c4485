/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/rebuild.h"

#include "base/mem.h"
#include "core/version.h"

static const size_t NO_STEP = (size_t)-1;

struct rebuilds {
	const struct snapshot *snapshot;
	const struct target *target;
	struct plan *plan;
	size_t n_before;   /* steps of the plan before anything was added */
	size_t n_installs; /* installs among them, for the target */
};

static bool is_install(const struct rebuilds *r, const struct step *s)
{
	return s->kind == STEP_INSTALL && s->state == STEP_WAITING && !(s->flags & STEP_FORCED) &&
	       str_eq(s->kernel, r->target->kernel) && str_eq(s->arch, r->target->arch);
}

/* The newest version that dkms will know; NULL: none. */
static const char *newest_version(const struct rebuilds *r, const char *module)
{
	const struct snap_module *m = snapshot_module(r->snapshot, module);
	const struct snap_version *v = m ? snapshot_newest(m) : NULL;
	const char *best = v ? v->version : NULL;

	for (size_t i = 0; i < r->n_before; i++) {
		const struct step *s = &r->plan->steps[i];

		if (s->kind == STEP_ADD && str_eq(s->module, module) &&
		    (!best || version_compare(best, s->version) < 0))
			best = s->version;
	}
	return best;
}

static const char *recorded_version(const struct rebuild_candidate *c, const char *module)
{
	size_t n = strlen(module);

	for (size_t i = 0; i < c->records->n; i++) {
		const char *record = c->records->items[i];

		if (strncmp(record, module, n) == 0 && record[n] == '=')
			return record + n + 1;
	}
	return NULL;
}

static bool has_changed(const struct rebuilds *r, const struct rebuild_candidate *c)
{
	for (size_t i = 0; i < c->depends->n; i++) {
		const char *newest = newest_version(r, c->depends->items[i]);

		if (newest && !str_eq(newest, recorded_version(c, c->depends->items[i])))
			return true;
	}
	return false;
}

/* A rebuild comes after all installs of the plan; those of what it needs have to have gone well. */
static void wait_for_installs(const struct rebuilds *r, const struct rebuild_candidate *c, size_t step)
{
	for (size_t i = 0; i < r->n_before; i++) {
		const struct step *s = &r->plan->steps[i];
		bool needed;

		if (!is_install(r, s))
			continue;
		needed = r->n_installs == 1 || str_eq(s->module, c->module) ||
			 strv_has(c->depends, s->module);
		plan_wait(r->plan, step, i, needed ? NEED_DONE : NEED_ENDED);
	}
}

static void add_rebuild(const struct rebuilds *r, const struct rebuild_candidate *c, const size_t *last,
			const struct rebuild_candidate *all, size_t n, size_t *ret_last)
{
	const struct target *t = r->target;
	struct plan *p = r->plan;
	size_t depmod = plan_find_depmod(p, t->kernel);
	size_t install = plan_find(p, STEP_INSTALL, c->module, c->version, t->kernel, t->arch);
	size_t build = plan_add(p, STEP_BUILD, c->module, c->version, t->kernel, t->arch, STEP_AGAIN);

	*ret_last = build;
	wait_for_installs(r, c, build);
	for (size_t i = 0; i < n; i++)
		if (last[i] != NO_STEP && strv_has(c->depends, all[i].module))
			plan_wait(p, build, last[i], NEED_ENDED);
	if (c->installed || install != NO_STEP) {
		*ret_last = plan_add(p, STEP_INSTALL, c->module, c->version, t->kernel, t->arch,
				     STEP_AGAIN);
		plan_wait(p, *ret_last, build, NEED_DONE);
	}
	if (depmod != NO_STEP)
		plan_wait(p, depmod, *ret_last, NEED_ENDED);
}

/* Does candidate i need one that is still to be planned? */
static bool waits_for_another(const struct rebuild_candidate *c, size_t n, size_t i, const bool *todo)
{
	for (size_t k = 0; k < n; k++)
		if (k != i && todo[k] && strv_has(c[i].depends, c[k].module))
			return true;
	return false;
}

void plan_rebuilds(const struct snapshot *s, const struct target *t,
		   const struct rebuild_candidate *candidates, size_t n, struct plan *p)
{
	struct rebuilds r = { .snapshot = s, .target = t, .plan = p, .n_before = p->n };
	bool *todo = xcalloc(n, sizeof(*todo));
	size_t *last = xcalloc(n, sizeof(*last)), left = 0;

	for (size_t i = 0; i < p->n; i++)
		r.n_installs += is_install(&r, &p->steps[i]);
	for (size_t i = 0; i < n; i++) {
		last[i] = NO_STEP;
		todo[i] = r.n_installs && has_changed(&r, &candidates[i]);
		left += todo[i];
	}
	for (bool in_order = true; left;) {
		bool progress = false;

		for (size_t i = 0; i < n; i++) {
			if (!todo[i] || (in_order && waits_for_another(candidates, n, i, todo)))
				continue;
			add_rebuild(&r, &candidates[i], last, candidates, n, &last[i]);
			todo[i] = false;
			left--;
			progress = true;
		}
		/* what is left needs each other: in any order */
		in_order = in_order && progress;
	}
	free(todo);
	free(last);
}
