/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_BUILD_UNDO_H
#define DKMS_ENGINE_BUILD_UNDO_H

#include "engine/internal.h"

/*
 * What a build leaves beside its result, and that it goes: before the build its undoing is written into the
 * journal, for a dkms that dies; after it what is there is taken away, now or, where the file system does not let
 * us, by the next dkms that writes. Builds that share a version's build directory have it in common, so there the
 * last one tidies up.
 */
struct build_undo {
	struct engine *e;
	size_t *open; /* steps with private directories that nobody has tidied up */
	size_t n;
};

/* Before anything is made. */
int build_undo_record(struct build_undo *u, size_t step, bool is_private, struct fail *f);
/* It did not even begin. */
void build_undo_forget(struct build_undo *u, size_t step);
/* After the end of the step, which is in its state already. */
void build_undo_end(struct build_undo *u, size_t step, int code);
/* After the last step of the plan: what siblings that never began were waited for with. Frees. */
void build_undo_done(struct build_undo *u);

#endif
