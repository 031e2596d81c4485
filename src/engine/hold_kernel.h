/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_HOLD_KERNEL_H
#define DKMS_ENGINE_HOLD_KERNEL_H

#include "engine/internal.h"
#include "sys/kernel_lock.h"

/*
 * Holds the kernel of a step (sys/kernel_lock.h): from looking at what is there until it is changed, and while an index
 * is made. To be released before a script runs. Waiting for another dkms is told, and a file system without locks too,
 * once. -ECANCELED: a signal came; has_to: it does not end the wait.
 */
int engine_hold_kernel(struct engine *e, const struct step *s, bool has_to, struct kernel_lock *ret, struct fail *f);

#endif
