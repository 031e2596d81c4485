/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_TAKE_OUT_H
#define DKMS_ENGINE_TAKE_OUT_H

#include "engine/internal.h"
#include "engine/originals.h"
#include "sys/journal.h"

/*
 * Takes a version out of a kernel, in one commit: originals go back, its files and what they leave empty go, the
 * active link goes. Without scripts and depmod. Used by uninstall and to undo an install.
 */
int take_out(struct engine *e, const struct step *s, struct fail *f);

/* Is a file at the place of a module of that name of some version of s's module, as far as what is built can tell? Yes,
 * where that cannot be seen. */
bool take_out_knows(struct engine *e, const struct step *s, const char *path, const char *name);

/* The files that take_out would remove. */
void take_out_list(struct engine *e, const struct step *s, struct strv *ret_paths);

/* What a version has in a kernel, for the one that takes its place. */
struct left_behind {
	struct strv names; /* its modules */
	struct strv files; /* as take_out_list */
	struct originals originals; /* what goes back, as nothing replaces it any more */
};

void left_behind_done(struct left_behind *l);
static inline void clean_left_behind(struct left_behind *l)
{
	left_behind_done(l);
}

/*
 * Looks at what a version of s's module has in the kernel. brought: the names of the modules that take their places;
 * the originals of others go back; NULL: none do. Under the kernel's lock. Negative: something could not be looked at.
 */
int take_out_look(struct engine *e, const struct step *s, const char *version, const struct strv *brought,
		  struct left_behind *ret, struct fail *f);
/*
 * Adds to a commit what is left behind when s's version takes the place of the one that was looked at: its originals,
 * which have been staged, go back, its files go, but for those in `keep`, to which is added what goes back. Negative:
 * some could not be looked at.
 */
int take_out_left_behind(struct engine *e, const struct step *s, const char *version,
			 const struct left_behind *left, struct strv *keep, struct commit *c, struct fail *f);

#endif
