/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_ORIGINALS_H
#define DKMS_ENGINE_ORIGINALS_H

#include "engine/internal.h"
#include "sys/commit.h"

/* Saved originals that are to go back. */
struct originals {
	struct strv copies, homes; /* where each is, and where it goes */
	struct strv taken;	   /* where others would go, which do not go back as another file has come there */
};

void originals_done(struct originals *o);

/* original_save (sys/install_tree.h) for a step: what the copy has lost is told. */
int engine_save_original(const struct engine *e, const struct step *s, const char *path, const char *dir,
			 struct fail *f);
/* Adds to a commit the undoing of originals_stage. */
void originals_undo(const struct originals *o, const char *kernel_dir, struct commit *undo);
/* Copies them to where they belong, under names that nobody takes for modules. */
int originals_stage(const struct engine *e, const struct step *s, const struct originals *o, struct fail *f);
/* Adds to a commit the renames of what was staged. */
void originals_return(const struct originals *o, struct commit *c);
/* Adds to a commit that their copies go, and the directories below `stop` that this empties. */
void originals_forget(const struct originals *o, const char *stop, struct commit *c);
/* Says what went back and what did not. */
void originals_tell(const struct engine *e, const struct step *s, const struct originals *o);

#endif
