/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_PUBLISH_H
#define DKMS_SYS_BUILD_PUBLISH_H

#include "sys/build_state.h"

/* Adds the .dep_ records and makes the staged result <m>/<v>/<kernel>/<arch>, in one step. */
int build_publish(struct build *b, struct fail *f);
/* Moves make.log to the result and removes the build directory. */
int build_publish_log(struct build *b, struct fail *f);
/*
 * Makes directory `from` the directory `to`, both on one file system; one that has that name is
 * replaced: by exchanging them where the file system can, else by two renames, and where even those
 * are refused (overlayfs, a directory of a lower layer) by removing it first. What it replaced is
 * gone after.
 */
int dir_replace(const char *from, const char *to);

#endif
