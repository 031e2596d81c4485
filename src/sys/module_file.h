/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_MODULE_FILE_H
#define DKMS_SYS_MODULE_FILE_H

#include "base/buf.h"
#include "core/module_info.h"

enum { MODULE_FILE_MAX = 512 << 20 }; /* bytes, after decompression: refuse to go on beyond */

/* Reads .ko, .ko.gz, .ko.xz or .ko.zst (the content's magic decides) into ret, decompressed. */
int module_file_load(const char *path, struct buf *ret, struct fail *f);
/* module_file_load + module_info_parse. */
int module_file_info(const char *path, struct module_info *ret, struct fail *f);

#endif
