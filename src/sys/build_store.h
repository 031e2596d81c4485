/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_STORE_H
#define DKMS_SYS_BUILD_STORE_H

#include "sys/build_state.h"

/*
 * The store of built results (dkms-framework.conf(5), build_store), as one build uses it: with its key, which has
 * all that is known before the build, and its needs, which kbuild's .cmd files tell after it. What is kept are the
 * modules as they are before they are signed and compressed, so neither the administrator's key nor the compression
 * is part of it. Nothing of it can fail a build.
 */

/* May this build use it? Once, when environment and sandbox are prepared. */
void build_store_prepare(struct build *b);
void build_store_done(struct build *b);
/* Copies modules that fit to dir; their log is in b->keep.log then. */
bool build_store_fetch(struct build *b, const char *dir);
/* Keeps the modules in dir, which have just been made and stripped, if nothing speaks against it. */
void build_store_keep(struct build *b, const char *dir);

#endif
