/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_OBSERVER_H
#define DKMS_CORE_OBSERVER_H

#include "base/fail.h"
#include "core/errlog.h"
#include "core/plan.h"

/*
 * What the engine tells while it works; the command layer turns it into text. Every function is called
 * with ctx; none may be NULL. Texts are borrowed for the call.
 */
struct observer {
	void *ctx;
	/* A step begins; it may turn out that there is nothing to do. */
	void (*begin)(void *ctx, const struct step *s);
	/* What it is doing now: "copying", "building", "signing", … */
	void (*phase)(void *ctx, const struct step *s, const char *what);
	/* Something that the user should know and that does not end the step. hint may be NULL. */
	void (*warn)(void *ctx, const struct step *s, const char *text, const char *hint);
	/* Something worth a line on stdout ("original module … saved"). */
	void (*note)(void *ctx, const struct step *s, const char *text);
	/* The step ended: see s->state. f has the reason of a failure; log (or NULL) the path of make.log, e what
	 * matters in it (or NULL). */
	void (*end)(void *ctx, const struct step *s, const struct fail *f, const char *log,
		    const struct errlog *e);
	/* Some time has gone by while a step's command runs (about ten times a second). */
	void (*tick)(void *ctx);
};

#endif
