/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_H
#define DKMS_SYS_DEPMOD_H

#include "base/fail.h"
#include "base/strv.h"

enum depmod_result {
	DEPMOD_DONE,
	DEPMOD_NO_INDEX, /* <install tree>/<kernel>/modules.dep is missing: nothing was done */
	DEPMOD_EMPTY, /* no module is left: the index files went, and the directory if it was empty
		       */
};

/*
 * Runs depmod for a kernel of an install tree (dkms(8), "depmod"): `depmod -a`, with its index
 * written elsewhere first. Only when it succeeded are the files put in the place of the old ones
 * (an unknown depmod, as busybox's, writes them itself). For a kernel with compressed modules it
 * runs on skeletons of them (sys/depmod_skeleton.h), with the same result. `environment` gives
 * PATH; NULL: ours. The caller holds the kernel (sys/kernel_lock.h). Returns an enum depmod_result or a
 * negative code with depmod's complaint.
 */
int depmod_run(const char *install_tree, const char *kernel, const struct strv *environment,
	       struct fail *f);

/*
 * After -E_DEPMOD_FAILED: the modules without which it would not have failed, as paths below the kernel's directory
 * (sys/depmod_guilty.h); `ours`, whole paths, are suspected first. None where that cannot be found out.
 */
void depmod_blame(const char *install_tree, const char *kernel, const struct strv *environment,
		  const struct strv *ours, struct strv *ret_paths);

#endif
