/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_CHANGES_H
#define DKMS_CMD_CHANGES_H

#include "cmd/app.h"
#include "core/layout.h"

/*
 * For autoinstall, which leaves alone what is installed: warns of a version that was built from another source, or
 * with other headers, than those that have its version and the kernel's release now. Compares stats, and reads only
 * what has others. k is the kernel of l.
 */
struct kernel;
void app_warn_of_changes(const struct app *app, const struct layout *l, struct kernel *k);

#endif
