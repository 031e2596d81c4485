/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_MANIFESTS_H
#define DKMS_ENGINE_MANIFESTS_H

#include "engine/internal.h"

/*
 * Manifests of what a run installs. They are written when all is done, scripts and depmod too: a
 * file that is renamed or changed later would not be recognized.
 */

/* A step has installed its version: takes conf, exclusion and trace over (they are empty then). */
void manifests_keep(struct engine *e, const struct step *s, struct conf *conf,
		    struct conf_exclusion *exclusion, struct conf_trace *trace);
/* Writes those whose steps are still done, and forgets all. */
void manifests_write(struct engine *e);

#endif
