/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/originals.h"

#include "base/mem.h"
#include "base/path.h"
#include "sys/install_tree.h"

static void tell_of_lost(const struct engine *e, const struct step *s, const char *path,
			 const char *how, const struct strv *lost)
{
	for (size_t i = 0; i < lost->n; i++) {
		CLEAN(free) char *text = xasprintf("the original module '%s' is %s without its %s", path,
						   how, lost->items[i]);

		engine_warn(e, s, text, NULL);
	}
}

int engine_save_original(const struct engine *e, const struct step *s, const char *path, const char *dir,
			 struct fail *f)
{
	CLEAN(strv) struct strv lost = { 0 };
	int r = original_save(path, dir, &lost, f);

	if (r == 0)
		tell_of_lost(e, s, path, "kept", &lost);
	return r;
}

void originals_done(struct originals *o)
{
	strv_done(&o->copies);
	strv_done(&o->homes);
	strv_done(&o->taken);
}

void originals_undo(const struct originals *o, const char *kernel_dir, struct commit *undo)
{
	for (size_t i = 0; i < o->homes.n; i++) {
		CLEAN(free) char *staged = module_file_staged(o->homes.items[i]);
		CLEAN(free) char *dir = path_dir(o->homes.items[i]);

		commit_unlink(undo, staged);
		commit_prune(undo, dir, kernel_dir);
	}
}

static int stage_one(const struct engine *e, const struct step *s, const char *copy, const char *home,
		     struct fail *f)
{
	CLEAN(strv) struct strv lost = { 0 };
	int r = original_stage(copy, home, &lost, f);

	if (r == 0)
		tell_of_lost(e, s, home, "put back", &lost);
	return r;
}

int originals_stage(const struct engine *e, const struct step *s, const struct originals *o, struct fail *f)
{
	int r = 0;

	for (size_t i = 0; i < o->homes.n && r == 0; i++)
		r = stage_one(e, s, o->copies.items[i], o->homes.items[i], f);
	return r;
}

void originals_return(const struct originals *o, struct commit *c)
{
	for (size_t i = 0; i < o->homes.n; i++) {
		CLEAN(free) char *staged = module_file_staged(o->homes.items[i]);

		commit_rename(c, staged, o->homes.items[i]);
	}
}

void originals_forget(const struct originals *o, const char *stop, struct commit *c)
{
	for (size_t i = 0; i < o->copies.n; i++) {
		CLEAN(free) char *origin = xasprintf("%s.origin", o->copies.items[i]);
		CLEAN(free) char *dir = path_dir(o->copies.items[i]);

		commit_unlink(c, o->copies.items[i]);
		commit_unlink(c, origin);
		commit_prune(c, dir, stop);
	}
}

void originals_tell(const struct engine *e, const struct step *s, const struct originals *o)
{
	for (size_t i = 0; i < o->homes.n; i++)
		engine_note(e, s, "original module %s restored", o->homes.items[i]);
	for (size_t i = 0; i < o->taken.n; i++)
		engine_note(e, s, "original module %s not restored: another module of that name has come there since",
			    o->taken.items[i]);
}
