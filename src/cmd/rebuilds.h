/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_REBUILDS_H
#define DKMS_CMD_REBUILDS_H

#include "cmd/app.h"

/* Reads the confs of what is built for the targets, and adds to a plan of installs what BUILD_DEPENDS_REBUILD asks
 * for (core/rebuild.h). Nothing with --force. */
void app_plan_rebuilds(const struct app *app, struct plan *p);

#endif
