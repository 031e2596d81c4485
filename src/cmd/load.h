/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_LOAD_H
#define DKMS_CMD_LOAD_H

#include "cmd/app.h"

/*
 * A tarball on its way into the trees: what ldtarball, add, build and install do with one. It is unpacked once,
 * by load_open, and stays in app for the verb's second round. Where none was named these functions do nothing.
 */

/* The tarball that was named, as an operand or with --archive; NULL: none. */
const char *load_path(const struct app *app);
/*
 * Unpacks the tarball, if one was named, into a private directory, and takes module and version from
 * it where they were not named.
 */
int load_open(struct app *app, struct fail *f);

/* Speaks against loading: the version is added already (unless --force), or only its modules came and
 * its source is not on the system. */
int load_refuse(const struct app *app, const struct snapshot *snap, struct fail *f);
/* Puts what the tarball brings in front of a plan for its version. */
void load_plan(const struct app *app, const struct snapshot *snap, struct plan *plan);

#endif
