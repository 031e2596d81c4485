/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_ORPHANS_H
#define DKMS_SYS_ORPHANS_H

#include "base/strv.h"

/*
 * What programs that we ran left running when they ended, such as daemons, where no PID namespace ends it with them.
 * Only for a process that has no children but those programs: then nobody else can be meant, whoever else runs as that
 * user.
 */

/* From now on such processes become children of this one, not of the machine's first. */
void orphans_adopt(void);
/* Ends all of them; no more are adopted. Adds the names of those that were not about to end anyway. */
void orphans_end(struct strv *ret_names);

#endif
