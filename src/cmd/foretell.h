/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_FORETELL_H
#define DKMS_CMD_FORETELL_H

#include "cmd/app.h"

/* --dry-run, instead of carrying a plan out: tells what is known of it. The code of what is known
 * to be impossible, or 0. */
int app_foretell(struct app *app, struct plan *plan, struct fail *f);

#endif
