/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_DISTRO_LOAD_H
#define DKMS_SYS_DISTRO_LOAD_H

#include "base/fail.h"
#include "base/strv.h"
#include "core/distro.h"

/*
 * Reads /etc/os-release, else /usr/lib/os-release; -E_NO_OS_RELEASE when neither can be read.
 * ADDON_MODULES_DIR of the environment (may be NULL), else of /etc/sysconfig/module-init-tools,
 * replaces the distribution's place for modules.
 */
int distro_load(const struct strv *environment, struct distro *ret, struct fail *f);
/* The same below another root directory ("/" is the real one). */
int distro_load_below(const char *root, const struct strv *environment, struct distro *ret,
		      struct fail *f);

#endif
