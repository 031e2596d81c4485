/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/hold_kernel.h"
#include "engine/kept.h"
#include "engine/take_out.h"
#include "sys/depmod.h"
#include "sys/journal.h"
#include "sys/modprobe.h"

static char *index_record(const struct step *s)
{
	return xasprintf("index-%s", s->kernel);
}

int engine_need_index(struct engine *e, const struct step *s, struct fail *f)
{
	CLEAN(free) char *name = index_record(s);
	CLEAN(commit) struct commit c = { 0 };

	if (e->setup->no_depmod)
		return 0;
	commit_index(&c, e->setup->install_tree, s->kernel);
	return journal_intend(e->setup->dkms_tree, name, &c, f);
}

void engine_has_index(struct engine *e, const struct step *s)
{
	CLEAN(free) char *name = index_record(s);

	journal_forget(e->setup->dkms_tree, name);
}

static bool touched_install_tree(const struct step *s, const struct step *depmod)
{
	return (s->kind == STEP_INSTALL || s->kind == STEP_UNINSTALL) && s->state == STEP_DONE &&
	       str_eq(s->kernel, depmod->kernel);
}

/* To built; where another version was installed before, that one is again; where it was the same, its files are. */
static int go_back(struct engine *e, struct step *s, struct fail *f)
{
	struct step old;
	int r;

	if (kept_any(e, s))
		return kept_restore(e, s, f);
	/* uninstalled since: those are not to come back */
	kept_drop(e, s);
	if (!s->replaced)
		return take_out(e, s, f);
	old = *s;
	old.version = s->replaced;
	old.replaced = NULL;
	old.flags = STEP_AGAIN;
	r = step_install(e, &old, f);
	free(old.replaced);
	return r;
}

/* What of this run depmod may not like. */
static bool may_go_back(const struct step *s, const struct step *depmod)
{
	return s->kind == STEP_INSTALL && !(s->flags & STEP_AGAIN) && touched_install_tree(s, depmod);
}

/* The files that it had replaced are there again. */
static bool is_restored(const struct step *s, const struct step *depmod)
{
	return s->kind == STEP_INSTALL && s->state == STEP_FAILED && s->kept.n && str_eq(s->kernel, depmod->kernel);
}

static bool has_guilty(struct engine *e, const struct step *s, const struct strv *guilty)
{
	CLEAN(strv) struct strv files = { 0 };

	take_out_list(e, s, &files);
	for (size_t i = 0; i < guilty->n; i++) {
		CLEAN(free) char *path = path_join(e->setup->install_tree, s->kernel, guilty->items[i]);
		CLEAN(free) char *clean = path_squeeze(path);

		for (size_t k = 0; k < files.n; k++) {
			CLEAN(free) char *file = path_squeeze(files.items[k]);

			if (str_eq(file, clean))
				return true;
		}
	}
	return false;
}

/* Whom depmod fails for; suspected first: the files of steps that `is` says yes to. */
static void blame(struct engine *e, const struct step *depmod, bool is(const struct step *s, const struct step *depmod),
		  struct strv *ret_guilty)
{
	CLEAN(strv) struct strv ours = { 0 };

	for (size_t i = 0; i < e->plan->n; i++)
		if (is(&e->plan->steps[i], depmod))
			take_out_list(e, &e->plan->steps[i], &ours);
	depmod_blame(e->setup->install_tree, depmod->kernel, e->setup->environment, &ours, ret_guilty);
}

/* Names those that depmod fails for in its error. */
static void find_guilty(struct engine *e, const struct step *depmod, struct strv *ret_guilty, struct fail *f)
{
	CLEAN(free) char *names = NULL;

	engine_phase(e, depmod, "depmod failed: looking for the module");
	blame(e, depmod, may_go_back, ret_guilty);
	if (!ret_guilty->n)
		return;
	names = strv_join(ret_guilty, "', '");
	fail_wrap(f, "depmod makes no index of kernel %s's modules with '%s' among them", depmod->kernel, names);
}

/* What this run installed on the kernel; guilty: only those packages that have one of them, false if there are none.
 */
static bool roll_back(struct engine *e, const struct step *depmod, const struct strv *guilty)
{
	bool went = false;

	for (size_t i = 0; i < e->plan->n; i++) {
		struct step *s = &e->plan->steps[i];
		CLEAN(fail) struct fail why = { 0 };

		if (!may_go_back(s, depmod) || (guilty && !has_guilty(e, s, guilty)))
			continue;
		went = true;
		if (go_back(e, s, &why) < 0) {
			engine_warn(e, s, why.text, why.hint);
			continue;
		}
		s->state = STEP_FAILED;
		s->code = -E_DEPMOD_FAILED;
		engine_note(e, s, "%s/%s for kernel %s is back to %s", s->module, s->version, s->kernel,
			    s->kept.n ? "what was installed" : s->replaced ? s->replaced : "built");
	}
	return went;
}

/* Of what is there while nobody else changes it: a signal does not keep what is installed from its index. */
static int make_index(struct engine *e, const struct step *depmod, struct fail *f)
{
	CLEAN(kernel_lock) struct kernel_lock held = { .fd = -1 };
	int r = engine_hold_kernel(e, depmod, true, &held, f);

	return r == 0 ? depmod_run(e->setup->install_tree, depmod->kernel, e->setup->environment, f) : r;
}

/* What is back may be what depmod does not like: then it goes, too. */
static bool give_up_kept(struct engine *e, const struct step *depmod)
{
	CLEAN(strv) struct strv guilty = { 0 };
	bool any = false, went = false;

	for (size_t i = 0; i < e->plan->n; i++)
		any = any || is_restored(&e->plan->steps[i], depmod);
	if (any)
		blame(e, depmod, is_restored, &guilty);
	for (size_t i = 0; i < e->plan->n && guilty.n; i++) {
		struct step *s = &e->plan->steps[i];
		CLEAN(fail) struct fail why = { 0 };

		if (!is_restored(s, depmod) || !has_guilty(e, s, &guilty))
			continue;
		kept_drop(e, s);
		if (take_out(e, s, &why) < 0)
			engine_warn(e, s, why.text, why.hint);
		else
			engine_note(e, s, "%s/%s for kernel %s is back to built", s->module, s->version, s->kernel);
		went = true;
	}
	return went;
}

/* The index of what is left after going back. */
static int index_again(struct engine *e, const struct step *depmod, bool is_judgement)
{
	int r = make_index(e, depmod, NULL);

	return r == -E_DEPMOD_FAILED && is_judgement && give_up_kept(e, depmod) ? make_index(e, depmod, NULL) : r;
}

/* The same when those that depmod does not like are back where they were: its result. */
static int index_without(struct engine *e, const struct step *depmod, bool is_judgement, struct fail *f)
{
	CLEAN(strv) struct strv guilty = { 0 };
	int r = -E_DEPMOD_FAILED;

	if (is_judgement)
		find_guilty(e, depmod, &guilty, f);
	if (guilty.n && roll_back(e, depmod, &guilty))
		r = index_again(e, depmod, is_judgement);
	if (r >= 0)
		return r;
	roll_back(e, depmod, NULL);
	return index_again(e, depmod, is_judgement);
}

/* --modprobe-on-install, once for all that came to the running kernel. */
static void load_modules(struct engine *e, const struct step *depmod)
{
	bool came = false;

	if (!e->setup->modprobe_on_install || !str_eq(depmod->kernel, e->setup->running_kernel))
		return;
	for (size_t i = 0; i < e->plan->n; i++)
		came = came || (e->plan->steps[i].kind == STEP_INSTALL &&
				touched_install_tree(&e->plan->steps[i], depmod));
	if (came) {
		engine_phase(e, depmod, "loading modules");
		modprobe_all(e->setup->environment);
	}
}

static int index_kernel(struct engine *e, struct step *s, struct fail *f)
{
	bool needed, is_left;
	int r, now;

	/* a commit that failed in the middle has changed something too; the next dkms goes on with it,
	 * and with depmod */
	needed = is_left = journal_is_left(e->setup->dkms_tree);
	for (size_t i = 0; i < e->plan->n; i++)
		needed = needed || touched_install_tree(&e->plan->steps[i], s);
	if (!needed || e->setup->no_depmod) {
		engine_has_index(e, s);
		return 1;
	}
	engine_phase(e, s, "depmod");
	r = make_index(e, s, f);
	if (r == DEPMOD_NO_INDEX) {
		engine_has_index(e, s);
		engine_note(e, s, "depmod is not run for kernel %s: it has no modules.dep", s->kernel);
		return 1;
	}
	now = r < 0 ? index_without(e, s, r == -E_DEPMOD_FAILED, f) : r;
	/* what depmod does not like it will not like tomorrow; a full disk may be less full */
	is_left = is_left || (now < 0 && now != -E_DEPMOD_FAILED);
	if (!is_left)
		engine_has_index(e, s);
	if (now >= 0)
		load_modules(e, s);
	return r < 0 ? f->code = -E_DEPMOD_FAILED : 0;
}

/* Whatever came of it: the files that were replaced have served. */
int step_depmod(struct engine *e, struct step *s, struct fail *f)
{
	int r = index_kernel(e, s, f);

	for (size_t i = 0; i < e->plan->n; i++)
		if (e->plan->steps[i].kind == STEP_INSTALL && str_eq(e->plan->steps[i].kernel, s->kernel))
			kept_drop(e, &e->plan->steps[i]);
	return r;
}
