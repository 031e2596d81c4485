/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_INITRAMFS_H
#define DKMS_HELPER_INITRAMFS_H

#include "base/fail.h"

/*
 * Prints of each kernel module in an initramfs a line "- NAME", without suffixes, and of each that has one of `names`
 * another:
 *
 *	SHA-256 of the uncompressed module, build id, srcversion, sig_key, path
 *
 * with blanks between, "-" for what is not there. The image is a series of cpio archives, the last of which may be
 * compressed with anything that libarchive reads by itself. -EBADMSG: it is something else, or ends in the middle; what
 * was printed before is true. What is no module, or larger than 64 MiB, gets no such second line.
 */
int initramfs_list(int fd, const char *kernel, char **names, size_t n, struct fail *f);

#endif
