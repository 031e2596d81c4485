/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SCRIPT_H
#define DKMS_SYS_SCRIPT_H

#include "base/fail.h"
#include "base/strv.h"

/*
 * POST_ADD, PRE_INSTALL, POST_INSTALL, POST_REMOVE: a path and arguments, split at blanks, run in
 * the source directory with the terminal's output. Arguments that are patterns become what fits
 * them there, if anything does. /etc/dkms/<m>/<script> replaces the package's own if it is
 * executable, and then is the directory it runs in (dkms.conf(5), "Scripts and commands").
 */
struct script {
	const char *kind;	  /* "post_add", for messages */
	const char *line;	  /* the directive's value */
	const char *dir;	  /* the source directory */
	const char *override_dir; /* /etc/dkms/<m> */
	const struct strv *env;
	int out_fd, err_fd; /* RUN_INHERIT, or RUN_NULL for --quiet */
};

enum script_outcome {
	SCRIPT_DONE,
	SCRIPT_NOT_RUN, /* not executable or not there: the caller warns with f's text; no error */
};

/* SCRIPT_DONE, SCRIPT_NOT_RUN, or negative: -(E_SCRIPT + status) when it failed, -E_SCRIPT_DIR when
 * its working directory cannot be entered, others when it cannot be started. */
int script_run(const struct script *s, struct fail *f);

/* The absolute path of the script (first word of line) and the directory it runs in, after
 * overrides; callers free. Used for PRE_BUILD and POST_BUILD too. False: there is no executable
 * file. */
bool script_locate(const char *line, const char *dir, const char *override_dir, char **ret_file,
		   char **ret_dir);

#endif
