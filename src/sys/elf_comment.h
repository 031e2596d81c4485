/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_ELF_COMMENT_H
#define DKMS_SYS_ELF_COMMENT_H

#include "base/buf.h"

/*
 * The .comment section of an ELF file (it names the compiler), of at most 64 KiB, without reading
 * the hundreds of megabytes around it: a vmlinux. Of the machine's own byte order. -ENODATA when
 * there is none, -ENOEXEC for what is no such file, -errno.
 */
int elf_comment_read(const char *path, struct buf *ret);

#endif
