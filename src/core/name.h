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
/* Is it none, since what lies beside the kernels in a version's directory is called so, or begins with a dot? */
bool name_is_beside_kernels(const char *s);
/* Does the first line of a make.log say that it is of this kernel and arch? */
bool name_is_in_log(const char *line, const char *kernel, const char *arch);

#endif
