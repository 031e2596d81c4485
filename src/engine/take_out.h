/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_TAKE_OUT_H
#define DKMS_ENGINE_TAKE_OUT_H

#include "engine/internal.h"
#include "sys/journal.h"

/*
 * Takes a version out of a kernel, in one commit: originals go back, its files and what they leave empty go, the
 * active link goes. Without scripts and depmod. Used by uninstall and to undo an install.
 */
int take_out(struct engine *e, const struct step *s, struct fail *f);

/* The files that take_out would remove. */
void take_out_list(struct engine *e, const struct step *s, struct strv *ret_paths);

/*
 * Adds to a commit the removal of the files of another version of s's module, but for those in `keep`: what is left
 * behind when s's version takes its place. Negative: some could not be looked at.
 */
int take_out_left_behind(struct engine *e, const struct step *s, const char *version,
			 const struct strv *keep, struct commit *c, struct fail *f);

#endif
