/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CONF_VARS_H
#define DKMS_CORE_CONF_VARS_H

#include "core/conf_expand.h"

/*
 * The variables while a conf file is evaluated without bash: the known names, what dkms and the
 * environment give, and what the file itself sets besides ("helpers"). Variables that mean
 * something to bash itself are refused, as is text in which bash might see something else than
 * bytes.
 */

/* A variable that is no known name, or one of dkms's or the environment's that the file changed. */
struct conf_helper {
	const char *name; /* borrowed, not terminated */
	size_t n;
	struct conf_value value;
};

enum { CONF_HELPERS_MAX = 256, CONF_HELPER_INDEX_MAX = 255 };

struct conf_vars {
	const struct conf_scope *scope; /* borrowed */
	struct conf_values *known;	/* borrowed */
	struct conf_helper *helpers;
	size_t n_helpers;
};

void conf_vars_init(struct conf_vars *v, const struct conf_scope *scope, struct conf_values *known);
void conf_vars_done(struct conf_vars *v);
static inline void clean_conf_vars(struct conf_vars *v)
{
	conf_vars_done(v);
}

/* The value of an element of the variable whose name has n bytes, NULL if it is not set; borrowed.
 */
const char *conf_vars_get(const struct conf_vars *v, const char *name, size_t n, size_t index);
/* The variable to assign to, made if need be. NULL where that is refused, with *ret_why. `name`
 * must stay. */
struct conf_value *conf_vars_slot(struct conf_vars *v, const char *name, size_t n,
				  const char **ret_why);
/* NULL, or why bash might see something else in these bytes: control characters, unknown encodings.
 */
const char *conf_vars_check(const struct conf_vars *v, const char *s, size_t len);

#endif
