/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_FORESEE_H
#define DKMS_CORE_FORESEE_H

#include "core/plan.h"

/*
 * What of a plan is known before it is carried out, for --dry-run: steps that a snapshot shows to
 * have nothing to do become STEP_NOTHING with a note, and so do the depmod and post_transaction of
 * a kernel for which nothing else is left. Such a plan must not be carried out any more. What only
 * the doing can tell (does it compile?) stays STEP_WAITING.
 */
void plan_foresee(struct plan *p, const struct snapshot *snap);
/* Is there anything to do? */
bool plan_has_work(const struct plan *p);
/* For people: a line for each step that is to be done, numbered, with what it waits for; and one
 * for each that is known not to be. */
void plan_describe(const struct plan *p, struct buf *out);

#endif
