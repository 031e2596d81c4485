/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_INITRAMFS_NAMES_H
#define DKMS_SYS_INITRAMFS_NAMES_H

#include "base/strv.h"
#include "core/manifest.h"

/*
 * Which kernel modules an image has, by name: to read one takes a good part of a second, and most modules are in none.
 * Remembered in /var/cache/dkms/initramfs, a file for each image, as long as the image's stat stays the same.
 */

/* The names, without suffixes, in no order. False: nothing is known of the image as it is now. */
bool initramfs_names_know(const char *image, const struct file_stamp *now, struct strv *ret);
/* `then`: the stamp (stamp_keep) from before it was read; an unknown one keeps nothing. What is known of images that
 * are gone goes. Not to be able to write is no error. */
void initramfs_names_keep(const char *image, const struct file_stamp *then, const struct strv *names);

#endif
