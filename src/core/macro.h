/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_MACRO_H
#define DKMS_CORE_MACRO_H

#include "base/buf.h"
#include "base/fail.h"
#include "base/strv.h"

/*
 * Macros of a template in the form that EPICS' msi takes: $(name), ${name}, $(name=default). A
 * value or a default may hold further references, and so may a name: $(a$(b)). Templates of a
 * dkms.conf are filled with these (dkms.mk(7), "MACROS"). Zero-initialize.
 */
struct macros {
	struct strv names, values;
};

void macros_done(struct macros *m);
static inline void clean_macros(struct macros *m)
{
	macros_done(m);
}

/*
 * Adds "a=b,c=d"; a later value of the same name replaces the earlier one. Quotes around a value,
 * or a part of it, keep its commas and blanks and go; so does a backslash before any character.
 * -EINVAL where a word is no definition, with nothing added of it.
 */
int macros_define(struct macros *m, const char *definitions, struct fail *f);

/*
 * Appends one line of a template to ret, its macros replaced. As in msi nothing is replaced between
 * single quotes, and a backslash keeps the character behind it from meaning anything; both stay.
 *
 * What is no macro stays as it is, since a dkms.conf is bash: $(uname -r), ${x%y}. So does a macro
 * that is not defined and has no default; it is added to ret_undefined as it stands in the result.
 *
 * -ELOOP: a value needs itself. -EINVAL: a default with a comma outside of quotes, where msi would
 * read definitions of their own. -EFBIG: the result is too large.
 */
int macros_expand(const struct macros *m, const char *line, struct buf *ret,
		  struct strv *ret_undefined, struct fail *f);

#endif
