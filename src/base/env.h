/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_ENV_H
#define DKMS_BASE_ENV_H

#include "base/strv.h"

/*
 * An environment as a list of "NAME=value" strings, to be prepared as data before a child gets it.
 */

/* Takes a NULL-terminated environment as it is (usually `environ`). */
void env_copy(struct strv *env, char *const *from);
/* The value of name, pointing into env, or NULL. */
const char *env_get(const struct strv *env, const char *name);
void env_set(struct strv *env, const char *name, const char *value);
/* "NAME=value"; anything else is passed over. */
void env_set_pair(struct strv *env, const char *pair);
void env_unset(struct strv *env, const char *name);

#endif
