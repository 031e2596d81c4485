/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_COMPRESS_H
#define DKMS_SYS_COMPRESS_H

#include "base/fail.h"
#include "sys/framework.h"

/*
 * Packs a module as the kernel's own are: …/x.ko becomes …/x<suffix> (".ko.xz"), by the program
 * that the suffix stands for, with the administrator's options (framework may be NULL). *ret_path
 * is the new name; it is the old one where the suffix is ".ko". -errno, -ECANCELED.
 */
int module_compress(const char *path, const char *suffix, const struct framework *framework,
		    const struct strv *environment, char **ret_path, struct fail *f);

#endif
