/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_KERNEL_LINKS_H
#define DKMS_SYS_KERNEL_LINKS_H

#include "base/fail.h"

/*
 * A kernel's source tree by links, so that it can be prepared without a change to it.
 */

/*
 * Makes `to`, in which everything leads to `tree` but what a build of the kernel leaves there: with a .config or
 * generated headers in its source, kbuild refuses to build beside it.
 */
int kernel_links_make(const char *tree, const char *to, struct fail *f);

/*
 * Adds to a prepared directory all that is only in the tree it was made from, as links: a conf may look for
 * include/linux/version.h or the kernel's Module.symvers below its kernel_source_dir. What is there stays.
 */
int kernel_links_complete(const char *tree, const char *prepared, struct fail *f);

#endif
