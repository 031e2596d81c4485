/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_NAME_H
#define DKMS_CORE_NAME_H

#include <stdbool.h>

/*
 * May s be the name of a module package, a version, a kernel release or an architecture? They become
 * directory names: not empty, no '/', no control character, not "." or "..".
 */
bool name_is_valid(const char *s);
/* Does a directory name look like a kernel release ("begins with digits and a dot")? */
bool name_is_kernel(const char *s);

#endif
