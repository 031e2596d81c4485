/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CONF_EVAL_H
#define DKMS_CORE_CONF_EVAL_H

#include "core/conf_expand.h"

/*
 * A conf file read without bash. Most are only comments, assignments, array elements and literals,
 * quotes and plain $name, ${name}, ${name[2]}; for these, and only where the result is provably
 * bash's own, this evaluator gives the same values about a thousand times faster. At the first
 * thing beyond that it refuses, and the whole file is bash's: what is doubtful is refused.
 *
 * Pure, linear in the size of text and values, no recursion. Tests compare it with bash on real
 * files and on generated ones.
 */

/* Where and why the file is left to bash. */
struct conf_refusal {
	const char *reason; /* static: "a command", "a command substitution", … */
	size_t line;	    /* from 1; 0 where it is not about a line */
};

/*
 * Evaluates text, with `before` (the known names as earlier files left them) and scope visible.
 * True: ret_raw (initialized by the caller) has all known names that are set after it, not yet
 * expanded a second time. False: *ret_why says why it is bash's; ret_raw is to be thrown away.
 */
bool conf_eval(const char *text, size_t len, const struct conf_scope *scope,
	       const struct conf_values *before, struct conf_values *ret_raw,
	       struct conf_refusal *ret_why);

#endif
