/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CONF_EXPAND_H
#define DKMS_CORE_CONF_EXPAND_H

#include "base/strv.h"
#include "core/conf_values.h"

/*
 * The second expansion: every value that a conf file sets is expanded once more on its way back, as
 * in double quotes (dkms.conf(5)). First its blanks are squeezed and a carriage return at its end
 * goes; quotes in it go where there is no blank between them, and stay otherwise.
 *
 * What is more than a plain $name or ${name} must be expanded by bash; for that the text is
 * prepared here, so that both ways agree on the quotes.
 */

/* What can be seen besides the known names. Both lists are "NAME=value" strings; borrowed. */
struct conf_scope {
	const struct strv *vars; /* dkms's own variables */
	const struct strv *env; /* the environment, without known names and what would steer bash */
	struct strv *used; /* if set: gets the name of each variable that was asked for, once */
};

/* What dkms or the environment gives the variable whose name has n bytes, borrowed; NULL if neither
 * does. */
const char *conf_scope_get(const struct conf_scope *scope, const char *name, size_t n);

/* A value made ready to stand between double quotes. */
struct conf_text {
	char *text;
	bool needs_bash; /* it has a command substitution or other things beyond $name and ${name}
			  */
	bool can_fail;	 /* its expansion by bash may end the shell */
};

void conf_text_prepare(const char *value, struct conf_text *ret);
void conf_text_done(struct conf_text *t);
static inline void clean_conf_text(struct conf_text *t)
{
	conf_text_done(t);
}

/*
 * Expands all of `raw` into `io`, in the order of its names, each seeing the ones before it. False,
 * with io as it was, if one of them needs bash.
 */
bool conf_expand(const struct conf_values *raw, const struct conf_scope *scope,
		 struct conf_values *io);

/* A variable that bash itself sets, changes or obeys: only bash knows what using it means. */
bool conf_is_bash_variable(const char *name, size_t n);

#endif
