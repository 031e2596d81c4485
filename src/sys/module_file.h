/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_MODULE_FILE_H
#define DKMS_SYS_MODULE_FILE_H

#include "base/buf.h"
#include "core/module_info.h"

enum { MODULE_FILE_MAX = 512 << 20 }; /* bytes, after decompression: refuse to go on beyond */

/*
 * Unpacks gzip, xz or zstd (the content's magic decides; anything else is taken as it is) into ret, which
 * must be empty. -EFBIG for more than max bytes, -EBADMSG for what is cut off, damaged or followed by
 * something else; ret is then empty.
 */
int module_file_unpack(const void *data, size_t len, size_t max, struct buf *ret, struct fail *f);
/* The same into a file, with little memory; what was written before a failure stays. */
int module_file_unpack_to(const void *data, size_t len, size_t max, int fd, struct fail *f);
/* Is it gzip, xz or zstd? By the first bytes; six are enough. */
bool module_file_is_packed(const void *data, size_t len);
/* Reads .ko, .ko.gz, .ko.xz or .ko.zst (the content's magic decides) into ret, decompressed. */
int module_file_load(const char *path, struct buf *ret, struct fail *f);
/* What module_info_parse says of such a file; large ones are not held in memory. On failure ret is empty. */
int module_file_info(const char *path, struct module_info *ret, struct fail *f);

#endif
