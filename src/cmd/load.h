/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_LOAD_H
#define DKMS_CMD_LOAD_H

#include "cmd/app.h"
#include "sys/archive.h"

/* A tarball on its way into the trees: what ldtarball, add, build and install do with one. */
struct load {
	struct archive archive;
	bool is_open; /* false: none was named, and the other functions do nothing */
};

/* The tarball that was named, as an operand or with --archive; NULL: none. */
const char *load_path(const struct app *app);
/*
 * Unpacks the tarball, if one was named, into a private directory, and takes module and version from
 * it where they were not named.
 */
int load_open(struct app *app, struct load *l, struct fail *f);
void load_done(struct load *l);
static inline void clean_load(struct load *l)
{
	load_done(l);
}

/* Speaks against loading: the version is added already (unless --force), or only its modules came and
 * its source is not on the system. */
int load_refuse(const struct app *app, const struct load *l, const struct snapshot *snap,
		struct fail *f);
/* Puts what the tarball brings in front of a plan for its version. */
void load_plan(const struct app *app, const struct load *l, const struct snapshot *snap,
	       struct plan *plan);

#endif
