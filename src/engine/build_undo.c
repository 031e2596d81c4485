/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/build_undo.h"

#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/build.h"
#include "sys/build_publish.h"
#include "sys/journal.h"
#include "sys/private_build.h"

static struct layout layout_of(const struct build_undo *u, size_t step)
{
	return engine_layout(u->e, &u->e->plan->steps[step]);
}

static char *record_name(size_t step)
{
	return xasprintf("build%zu", step);
}

/* Files that are half written where the results are. */
static void list_half_files(const struct layout *l, struct strv *ret)
{
	CLEAN(free) char *log = layout_log(l), *failed = layout_failed(l);
	CLEAN(free) char *failed_log = path_join(failed, "log"), *record = path_join(failed, "record");
	const char *const files[] = { log, failed_log, record };

	for (size_t i = 0; i < COUNT_OF(files); i++)
		strv_take(ret, file_beside(files[i]));
}

int build_undo_record(struct build_undo *u, size_t step, bool is_private, struct fail *f)
{
	struct layout l = layout_of(u, step);
	CLEAN(free) char *own = private_build_dir(&l), *all = path_dir(own), *build = layout_build_dir(&l);
	CLEAN(free) char *version = layout_version(&l), *stage = build_stage_dir(&l);
	CLEAN(free) char *name = record_name(step), *built = layout_built(&l), *old = dir_replaced(built);
	CLEAN(free) char *failed = layout_failed(&l), *kernel_dir = path_dir(built);
	CLEAN(strv) struct strv half = { 0 };
	CLEAN(commit) struct commit undo = { 0 };
	int r;

	commit_put_back(&undo, old, built);
	commit_prune(&undo, kernel_dir, version);
	commit_remove_tree(&undo, stage);
	commit_remove_tree(&undo, own);
	commit_prune(&undo, all, version);
	list_half_files(&l, &half);
	for (size_t i = 0; i < half.n; i++)
		commit_unlink(&undo, half.items[i]);
	commit_prune(&undo, failed, version);
	commit_remove_tree(&undo, build);
	/* as an add leaves it; as a build that went well does not */
	commit_make_dir(&undo, build, built);
	r = journal_intend(u->e->setup->dkms_tree, name, &undo, f);
	if (r == 0 && is_private) {
		u->open = xreallocarray(u->open, u->n + 1, sizeof(*u->open));
		u->open[u->n++] = step;
	}
	return r;
}

static void close_step(struct build_undo *u, size_t step)
{
	for (size_t i = u->n; i-- > 0;)
		if (u->open[i] == step)
			u->open[i] = u->open[--u->n];
}

void build_undo_forget(struct build_undo *u, size_t step)
{
	CLEAN(free) char *name = record_name(step);

	journal_forget(u->e->setup->dkms_tree, name);
	close_step(u, step);
}

/* What the build could not remove. */
static void take_away(const struct layout *l, struct commit *c)
{
	CLEAN(free) char *stage = build_stage_dir(l), *built = layout_built(l), *old = dir_replaced(built);
	CLEAN(strv) struct strv half = { 0 };

	if (path_probe(stage) != 0)
		commit_remove_tree(c, stage);
	if (path_probe(old) != 0)
		commit_put_back(c, old, built);
	list_half_files(l, &half);
	for (size_t i = 0; i < half.n; i++)
		if (path_probe(half.items[i]) != 0)
			commit_unlink(c, half.items[i]);
}

/* builds with the build directory for themselves ------------------------------------------------- */

static void end_alone(struct build_undo *u, size_t step, int code)
{
	struct layout l = layout_of(u, step);
	CLEAN(free) char *name = record_name(step), *build = layout_build_dir(&l);
	CLEAN(commit) struct commit c = { 0 };
	CLEAN(fail) struct fail why = { 0 };

	take_away(&l, &c);
	if (code == 0 && path_probe(build) != 0)
		commit_remove_tree(&c, build);
	if (c.ops.n == 0)
		journal_forget(u->e->setup->dkms_tree, name);
	else if (journal_commit(u->e->setup->dkms_tree, name, &c, &why) < 0)
		engine_warn(u->e, &u->e->plan->steps[step], why.text, why.hint);
}

/* builds side by side --------------------------------------------------------------------------- */

static bool is_sibling(const struct build_undo *u, size_t a, size_t b)
{
	const struct step *s = &u->e->plan->steps[a], *t = &u->e->plan->steps[b];

	return s->kind == STEP_BUILD && t->kind == STEP_BUILD && str_eq(s->module, t->module) &&
	       str_eq(s->version, t->version);
}

static bool has_more_to_come(const struct build_undo *u, size_t step)
{
	const struct plan *p = u->e->plan;

	for (size_t i = 0; i < p->n; i++)
		if (is_sibling(u, step, i) &&
		    (p->steps[i].state == STEP_RUNNING || p->steps[i].state == STEP_WAITING))
			return true;
	return false;
}

/* The private directory of the last build that failed: what a person finds in build/. NULL: none. */
static char *find_failed(const struct build_undo *u, size_t step)
{
	const struct plan *p = u->e->plan;

	for (size_t i = p->n; i-- > 0;) {
		struct layout l;
		CLEAN(free) char *dir = NULL;

		if (!is_sibling(u, step, i) || p->steps[i].state != STEP_FAILED)
			continue;
		l = layout_of(u, i);
		dir = private_build_dir(&l);
		if (path_lexists(dir))
			return TAKE_PTR(dir);
	}
	return NULL;
}

/* What did not go goes with the journal's help: 0 also where that is left to the next dkms. */
static int settle_by_journal(struct build_undo *u, size_t step, const char *failed)
{
	struct layout l = layout_of(u, step);
	CLEAN(free) char *own = private_build_dir(&l), *all = path_dir(own), *build = layout_build_dir(&l);
	const char *tree = u->e->setup->dkms_tree;
	CLEAN(commit) struct commit c = { 0 };

	for (size_t i = 0; i < u->n; i++)
		if (is_sibling(u, step, u->open[i])) {
			struct layout at = layout_of(u, u->open[i]);

			take_away(&at, &c);
		}
	if (path_probe(all) != 0) {
		if (failed)
			commit_replace_dir(&c, failed, build);
		else
			commit_remove_tree(&c, build);
		commit_remove_tree(&c, all);
	}
	return c.ops.n ? journal_commit(tree, "settle", &c, NULL) : 0;
}

/* After the last build of a version. */
static void settle(struct build_undo *u, size_t step)
{
	struct layout l = layout_of(u, step);
	CLEAN(free) char *failed = find_failed(u, step), *build = layout_build_dir(&l), *built = layout_built(&l);

	/* what stood in the way may be gone the second time */
	if (private_build_settle(&l, failed, NULL) < 0)
		private_build_settle(&l, failed, NULL);
	/* else what was intended as undoing still has to happen */
	if (settle_by_journal(u, step, failed) < 0)
		return;
	if (!failed && !path_lexists(built))
		dir_make(build); /* as an add leaves it */
	for (size_t i = u->n; i-- > 0;)
		if (is_sibling(u, step, u->open[i]))
			build_undo_forget(u, u->open[i]);
}

static bool is_open(const struct build_undo *u, size_t step)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->open[i] == step)
			return true;
	return false;
}

void build_undo_end(struct build_undo *u, size_t step, int code)
{
	CLEAN(free) char *name = record_name(step);
	bool is_private = is_open(u, step);

	/* what an interruption left is as useless as what a crash left */
	if (code == -ECANCELED)
		journal_abandon(u->e->setup->dkms_tree, name);
	else if (!is_private)
		end_alone(u, step, code);
	if (is_private && !has_more_to_come(u, step))
		settle(u, step);
}

void build_undo_done(struct build_undo *u)
{
	while (u->n > 0) {
		size_t step = u->open[u->n - 1];

		settle(u, step);
		close_step(u, step);
	}
	free(u->open);
	*u = (struct build_undo){ 0 };
}
