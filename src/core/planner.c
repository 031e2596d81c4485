/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/planner.h"

#include "base/mem.h"
#include "core/outcome.h"

static const size_t NO_STEP = (size_t)-1;

/* One depmod for each kernel that anything was planned for, then, when all is over, post_transaction. */
static void add_closing_steps(const struct plan_request *rq, struct plan *p)
{
	size_t n = p->n, n_depmods;

	for (size_t t = 0; t < rq->n_targets; t++) {
		const char *kernel = rq->targets[t].kernel, *arch = rq->targets[t].arch;
		size_t depmod;

		if (plan_find_depmod(p, kernel) != NO_STEP)
			continue;
		depmod = plan_add(p, STEP_DEPMOD, NULL, NULL, kernel, arch, 0);
		for (size_t i = 0; i < n; i++)
			if (str_eq(p->steps[i].kernel, kernel) || !p->steps[i].kernel)
				plan_wait(p, depmod, i, NEED_ENDED);
	}
	n_depmods = p->n - n;
	for (size_t t = 0; t < n_depmods; t++) {
		size_t post = plan_add(p, STEP_POST_TRANSACTION, NULL, NULL, p->steps[n + t].kernel,
				       p->steps[n + t].arch, 0);

		for (size_t i = 0; i < n_depmods; i++)
			plan_wait(p, post, n + i, NEED_ENDED);
	}
}

static size_t add_if_needed(const struct plan_request *rq, struct plan *p)
{
	const struct snap_version *v = snapshot_version(rq->snapshot, rq->module, rq->version);

	if (v && v->state == VERSION_ADDED)
		return NO_STEP;
	return plan_add(p, STEP_ADD, rq->module, rq->version, NULL, NULL, STEP_ON_BEHALF);
}

static size_t add_build(const struct plan_request *rq, const struct target *t, size_t added,
			unsigned flags, struct plan *p)
{
	const struct snap_build *b = snapshot_build(rq->snapshot, rq->module, rq->version, t->kernel, t->arch);
	size_t i = plan_add(p, STEP_BUILD, rq->module, rq->version, t->kernel, t->arch,
			    flags | (b && b->unfit ? STEP_AGAIN : 0));

	if (added != NO_STEP)
		plan_wait(p, i, added, NEED_DONE);
	return i;
}

void plan_for_build(const struct plan_request *rq, struct plan *p)
{
	size_t added = add_if_needed(rq, p);

	for (size_t t = 0; t < rq->n_targets; t++)
		add_build(rq, &rq->targets[t], added, rq->force ? STEP_FORCED : 0, p);
}

static size_t add_install(const struct plan_request *rq, const struct target *t, size_t added,
			  struct plan *p)
{
	const struct snap_build *b =
		snapshot_build(rq->snapshot, rq->module, rq->version, t->kernel, t->arch);
	size_t build = NO_STEP, i;

	if (!b || !b->built || b->unfit)
		build = add_build(rq, t, added, STEP_ON_BEHALF | (rq->force ? STEP_FORCED : 0), p);
	i = plan_add(p, STEP_INSTALL, rq->module, rq->version, t->kernel, t->arch,
		     rq->force ? STEP_FORCED : 0);
	if (build != NO_STEP)
		plan_wait(p, i, build, NEED_DONE);
	return i;
}

void plan_for_install(const struct plan_request *rq, struct plan *p)
{
	size_t added = add_if_needed(rq, p);

	for (size_t t = 0; t < rq->n_targets; t++)
		add_install(rq, &rq->targets[t], added, p);
	add_closing_steps(rq, p);
}

void plan_for_uninstall(const struct plan_request *rq, struct plan *p)
{
	for (size_t t = 0; t < rq->n_targets; t++)
		plan_add(p, STEP_UNINSTALL, rq->module, rq->version, rq->targets[t].kernel,
			 rq->targets[t].arch, 0);
	add_closing_steps(rq, p);
}

/* Uninstalls if it is installed, then throws away what was built. */
static size_t add_unbuild(const struct plan_request *rq, const char *module, const char *version,
			  const struct target *t, unsigned flags, struct plan *p)
{
	const struct snap_build *b =
		snapshot_build(rq->snapshot, module, version, t->kernel, t->arch);
	size_t off = NO_STEP, i;

	if ((b && b->installed) ||
	    snapshot_has_remnant(rq->snapshot, module, version, t->kernel, t->arch))
		off = plan_add(p, STEP_UNINSTALL, module, version, t->kernel, t->arch,
			       STEP_ON_BEHALF | flags);
	i = plan_add(p, STEP_UNBUILD, module, version, t->kernel, t->arch, flags);
	if (off != NO_STEP)
		plan_wait(p, i, off, NEED_DONE);
	return i;
}

void plan_for_unbuild(const struct plan_request *rq, struct plan *p)
{
	for (size_t t = 0; t < rq->n_targets; t++)
		add_unbuild(rq, rq->module, rq->version, &rq->targets[t], 0, p);
	add_closing_steps(rq, p);
}

void plan_for_remove(const struct plan_request *rq, bool known_only, struct plan *p)
{
	unsigned flags = known_only ? STEP_KNOWN_ONLY : 0;
	size_t forget, n;

	for (size_t t = 0; t < rq->n_targets; t++)
		add_unbuild(rq, rq->module, rq->version, &rq->targets[t], STEP_ON_BEHALF | flags, p);
	n = p->n;
	forget = plan_add(p, STEP_FORGET, rq->module, rq->version, NULL, NULL, flags);
	for (size_t i = 0; i < n; i++)
		if (p->steps[i].kind == STEP_UNBUILD)
			plan_wait(p, forget, i, NEED_DONE);
	add_closing_steps(rq, p);
}

void plan_for_sign(const struct plan_request *rq, struct plan *p)
{
	for (size_t t = 0; t < rq->n_targets; t++)
		plan_add(p, STEP_SIGN, rq->module, rq->version, rq->targets[t].kernel, rq->targets[t].arch, 0);
}

void plan_for_package(const struct plan_request *rq, bool of_kernel, struct plan *p)
{
	size_t package = NO_STEP;

	for (size_t t = 0; t < rq->n_targets; t++) {
		const struct target *on = &rq->targets[t];
		const struct snap_build *b =
			snapshot_build(rq->snapshot, rq->module, rq->version, on->kernel, on->arch);

		if (!b || !b->built)
			add_build(rq, on, NO_STEP, STEP_ON_BEHALF, p);
	}
	for (size_t t = 0; of_kernel && t < rq->n_targets; t++) {
		const struct target *on = &rq->targets[t];
		size_t build = plan_find(p, STEP_BUILD, rq->module, rq->version, on->kernel, on->arch);

		package = plan_add(p, STEP_PACKAGE, rq->module, rq->version, on->kernel, on->arch, 0);
		if (build != NO_STEP)
			plan_wait(p, package, build, NEED_DONE);
	}
	if (of_kernel)
		return;
	package = plan_add(p, STEP_PACKAGE, rq->module, rq->version, NULL, NULL, 0);
	for (size_t i = 0; i < package; i++)
		plan_wait(p, package, i, NEED_DONE);
}

/* autoinstall ---------------------------------------------------------------------------------- */

struct auto_state {
	const struct plan_request *rq;
	const struct auto_module *modules;
	size_t n;
	const struct target *target;
	size_t *steps;   /* the install step of module i, NO_STEP if it gets none */
	bool *candidate; /* is to be installed */
	bool *ordered;
};

static bool is_installed(const struct auto_state *a, const char *module)
{
	return snapshot_installed(a->rq->snapshot, module, a->target->kernel, a->target->arch) != NULL;
}

static size_t find_auto(const struct auto_state *a, const char *module)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_eq(a->modules[i].module, module))
			return i;
	return NO_STEP;
}

static bool is_known(const struct auto_state *a, const char *module)
{
	return find_auto(a, module) != NO_STEP || snapshot_module(a->rq->snapshot, module) != NULL;
}

/* What stands in the way of module i for good, or NULL: a dependency that dkms knows and that nobody is going to
 * install. */
static const char *hopeless_dependency(const struct auto_state *a, size_t i)
{
	const struct strv *d = a->modules[i].depends;

	for (size_t k = 0; d && k < d->n; k++) {
		size_t on = find_auto(a, d->items[k]);

		if (is_installed(a, d->items[k]) || !is_known(a, d->items[k]))
			continue;
		if (on == NO_STEP || on == i || (!a->candidate[on] && !a->modules[on].bad_conf))
			return d->items[k];
	}
	return NULL;
}

static bool waits_only_for_ordered(const struct auto_state *a, size_t i)
{
	const struct strv *d = a->modules[i].depends;

	for (size_t k = 0; d && k < d->n; k++) {
		size_t on = find_auto(a, d->items[k]);

		if (on != NO_STEP && a->candidate[on] && !a->ordered[on] && !is_installed(a, d->items[k]))
			return false;
	}
	return true;
}

static void set_state(struct plan *p, size_t step, enum step_state state, int code, char *note)
{
	p->steps[step].state = state;
	p->steps[step].code = code;
	free(p->steps[step].note);
	p->steps[step].note = note;
}

static size_t add_unmet(struct auto_state *a, size_t i, const char *dependency, struct plan *p)
{
	const struct auto_module *m = &a->modules[i];
	size_t s = plan_add(p, STEP_INSTALL, m->module, m->version, a->target->kernel, a->target->arch,
			    STEP_OPTIONAL);

	set_state(p, s, STEP_UNMET, -E_DEPENDS_MISSING,
		  xasprintf("waits for %s, which is not installed", dependency));
	return s;
}

/* The first step of module i's pair build + install waits for what it depends on. */
static void wait_for_dependencies(struct auto_state *a, size_t i, size_t first, struct plan *p)
{
	const struct strv *d = a->modules[i].depends;

	for (size_t k = 0; d && k < d->n; k++) {
		size_t on = find_auto(a, d->items[k]);

		if (on != NO_STEP && a->steps[on] != NO_STEP && !is_installed(a, d->items[k]))
			plan_wait(p, first, a->steps[on], NEED_NOT_FAILED);
	}
}

/* The dependencies that dkms does not know, with blanks between; NULL if there are none. */
static char *unknown_dependencies(const struct auto_state *a, size_t i)
{
	const struct strv *d = a->modules[i].depends;
	CLEAN(strv) struct strv names = { 0 };

	for (size_t k = 0; d && k < d->n; k++)
		if (!is_known(a, d->items[k]) && !is_installed(a, d->items[k]))
			strv_add(&names, d->items[k]);
	return names.n ? strv_join(&names, " ") : NULL;
}

static void add_candidate(struct auto_state *a, size_t i, struct plan *p)
{
	const struct auto_module *m = &a->modules[i];
	const char *dependency = hopeless_dependency(a, i);
	CLEAN(free) char *unknown = unknown_dependencies(a, i);
	struct plan_request one = *a->rq;
	size_t first = p->n;

	if (dependency) {
		a->steps[i] = add_unmet(a, i, dependency, p);
		return;
	}
	if (unknown) {
		/* deferred, unless one of the others that it waits for fails */
		a->steps[i] = plan_add(p, STEP_INSTALL, m->module, m->version, a->target->kernel,
				       a->target->arch, STEP_OPTIONAL);
		p->steps[first].note = xasprintf("waits for %s, which dkms does not know", unknown);
		p->steps[first].flags |= STEP_DEFER;
		wait_for_dependencies(a, i, first, p);
		return;
	}
	one.module = m->module;
	one.version = m->version;
	a->steps[i] = add_install(&one, a->target, NO_STEP, p);
	for (size_t k = first; k < p->n; k++)
		p->steps[k].flags |= STEP_OPTIONAL;
	wait_for_dependencies(a, i, first, p);
}

static void add_bad_conf(struct auto_state *a, size_t i, struct plan *p)
{
	const struct auto_module *m = &a->modules[i];

	a->steps[i] = plan_add(p, STEP_INSTALL, m->module, m->version, a->target->kernel,
			       a->target->arch, STEP_OPTIONAL);
	set_state(p, a->steps[i], STEP_FAILED, -E_BAD_CONF, xstrdup("its dkms.conf is invalid"));
}

/* In rounds: whatever waits for nothing that is still to come. What is left then is part of a cycle, or
 * waits for one. */
static void order_candidates(struct auto_state *a, struct plan *p)
{
	for (bool progress = true; progress;) {
		progress = false;
		for (size_t i = 0; i < a->n; i++) {
			if (!a->candidate[i] || a->ordered[i] || !waits_only_for_ordered(a, i))
				continue;
			add_candidate(a, i, p);
			a->ordered[i] = true;
			progress = true;
		}
	}
	for (size_t i = 0; i < a->n; i++)
		if (a->candidate[i] && !a->ordered[i]) {
			CLEAN(free) char *names = strv_join(a->modules[i].depends, " ");

			a->steps[i] = add_unmet(a, i, names, p);
		}
}

static void autoinstall_one(const struct plan_request *rq, const struct target *t, const struct auto_module *modules,
			    size_t n, struct plan *p)
{
	struct auto_state a = { .rq = rq, .modules = modules, .n = n, .target = t };

	a.steps = xcalloc(n, sizeof(*a.steps));
	a.candidate = xcalloc(n, sizeof(*a.candidate));
	a.ordered = xcalloc(n, sizeof(*a.ordered));
	for (size_t i = 0; i < n; i++) {
		const struct snap_build *b =
			snapshot_build(rq->snapshot, modules[i].module, modules[i].version, t->kernel, t->arch);

		a.steps[i] = NO_STEP;
		if (b && b->installed)
			continue;
		if (modules[i].bad_conf)
			add_bad_conf(&a, i, p);
		else
			a.candidate[i] = modules[i].autoinstall;
	}
	order_candidates(&a, p);
	free(a.steps);
	free(a.candidate);
	free(a.ordered);
}

void plan_for_autoinstall(const struct plan_request *rq, const struct auto_module *modules, size_t n,
			  struct plan *p)
{
	for (size_t t = 0; t < rq->n_targets; t++)
		autoinstall_one(rq, &rq->targets[t], modules + t * n, n, p);
	if (p->n)
		add_closing_steps(rq, p);
}

/* the others ------------------------------------------------------------------------------------ */

void plan_for_match(const struct plan_request *rq, const char *template_kernel, struct plan *p)
{
	for (size_t m = 0; m < rq->snapshot->n_modules; m++) {
		const char *module = rq->snapshot->modules[m].name;
		const struct snap_version *v;
		struct plan_request one = *rq;

		if (rq->module && !str_eq(rq->module, module))
			continue;
		v = snapshot_installed(rq->snapshot, module, template_kernel, rq->targets->arch);
		if (!v || v->state != VERSION_ADDED)
			continue;
		one.module = module;
		one.version = v->version;
		add_install(&one, rq->targets, NO_STEP, p);
	}
	if (p->n)
		add_closing_steps(rq, p);
}

void plan_for_kernel_removal(const struct plan_request *rq, const struct strv *only,
			     struct plan *p)
{
	for (size_t m = 0; m < rq->snapshot->n_modules; m++) {
		const struct snap_module *mod = &rq->snapshot->modules[m];

		for (size_t v = 0; v < mod->n_versions; v++) {
			const char *version = mod->versions[v].version;
			CLEAN(free) char *name = xasprintf("%s/%s", mod->name, version);

			if ((!only || strv_has(only, name)) &&
			    snapshot_concerns(rq->snapshot, mod->name, version, rq->targets->kernel, rq->targets->arch))
				add_unbuild(rq, mod->name, version, rq->targets, 0, p);
		}
	}
	if (p->n)
		add_closing_steps(rq, p);
}
