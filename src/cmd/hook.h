/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_HOOK_H
#define DKMS_CMD_HOOK_H

#include "cmd/app.h"

/*
 * The exit status of a run with --hook, for the hooks of kernel packages. What failed was told; the kernel's
 * upgrade goes on all the same: 0. Unless, after kernel_postinst, a module of required_modules is not installed
 * for the kernel: that is told, and 1 stops the package manager before the machine is left without it.
 */
int hook_status(struct app *app, int code);

/*
 * --settings, for our own scripts: NAME=VALUE lines on stdout of what framework.conf and the system say; "yes" or
 * empty for what is on or off. With a module and version also `autoinstall`, of its dkms.conf.
 */
int verb_settings(struct app *app, struct fail *f);

#endif
