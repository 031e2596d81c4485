/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_EXAMINE_H
#define DKMS_CMD_EXAMINE_H

#include "cmd/app.h"
#include "core/layout.h"
#include "core/manifest.h"

/*
 * Looks at builds one after another, for status: is everything there that the conf promises, and is what is
 * installed the same? What a manifest remembers is believed where every file that it rests on is as it was;
 * otherwise the conf is read and files are compared. Both give the same answer.
 *
 *	struct examiner x;
 *	examine_begin(&x, app);
 *	flags = examine_build(&x, &layout, build);	in the order of the snapshot, best
 *	examine_done(&x);
 */
struct examiner {
	struct app *app;
	struct conf_cache conf_cache;
	struct examined_kernel *kernels; /* each read once */
	size_t n_kernels;
	bool may_believe;
	/* the version at hand */
	char *module, *version;
	int version_fd;
	struct file_stamp conf;
	struct buf text, path;
	int err; /* the first thing that could not be looked at; it counts as being all right */
};

/* What went meanwhile, or is not for us to see, is not there; what a disk refuses may be: true, and kept in x->err. */
bool examine_note(struct examiner *x, int err);

/* app->conf_cache is the examiner's until it is done. */
void examine_begin(struct examiner *x, struct app *app);
/* STATUS_MISSING or STATUS_DIFFERS (core/status.h). Errors in confs are told. */
unsigned examine_build(struct examiner *x, const struct layout *l, const struct snap_build *b);
void examine_done(struct examiner *x);

#endif
