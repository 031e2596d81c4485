/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_WEAK_MODULES_H
#define DKMS_SYS_WEAK_MODULES_H

#include "base/fail.h"
#include "base/strv.h"
#include "core/distro.h"

/*
 * Tells the distribution's weak-modules that module files came to a kernel, or are about to go, so that it links them
 * for kernels of the same ABI (dkms(8), "Distribution"). The paths go to its stdin. Nothing is done where the
 * distribution has none, it is not installed, or NO_WEAK_MODULES is set. Its failure is for the caller to warn of.
 */
int weak_modules_tell(const struct distro *d, bool added, const char *kernel, const struct strv *paths,
		      const struct strv *environment, struct fail *f);

#endif
