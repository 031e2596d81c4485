/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/internal.h"
#include "sys/build_publish.h"
#include "sys/journal.h"
#include "sys/tree_copy.h"

/* What was copied must be on the disk before a name says that it is complete. */
static int sync_tree(const char *dir)
{
	CLEAN(fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

static int copy(const struct step *s, const char *stage, struct fail *f)
{
	CLEAN(free) char *dir = path_dir(stage);
	int r = tree_remove(stage);

	if (r == 0)
		r = dir_make(dir);
	if (r < 0)
		return fail_errno(f, r, "cannot make '%s'", stage);
	r = tree_copy(s->from, stage, f);
	if (r < 0)
		return r;
	r = sync_tree(stage);
	return r < 0 ? fail_errno(f, r, "cannot write '%s'", stage) : 0;
}

/* Beside, then in one step; should dkms die meanwhile the next one takes away what is half done. */
static int publish(struct engine *e, const struct step *s, const char *built, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *dir = path_dir(built), *version = layout_version(&l);
	CLEAN(free) char *stage = xasprintf("%s/.%s.dkms-new", dir, s->arch);
	CLEAN(commit) struct commit undo = { 0 };
	const char *tree = e->setup->dkms_tree;
	int r;

	commit_remove_tree(&undo, stage);
	commit_prune(&undo, dir, version);
	r = journal_intend(tree, "", &undo, f);
	if (r == 0)
		r = copy(s, stage, f);
	if (r == 0) {
		r = dir_replace(stage, built);
		if (r == 0)
			r = dir_sync_of(built);
		if (r < 0)
			fail_errno(f, r, "cannot store the built modules in '%s'", built);
	}
	if (r < 0)
		journal_abandon(tree, "");
	else
		journal_forget(tree, "");
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
	return publish(e, s, built, f);
}
