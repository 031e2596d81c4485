/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_TARGETS_H
#define DKMS_CMD_TARGETS_H

#include "cmd/app.h"

/*
 * Fills app->targets: -k and -a as given, else the running kernel. With --all: every kernel that
 * the named version is built for, in version order. With --all-kernels: every kernel in the install
 * tree that has its headers, in version order, and those passed over are told. `chooses`: where
 * the running kernel is not installed here (an image, a chroot) and none was named, the only one
 * that is here is taken, and said so.
 */
int app_targets(struct app *app, const struct snapshot *snap, bool chooses, struct fail *f);
/* Every kernel that the named version is built for, in version order; with -a those of that arch. */
void app_built_targets(struct app *app, const struct snapshot *snap);
/* Adds the kernels in which there may still be files of the version, after app_targets, where all of it goes. */
void app_remnant_targets(struct app *app, const struct snapshot *snap);
void app_forget_targets(struct app *app);

#endif
