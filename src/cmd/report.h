/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_REPORT_H
#define DKMS_CMD_REPORT_H

#include "cmd/document.h"
#include "cmd/request.h"
#include "core/observer.h"

/*
 * Everything that dkms says. Results go to stdout, errors and warnings to stderr; --quiet says nothing
 * at all. With --json all of it goes to a document instead, and errors and warnings to stderr too.
 */
struct report {
	bool quiet, verbose, debug;
	bool is_muted; /* warnings and errors were told already */
	struct document *document;      /* --json; else NULL */
	const struct strv *environment; /* borrowed; for the progress lines */
	struct active_step *active;     /* the steps that run now */
	size_t n_active;
	struct observer observer; /* to be given to the engine */
};

/* r must not be moved afterwards: the observer points to it. */
void report_init(struct report *r, const struct request *rq, const struct strv *environment);
void report_done(struct report *r);

/* A line on stdout; in a document a message. */
void report_line(const struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same for what a document has in another form: it is left out there. */
void report_text(const struct report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "dkms: warning: …" on stderr. hint may be NULL. */
void report_warning(const struct report *r, const char *text, const char *hint);
/* "dkms: error: …" and the next step on stderr. */
void report_error(const struct report *r, const struct fail *f);

#endif
