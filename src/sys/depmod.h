/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_H
#define DKMS_SYS_DEPMOD_H

#include "base/fail.h"
#include "base/strv.h"

enum depmod_result {
	DEPMOD_DONE,
	DEPMOD_NO_INDEX, /* <install tree>/<kernel>/modules.dep is missing: nothing was done */
	DEPMOD_EMPTY,    /* no module is left: the index files went, and the directory if it was empty */
};

/*
 * Runs depmod for a kernel of an install tree (dkms(8), "depmod"). An install tree that is not called
 * …/lib/modules is reached through a private directory with a link. `environment` gives PATH. Returns an
 * enum depmod_result or a negative code with depmod's complaint.
 */
int depmod_run(const char *install_tree, const char *kernel, const struct strv *environment,
	       struct fail *f);

#endif
