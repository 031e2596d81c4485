/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_XATTRS_H
#define DKMS_SYS_XATTRS_H

#include "base/strv.h"

/*
 * Gives the extended attributes of a regular file to another one, as far as its file system and our rights allow; a
 * link is none. What cannot be taken over is no error: the bytes are what counts. But those of security.*, of which a
 * signature of IMA is one, are added to ret_lost, as "security.ima: Operation not supported".
 */
void xattrs_copy(const char *src, const char *dst, struct strv *ret_lost);

#endif
