/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_REQUIRED_H
#define DKMS_CORE_REQUIRED_H

#include "core/snapshot.h"

/*
 * The modules without which a kernel is of no use (required_modules of framework.conf: names separated by white
 * space or commas) that dkms knows and that are not installed for the kernel: what a kernel package's hook must not
 * pass over. A name that is not in the dkms tree is not ours to judge. Adds to ret.
 */
void required_missing(const struct snapshot *s, const char *required, const char *kernel, const char *arch,
		      struct strv *ret);

#endif
