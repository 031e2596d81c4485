/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_FINISH_H
#define DKMS_SYS_BUILD_FINISH_H

#include "sys/build_state.h"

/*
 * Turns what make left into the result: every promised module is taken from the build directory (a
 * link may not lead out of it; regular files only), checked for the kernel it will meet, stripped,
 * signed, compressed as the kernel's own are, and stored under its dest name in b->stage, with
 * Module.symvers if the build made one. -E_NO_RESULT, -E_WRONG_RESULT, -errno.
 */
int build_finish(struct build *b, struct fail *f);
/* The same from the store (sys/build_store.h): first whether it has all modules, which are in the stage then, then what
 * follows when build directory and log are there. */
bool build_finish_fetch(struct build *b);
int build_finish_stored(struct build *b, struct fail *f);

#endif
