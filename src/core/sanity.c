/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sanity.h"

#include "core/version.h"

enum sanity sanity_judge(const struct module_info *there, const struct module_info *ours,
			 bool same_bytes)
{
	bool nothing_told = !there->version && !ours->version && !there->srcversion && !ours->srcversion;

	if (nothing_told)
		return same_bytes ? SANITY_SAME_THERE : SANITY_FINE;
	if (there->version && (!ours->version || version_compare(there->version, ours->version) > 0))
		return SANITY_NEWER_THERE;
	if (str_eq(there->version, ours->version) && str_eq(there->srcversion, ours->srcversion))
		return SANITY_SAME_THERE;
	return SANITY_FINE;
}
