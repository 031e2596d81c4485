/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_ENV_H
#define DKMS_SYS_BUILD_ENV_H

#include "sys/build_state.h"

/* Fills b->env: build_environment() and then the exports of framework.conf's build_environment
 * file, which win. A file that cannot be read is a warning. */
void build_env_prepare(struct build *b);

/* One command of the build, run by bash in `dir` with its output in the log, as a block of its own.
 */
struct build_command {
	const char *description; /* "Building module(s)" */
	const char *shown;	 /* the command as the log shows it */
	const char *dir;
	const char *line; /* what bash runs; */
	bool is_script;	  /* then its first word is a file in dir */
	bool shares_jobs; /* a make that gets its jobs from JOBSERVER_FD, */
	const char *jobs_fifo; /* or from this; NULL: it cannot */
	bool is_make;	  /* the compiler's launcher is for it */
};

/* 0 with the exit status, or negative when it could not be run or was interrupted. */
int build_bash(struct build *b, const struct build_command *c, int *ret_status, struct fail *f);
/* The same for a program that needs no shell. */
int build_program(struct build *b, const struct build_command *c, const char *const *argv,
		  int *ret_status, struct fail *f);

#endif
