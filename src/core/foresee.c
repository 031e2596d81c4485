/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/foresee.h"

#include "base/mem.h"

static void set_nothing(struct step *s, const char *note)
{
	s->state = STEP_NOTHING;
	str_set(&s->note, note);
}

/* Does another step that has work come first and change what the snapshot shows? */
static bool waits_for_work(const struct plan *p, const struct step *s)
{
	for (size_t i = 0; i < s->n_waits; i++) {
		const struct step *on = &p->steps[s->waits[i].step];

		if (on->state == STEP_WAITING && str_eq(on->module, s->module))
			return true;
	}
	return false;
}

static void foresee_step(const struct plan *p, struct step *s, const struct snapshot *snap)
{
	const struct snap_version *v = snapshot_version(snap, s->module, s->version);
	const struct snap_build *b =
		s->kernel ? snapshot_build(snap, s->module, s->version, s->kernel, s->arch) : NULL;
	bool again = s->flags & (STEP_FORCED | STEP_AGAIN | STEP_RELOAD);

	if (waits_for_work(p, s))
		return;
	switch (s->kind) {
	case STEP_ADD:
		if (v && v->state == VERSION_ADDED && !again)
			set_nothing(s, "already added");
		break;
	case STEP_LOAD:
		if (b && b->built && !again)
			set_nothing(s, "already built, and kept");
		break;
	case STEP_BUILD:
		if (b && b->built && !again)
			set_nothing(s, "already built");
		break;
	case STEP_INSTALL:
		if (b && b->installed && !again)
			set_nothing(s, "already installed");
		break;
	case STEP_UNINSTALL:
		if ((!b || !b->installed) &&
		    !snapshot_has_remnant(snap, s->module, s->version, s->kernel, s->arch))
			set_nothing(s, "not installed");
		break;
	case STEP_UNBUILD:
		if (!b)
			set_nothing(s, "not built");
		break;
	default:
		break;
	}
}

static bool has_work_for(const struct plan *p, const struct step *closing)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];

		if (s->state != STEP_WAITING || s->kind == STEP_DEPMOD ||
		    s->kind == STEP_POST_TRANSACTION)
			continue;
		if (!s->kernel || str_eq(s->kernel, closing->kernel))
			return true;
	}
	return false;
}

/* A version is forgotten only when no other kernel needs it. */
static void foresee_forget(const struct plan *p, struct step *s, const struct snapshot *snap)
{
	const struct snap_version *v = snapshot_version(snap, s->module, s->version);

	for (size_t i = 0; v && i < v->n_builds; i++)
		if (plan_find(p, STEP_UNBUILD, s->module, s->version, v->builds[i].kernel,
			      v->builds[i].arch) == (size_t)-1) {
			set_nothing(s, "another kernel needs it");
			return;
		}
}

void plan_foresee(struct plan *p, const struct snapshot *snap)
{
	for (size_t i = 0; i < p->n; i++) {
		struct step *s = &p->steps[i];

		if (s->state != STEP_WAITING || (s->flags & STEP_DEFER))
			continue;
		if (s->kind == STEP_FORGET)
			foresee_forget(p, s, snap);
		else if (s->module)
			foresee_step(p, s, snap);
		else if (!has_work_for(p, s))
			set_nothing(s, NULL);
	}
}

bool plan_has_work(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].state == STEP_WAITING && !(p->steps[i].flags & STEP_DEFER))
			return true;
	return false;
}

static void describe_target(const struct step *s, struct buf *out)
{
	if (s->module)
		buf_add_fmt(out, " %s/%s", s->module, s->version ? s->version : "*");
	if (s->kernel)
		buf_add_fmt(out, " for kernel %s (%s)", s->kernel, s->arch);
	if (s->from)
		buf_add_fmt(out, " from '%s'", s->from);
}

/* Only what has a number of its own can be waited for. */
static void describe_waits(const struct step *s, const size_t *numbers, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < s->n_waits; i++) {
		if (!numbers[s->waits[i].step])
			continue;
		buf_add_fmt(out, "%s%zu", first ? ", after " : ", ", numbers[s->waits[i].step]);
		first = false;
	}
}

void plan_describe(const struct plan *p, struct buf *out)
{
	CLEAN(free) size_t *numbers = xcalloc(p->n, sizeof(*numbers));
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].state == STEP_WAITING && !(p->steps[i].flags & STEP_DEFER))
			numbers[i] = ++n;
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];

		if (!numbers[i] && !s->note)
			continue;
		if (numbers[i])
			buf_add_fmt(out, "%zu. %s", numbers[i], step_kind_name(s->kind));
		else
			buf_add_fmt(out, "-  not %s", step_kind_name(s->kind));
		describe_target(s, out);
		if (numbers[i])
			describe_waits(s, numbers, out);
		else
			buf_add_fmt(out, ": %s", s->note);
		buf_add_char(out, '\n');
	}
}
