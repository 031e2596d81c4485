/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CPIO_H
#define DKMS_CORE_CPIO_H

#include <stdint.h>

#include "base/util.h"

/*
 * Members of a cpio archive as an initramfs has them
 * (Documentation/driver-api/early-userspace/buffer-format.rst): a header, the name with its NUL,
 * the content; the latter two are filled up so that what follows begins at a multiple of 4 bytes
 * from the beginning.
 */
enum { CPIO_HEADER = 110 };

struct cpio_header {
	uint32_t mode; /* as in stat */
	uint32_t size;
	uint32_t name_size; /* with the NUL */
};

/* Do these bytes (six at least) begin a member? */
bool cpio_is_member(const void *data);
/* False: CPIO_HEADER bytes that are no header. */
bool cpio_header_parse(const void *data, struct cpio_header *ret);
/* How many bytes are filled up behind n. */
static inline unsigned cpio_padding(uint64_t n)
{
	return (unsigned)(-n & 3);
}

/* The kernel module that path is in an initramfs, if it is one of that kernel: its name without
 * suffixes, caller frees; else NULL. */
char *cpio_module_name(const char *path, const char *kernel);

#endif
