/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "sys/build_publish.h"
#include "sys/journal.h"
#include "sys/tree_copy.h"

static int intend(struct engine *e, const struct step *s, const char *stage, const char *built,
		  struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free)
	char *dir = path_dir(built),
	     *version = layout_version(&l), *old = dir_replaced(built);
	CLEAN(commit) struct commit undo = { 0 };

	commit_put_back(&undo, old, built);
	commit_remove_tree(&undo, stage);
	commit_prune(&undo, dir, version);
	return journal_intend(e->setup->dkms_tree, "", &undo, f);
}

/* The renames in dir_replace decide; the intent takes away what is left, be it new or old. */
int engine_replace_built(struct engine *e, const struct step *s, const char *from,
			 engine_finish *finish, void *ctx, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *built = layout_built(&l), *dir = path_dir(built);
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
		r = tree_copy(from ? from : built, stage, f);
	if (r == 0)
		r = finish(ctx, stage, f);
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
