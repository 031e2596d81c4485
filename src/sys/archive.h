/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_ARCHIVE_H
#define DKMS_SYS_ARCHIVE_H

#include <stdint.h>

#include "base/fail.h"
#include "base/strv.h"
#include "sys/scratch.h"

/*
 * Tarballs, by way of the helper program dkms-archive.
 */

/* Built modules for one kernel, found in a tarball. */
struct archive_build {
	char *kernel, *arch;
	char *dir; /* what is to become <dkms tree>/<m>/<v>/<kernel>/<arch> */
};

/* A tarball that was unpacked into a private directory; the directory goes with archive_done. */
struct archive {
	struct scratch temp;
	char *source;	       /* the directory whose dkms.conf counts */
	bool binaries_only;    /* then `source` holds nothing but the dkms.conf */
	char *module, *version; /* as a tarball with binaries only tells them; else NULL */
	struct archive_build *builds;
	size_t n_builds;
};

struct archive_request {
	const char *path;
	const char *tmp_location; /* where the private directory is made */
	uint64_t max_size, max_members;
	const struct strv *environment;
};

/*
 * Unpacks and looks what it is: a tarball that dkms made, or sources with a dkms.conf somewhere (of
 * several the least deep, then bytewise the first). Nothing outside the private directory is written.
 * -E_NO_ARCHIVE: no such file; -E_NOT_AN_ARCHIVE: not a tar archive, damaged, hostile, or without any
 * dkms.conf; -E_ARCHIVE_SHAPE: built modules, but no dkms.conf where it belongs.
 */
int archive_load(const struct archive_request *rq, struct archive *ret, struct fail *f);
void archive_done(struct archive *a);
static inline void clean_archive(struct archive *a)
{
	archive_done(a);
}

/* What a new tarball holds: pairs of a directory ("-": an empty one) and its name in the tarball. */
struct archive_job {
	const char *path; /* its suffix picks the compression */
	struct strv parts;
	int64_t made; /* the time of empty directories */
	const struct strv *environment;
};


/* A file of one line. */
struct archive_name {
	const char *file, *text;
};
/* Fills `dir` with such files and a copy of `conf` as dkms.conf, all with the time `made`. */
int archive_stage_names(const char *dir, const struct archive_name *names, size_t n, const char *conf,
			int64_t made, struct fail *f);

/*
 * Writes it beside, then renames it into place. -E_TARBALL_DIR: the directory cannot be made or
 * written to; -E_TARBALL_WRITE: anything else.
 */
int archive_write(const struct archive_job *job, struct fail *f);

#endif
