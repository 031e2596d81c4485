/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_CHECK_H
#define DKMS_SYS_BUILD_CHECK_H

#include "sys/build_state.h"

/* The modules of one build, uncompressed, by their paths in the stage. */
struct build_checkee {
	const char *path;
	const char *name; /* for messages */
};

/*
 * Will the kernel take them? -E_WRONG_RESULT for a machine or vermagic that it would refuse;
 * warnings for lesser doubts and for imported symbols that nobody offers.
 */
int build_check(struct build *b, const struct build_checkee *modules, size_t n, struct fail *f);

#endif
