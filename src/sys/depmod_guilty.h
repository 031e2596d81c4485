/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DEPMOD_GUILTY_H
#define DKMS_SYS_DEPMOD_GUILTY_H

#include "sys/depmod_skeleton.h"

/*
 * depmod failed: which modules are to blame? Those without any of which it would not have failed, found by halving:
 * depmod runs in shadows of the modules directory that leave others out. First among `ours` (paths below the modules
 * directory), then, where it fails without those too, among all that are there.
 *
 * Nothing is found where depmod fails without any module as well, does not fail again, or takes too long.
 */
void depmod_guilty_find(const struct depmod_job *job, const struct strv *ours, struct strv *ret_paths);

#endif
