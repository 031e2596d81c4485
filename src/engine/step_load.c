/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/remnant.h"
#include "sys/build_publish.h"
#include "sys/journal.h"
#include "sys/loaded.h"
#include "sys/tree_copy.h"

static int intend(struct engine *e, const struct step *s, const char *stage, const char *built, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *dir = path_dir(built), *version = layout_version(&l), *old = dir_replaced(built);
	CLEAN(commit) struct commit undo = { 0 };

	commit_put_back(&undo, old, built);
	commit_remove_tree(&undo, stage);
	commit_prune(&undo, dir, version);
	return journal_intend(e->setup->dkms_tree, "", &undo, f);
}

/* The renames in dir_replace decide; the intent takes away what is left, be it new or old. */
static int publish(struct engine *e, const struct step *s, const char *built, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(built);
	CLEAN(free) char *stage = xasprintf("%s/.%s.dkms-new", dir, s->arch);
	int r = intend(e, s, stage, built, f);

	if (r < 0)
		return r;
	r = tree_remove(stage);
	if (r == 0)
		r = dir_make(dir);
	if (r < 0)
		fail_errno(f, r, "cannot make '%s'", built);
	else
		r = tree_copy(s->from, stage, f);
	if (r == 0) {
		r = loaded_mark(stage);
		if (r < 0)
			fail_errno(f, r, "cannot write to '%s'", stage);
	}
	if (r == 0) {
		/* what was copied must be on the disk before a name says that it is complete */
		r = tree_sync(stage);
		if (r == 0)
			r = dir_replace(stage, built);
		if (r == 0)
			r = dir_sync_of(built);
		if (r < 0)
			fail_errno(f, r, "cannot store the built modules in '%s'", built);
	}
	journal_abandon(e->setup->dkms_tree, "");
	return r;
}

int step_load(struct engine *e, struct step *s, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *built = layout_built(&l);
	const struct snap_version *v;
	const struct snap_build *b;
	int r = engine_look(e, s->module, &snap, f);

	if (r < 0)
		return r;
	if (s->flags & STEP_LOADED)
		return 0;
	v = snapshot_version(&snap, s->module, s->version);
	/* the add before this was refused, and has told why */
	if (!v || v->state != VERSION_ADDED)
		return -ECANCELED;
	b = snapshot_build(&snap, s->module, s->version, s->kernel, s->arch);
	if (b && b->built && !(s->flags & STEP_FORCED)) {
		CLEAN(free) char *text = xasprintf("%s/%s is built for kernel %s (%s) already: kept, not "
						   "replaced by the archive's", s->module, s->version,
						   s->kernel, s->arch);

		engine_warn(e, s, text, "with --force it is replaced");
		return 1;
	}
	engine_phase(e, s, "loading the built modules");
	r = remnant_mark(e, s, f);
	return r < 0 ? r : publish(e, s, built, f);
}
