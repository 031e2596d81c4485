/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_BOOT_IMAGE_H
#define DKMS_CMD_BOOT_IMAGE_H

#include "cmd/app.h"

/*
 * After a plan: does a kernel's initramfs hold another copy of a module that was installed? That
 * one would be loaded at boot. A warning; with initramfs=update in framework.conf the image is made
 * anew, once for a kernel. In a document: `initramfs`. Nothing is looked at where nothing was
 * installed, where the install tree is not this system's, and where the hook of a kernel package
 * says (DKMS_INITRAMFS_FOLLOWS in the environment) that the image is made next anyway.
 */
void boot_image_check(const struct app *app, const struct plan *plan);

#endif
