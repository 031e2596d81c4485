/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_FAILURE_H
#define DKMS_SYS_BUILD_FAILURE_H

#include "sys/build_state.h"

/*
 * Remembers a failed build: finds what matters in the log (ret->errlog, for failed commands or a
 * make that hid its failure), leaves a record and a copy of the log in
 * <m>/<v>/.failed/<kernel>/<arch>/ and tells apport's hook where there is one. A build that was
 * interrupted has not failed. Never fails itself: the build's own failure is what counts.
 */
void build_failure_tell(struct build *b, const struct fail *why, struct build_result *ret);
/* The kernel builds: what is remembered of its failures goes. */
void build_failure_forget(const struct build *b);

#endif
