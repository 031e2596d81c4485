/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_CONF_BASH_H
#define DKMS_SYS_CONF_BASH_H

#include "base/fail.h"
#include "core/conf_expand.h"

/*
 * A conf file read by bash itself: the way that decides what a file means. The program that bash
 * runs is a constant; what it works on are its arguments. The results come NUL-separated over a
 * pipe of their own, whatever the file prints goes to /dev/null, its stderr is ours, its stdin is
 * /dev/null. 60 seconds and 256 KiB of results are the limits.
 */

/*
 * Evaluates the file with `before` (the known names as earlier files left them) visible. ret_raw
 * gets all known names that are set after it, not yet expanded a second time; ret_directives the
 * values of the variables named DKMS_DIRECTIVE…. A file that calls exit gives nothing but has_left. ret_raw is
 * initialized by the caller with the names that count.
 */
int conf_bash_read(const char *file, const struct conf_scope *scope,
		   const struct conf_values *before, struct conf_values *ret_raw,
		   struct strv *ret_directives, struct fail *f);

/* The second expansion done by bash; as conf_expand. A value whose expansion is an error is lost.
 */
int conf_bash_expand(const struct conf_values *raw, const struct conf_scope *scope,
		     struct conf_values *io, struct fail *f);

#endif
