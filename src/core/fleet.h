/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_FLEET_H
#define DKMS_CORE_FLEET_H

#include "base/buf.h"
#include "base/fail.h"
#include "base/strv.h"

/*
 * Builds as jobs for somebody else's engine (dkms(8), "plan"): one job for each module and kernel,
 * with a dkms tree of its own, and what has to be there before it. Nothing here runs.
 */
struct fleet_job {
	char *module, *version, *kernel, *arch;
	char *source;	     /* the directory, absolute */
	struct strv depends; /* BUILD_DEPENDS: module names */
	char *excluded;	     /* why this is no job; NULL: it is one */
	char *id;	     /* letters, digits and _ + - . only; unique; NULL: no job */
	size_t *needs;	     /* earlier jobs, those that it depends on itself */
	size_t n_needs;
	size_t level; /* 0: needs none; else one more than the highest of what it needs */
};

/* What the last step of each job makes, beside the tarball. */
enum fleet_result {
	FLEET_TARBALL, /* nothing */
	FLEET_DEB,
	FLEET_RPM,
};

struct fleet {
	struct fleet_job
		*jobs;	  /* after fleet_order: what is needed comes first, excluded ones last */
	size_t n, n_jobs; /* n_jobs: without the excluded ones */
	enum fleet_result result;
	struct strv tree_options;  /* for every command of every job: --installtree and its like */
	struct strv build_options; /* for those that read the conf and build */
	char *source_tree;	   /* where dkms looks by itself */
};

/* Everything is copied. depends may be NULL. The job is the caller's to complete until the next
 * add. */
struct fleet_job *fleet_add(struct fleet *fl, const char *module, const char *version,
			    const char *kernel, const char *arch);
const struct fleet_job *fleet_find(const struct fleet *fl, const char *module, const char *kernel,
				   const char *arch);
/*
 * Finds out what needs what, and puts the jobs in that order; otherwise the order stays. What
 * depends on a module that has no job here for its kernel is excluded, and told so.
 * -E_DEPENDS_MISSING: they wait for each other in a circle.
 */
int fleet_order(struct fleet *fl, struct fail *f);
void fleet_done(struct fleet *fl);
static inline void clean_fleet(struct fleet *fl)
{
	fleet_done(fl);
}

/* The commands of a job, for a shell, one after the other as long as each succeeds. `dkms` and
 * `out` stand for the program and the directory of results, and are put in as they are. */
void fleet_commands(const struct fleet *fl, const struct fleet_job *j, const char *dkms,
		    const char *out, struct strv *ret);
/* The job's tarball below the directory of results; caller frees. */
char *fleet_tarball(const struct fleet_job *j);
/* A makefile, or a file for ninja. */
void fleet_makefile(const struct fleet *fl, struct buf *ret);
void fleet_ninja(const struct fleet *fl, struct buf *ret);
/* A table for people. */
void fleet_table(const struct fleet *fl, struct buf *ret);

#endif
