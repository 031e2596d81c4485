/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_INSTALLING_H
#define DKMS_ENGINE_INSTALLING_H

#include "core/conf_exclude.h"
#include "engine/internal.h"
#include "engine/take_out.h"

/* What step_install knows of an install. */

/* One module of the version, on its way into the install tree. */
struct placing {
	const char *name;
	char *built; /* the file in the dkms tree */
	char *dest;  /* where it goes */
	char *original; /* what it replaces and what has to be saved; NULL: nothing */
	struct strv in_the_way; /* further copies at the place where ours goes: saved too */
	bool skip;   /* sanity says no, */
	char *stays; /* as this is there */
};

struct installing {
	struct engine *e;
	struct step *s;
	struct conf conf;
	struct conf_exclusion exclusion;
	struct conf_trace trace;
	struct placing *files;
	size_t n;
	char *kernel_dir;
	char *active; /* the version of the module whose files are here, or NULL */
	bool is_remnant; /* it is not installed any more (snapshot_remnant) */
	bool again;   /* over itself, without the meaning of --force */
	struct left_behind old; /* what the active version has there */
};

/* The distribution's list of modules that always win (dkms(8), "install"). */
bool install_is_listed(const struct installing *in, const char *what);
/* Does the version come in the place of another one? */
bool install_is_other(const struct installing *in);

/* Fills `old`. Under the kernel's lock, as install_judge. */
int install_look_at_active(struct installing *in, struct fail *f);
/* Which of the files are put in place, and which others are saved; nothing is changed. -E_NOTHING_INSTALLED: none. */
int install_judge(struct installing *in, struct fail *f);

#endif
