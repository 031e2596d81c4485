/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_PUBLISH_H
#define DKMS_SYS_BUILD_PUBLISH_H

#include "sys/build_state.h"

/* Adds the .dep_ records and the log so far, and makes the staged result <m>/<v>/<kernel>/<arch>, in one step. */
int build_publish(struct build *b, struct fail *f);
/* Moves make.log over the one that was published and removes the build directory. */
void build_publish_log(struct build *b);
/*
 * Makes directory `from` the directory `to`, both on one file system; one that has that name is
 * replaced: by exchanging them where the file system can, else by two renames, and where even those
 * are refused (overlayfs, a directory of a lower layer) by removing it first. What it replaced is gone after, if it
 * can be removed: else it is at `from` or dir_replaced(to). An error of a file system that can exchange them leaves
 * both as they were.
 */
int dir_replace(const char *from, const char *to);
/* Where the old one is between the two renames; who dies there leaves it. Caller frees. */
char *dir_replaced(const char *to);

#endif
