/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_ORIGINALS_H
#define DKMS_ENGINE_ORIGINALS_H

#include "engine/internal.h"

/* original_save and original_stage (sys/install_tree.h) for a step: what the copy has lost is told. */
int engine_save_original(const struct engine *e, const struct step *s, const char *path, const char *dir,
			 struct fail *f);
int engine_stage_original(const struct engine *e, const struct step *s, const char *copy,
			  const char *home, struct fail *f);

#endif
