/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_PROGRESS_H
#define DKMS_CMD_PROGRESS_H

#include <stdint.h>

#include "base/strv.h"

/*
 * Tells a person that something is going on: on a terminal one line that is redrawn in place
 * ("building hello/1.0 for 6.1.0-9-amd64 (12 s)"), elsewhere a plain line for each step.
 *
 *	struct progress p;
 *	progress_begin(&p, stdout, PROGRESS_AUTO, environment);
 *	progress_step(&p, "building", "hello/1.0", "6.1.0-9-amd64");
 *	progress_phase(&p, "signing");      while it goes on: the line's first word changes
 *	progress_tick(&p);                  now and then: the seconds change
 *	progress_clear(&p);                 before anybody else writes on that terminal
 *	progress_done(&p);                  the line is gone, the terminal as it was
 *
 * Nothing here fails: a terminal that goes away loses its line.
 */
enum progress_style {
	PROGRESS_AUTO,	/* a line on a terminal (but TERM=dumb), else plain */
	PROGRESS_PLAIN, /* one line a step, no escape sequences */
	PROGRESS_OFF,	/* nothing at all: --quiet */
};

struct progress {
	FILE *out; /* borrowed */
	bool is_line, is_plain, has_color;
	const char *ellipsis;
	bool is_drawn; /* the line stands on the terminal now */
	char *phase, *subject, *kernel;
	int64_t began;	/* when the step began, monotonic microseconds */
	int64_t second; /* of the step, as last drawn */
};

/* `environment` gives TERM and NO_COLOR, and the locale. */
void progress_begin(struct progress *p, FILE *out, enum progress_style style,
		    const struct strv *environment);
/* A new step; its time begins. kernel may be NULL. */
void progress_step(struct progress *p, const char *phase, const char *subject, const char *kernel);
/* The same step goes on with something else; where lines are plain, this says nothing. */
void progress_phase(struct progress *p, const char *phase);
/* Redraws if another second has begun or the line had been cleared. Cheap: call it ten times a
 * second. Of the type that struct run's tick wants. */
void progress_tick(void *progress);
/* Takes the line off the terminal until the next step, phase or tick. */
void progress_clear(struct progress *p);
/* The step is over: takes the line off, and no tick draws it again. */
void progress_end_step(struct progress *p);
void progress_done(struct progress *p);
static inline void clean_progress(struct progress *p)
{
	progress_done(p);
}

#endif
