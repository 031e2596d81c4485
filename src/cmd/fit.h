/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_FIT_H
#define DKMS_CMD_FIT_H

#include "cmd/app.h"

/*
 * Compares what came built in a tarball, and is about to be installed for a target, with the kernel
 * that is here: what does not fit becomes `unfit` in the snapshot, so that it is built anew, and
 * the reason is told. With --force nothing is compared. Module NULL: of all modules.
 */
void app_judge_loaded(const struct app *app, const char *module, struct snapshot *snap);
/* The same for a tarball that is about to be loaded and installed in one go: what does not fit is built over it. */
void app_judge_archive(const struct app *app, struct plan *plan);

#endif
