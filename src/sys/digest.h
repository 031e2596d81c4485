/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DIGEST_H
#define DKMS_SYS_DIGEST_H

#include "core/sha256.h"

/* SHA-256 of a regular file (following links). 0 or -errno. */
int digest_file(const char *path, char ret[SHA256_HEX]);
/*
 * Of all that is in a directory: names, kinds, permission to execute, contents, where links point.
 * `but`: a name in the directory itself that is left out, or NULL. 0 or -errno; the order in which
 * the directory lists its names does not matter.
 */
int digest_tree(const char *path, const char *but, char ret[SHA256_HEX]);

#endif
