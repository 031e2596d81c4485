/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan.h"

#include "base/mem.h"

size_t plan_add(struct plan *p, enum step_kind kind, const char *module, const char *version,
		const char *kernel, const char *arch, unsigned flags)
{
	p->steps = xreallocarray(p->steps, p->n + 1, sizeof(*p->steps));
	p->steps[p->n] = (struct step){
		.kind = kind,
		.module = xstrdup(module),
		.version = xstrdup(version),
		.kernel = xstrdup(kernel),
		.arch = xstrdup(arch),
		.flags = flags,
	};
	return p->n++;
}

void plan_wait(struct plan *p, size_t step, size_t for_step, enum need need)
{
	struct step *s = &p->steps[step];

	s->waits = xreallocarray(s->waits, s->n_waits + 1, sizeof(*s->waits));
	s->waits[s->n_waits++] = (struct step_wait){ for_step, need };
}

size_t plan_find(const struct plan *p, enum step_kind kind, const char *module, const char *version,
		 const char *kernel, const char *arch)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];

		if (s->kind == kind && str_eq(s->module, module) &&
		    (!version || str_eq(s->version, version)) && str_eq(s->kernel, kernel) &&
		    str_eq(s->arch, arch))
			return i;
	}
	return (size_t)-1;
}

size_t plan_find_depmod(const struct plan *p, const char *kernel)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].kind == STEP_DEPMOD && str_eq(p->steps[i].kernel, kernel))
			return i;
	return (size_t)-1;
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct step *s = &p->steps[i];

		free(s->module);
		free(s->version);
		free(s->kernel);
		free(s->arch);
		free(s->from);
		free(s->waits);
		free(s->note);
		free(s->replaced);
		strv_done(&s->kept);
		strv_done(&s->came);
	}
	free(p->steps);
	*p = (struct plan){ 0 };
}

static bool need_is_met(enum need need, enum step_state state)
{
	switch (need) {
	case NEED_DONE:
		return state == STEP_DONE || state == STEP_NOTHING;
	case NEED_NOT_FAILED:
		return state == STEP_DONE || state == STEP_NOTHING || state == STEP_SKIPPED;
	default:
		return true;
	}
}

enum step_ready plan_ready(const struct plan *p, size_t i)
{
	const struct step *s = &p->steps[i];
	bool waiting = false;

	for (size_t k = 0; k < s->n_waits; k++) {
		enum step_state state = p->steps[s->waits[k].step].state;

		if (state == STEP_WAITING || state == STEP_RUNNING)
			waiting = true;
		else if (!need_is_met(s->waits[k].need, state))
			return READY_NEVER;
	}
	return waiting ? READY_NOT_YET : READY_GO;
}

size_t plan_next(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].state == STEP_WAITING && plan_ready(p, i) != READY_NOT_YET)
			return i;
	return (size_t)-1;
}

int plan_code(const struct plan *p)
{
	int skipped = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];

		if (s->state == STEP_FAILED || s->state == STEP_UNMET)
			return s->code;
		if (s->state == STEP_SKIPPED && !skipped && !(s->flags & (STEP_AGAIN | STEP_OPTIONAL)))
			skipped = s->code;
	}
	return skipped;
}

bool plan_changed(const struct plan *p, const char *kernel)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];

		if (s->state != STEP_DONE || s->kind == STEP_DEPMOD || s->kind == STEP_POST_TRANSACTION)
			continue;
		if (!kernel || str_eq(s->kernel, kernel))
			return true;
	}
	return false;
}

const char *step_kind_name(enum step_kind k)
{
	static const char *const names[] = {
		[STEP_ADD] = "add",
		[STEP_LOAD] = "load",
		[STEP_BUILD] = "build",
		[STEP_INSTALL] = "install",
		[STEP_UNINSTALL] = "uninstall",
		[STEP_UNBUILD] = "unbuild",
		[STEP_FORGET] = "forget",
		[STEP_DEPMOD] = "depmod",
		[STEP_POST_TRANSACTION] = "post_transaction",
		[STEP_SIGN] = "sign",
		[STEP_PACKAGE] = "package",
	};

	return names[k];
}

const char *step_state_name(enum step_state s)
{
	static const char *const names[] = {
		[STEP_WAITING] = "waiting",
		[STEP_RUNNING] = "running",
		[STEP_DONE] = "done",
		[STEP_NOTHING] = "nothing",
		[STEP_SKIPPED] = "skipped",
		[STEP_FAILED] = "failed",
		[STEP_UNMET] = "unmet",
		[STEP_DEFERRED] = "deferred",
		[STEP_CANCELLED] = "cancelled",
	};

	return names[s];
}

void plan_print(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];

		buf_add_fmt(out, "%zu %s", i + 1, step_kind_name(s->kind));
		if (s->module)
			buf_add_fmt(out, " %s/%s", s->module, s->version ? s->version : "*");
		if (s->kernel)
			buf_add_fmt(out, " %s %s", s->kernel, s->arch);
		for (size_t k = 0; k < s->n_waits; k++)
			buf_add_fmt(out, "%s%zu%s", k ? ", " : " (after ", s->waits[k].step + 1,
				    k + 1 == s->n_waits ? ")" : "");
		if (s->state != STEP_WAITING)
			buf_add_fmt(out, " [%s%s%s]", step_state_name(s->state), s->note ? ": " : "",
				    s->note ? s->note : "");
		buf_add_char(out, '\n');
	}
}
