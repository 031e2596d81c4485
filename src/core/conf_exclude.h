/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CONF_EXCLUDE_H
#define DKMS_CORE_CONF_EXCLUDE_H

#include "base/util.h"

struct conf;
struct conf_target;
struct kconfig;

/* Which modules are left out on a kernel, and why. */
struct conf_exclusion {
	bool all;      /* nothing at all is to be built: exit 77 */
	bool *modules; /* n_modules flags: true = left out */
	char *why;     /* for people, names the directive; NULL if nothing is left out */
};

/*
 * Judges BUILD_EXCLUSIVE_KERNEL, _MIN, _MAX, _ARCH (and OBSOLETE_BY in MAX's place), and _CONFIG
 * too if kc is not NULL. Before the headers are looked for it is called without kc, then again with
 * it.
 */
void conf_judge_exclusive(const struct conf *c, const struct conf_target *target,
			  const struct kconfig *kc, struct conf_exclusion *ret);
void conf_exclusion_done(struct conf_exclusion *x);
static inline void clean_conf_exclusion(struct conf_exclusion *x)
{
	conf_exclusion_done(x);
}

#endif
