/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_PATH_H
#define DKMS_BASE_PATH_H

#include "base/util.h"

/*
 * Paths as text; nothing here looks at the disk.
 */

/* Joins with exactly one '/' between the parts; the list ends with NULL. Empty parts are left out.
 * Caller frees. */
#define path_join(...) path_join_parts((const char *[]){ __VA_ARGS__, NULL })
char *path_join_parts(const char *const *parts);
/* The last component, without trailing slashes taken into account ("a/b" gives "b"); points into s. */
const char *path_base(const char *path);
/* All before the last component ("a/b" gives "a", "b" gives ".", "/b" gives "/"); caller frees. */
char *path_dir(const char *path);
/* True if one of the components is "..". */
bool path_has_dotdot(const char *path);
/* Runs of '/' become one, "." components and a trailing '/' go; ".." stays. Caller frees. */
char *path_squeeze(const char *path);
/* True if path is dir itself or below it; both squeezed. */
bool path_is_below(const char *path, const char *dir);

#endif
