/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_SANITY_H
#define DKMS_CORE_SANITY_H

#include <stdbool.h>

#include "core/module_info.h"

/* Whether a module may be installed beside the one of its name that the kernel already has. */
enum sanity {
	SANITY_FINE,
	SANITY_NEWER_THERE, /* the kernel's own has a newer `version` */
	SANITY_SAME_THERE,  /* the same `version` and `srcversion`; without both: the same bytes */
};

/* dkms(8), "install". `same_bytes` is looked at only for modules with neither version nor srcversion;
 * no `version` is older than any. */
enum sanity sanity_judge(const struct module_info *there, const struct module_info *ours,
			 bool same_bytes);

#endif
