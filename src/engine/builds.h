/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_BUILDS_H
#define DKMS_ENGINE_BUILDS_H

#include "engine/internal.h"
#include "sys/build.h"

/*
 * The builds of a plan, side by side: each in a process of its own, all under one jobserver.
 */
struct builds;

struct builds *builds_new(struct engine *e);
void builds_free(struct builds *b);
/* Begins the build of a step that is ready: refuses it, finds that it is built, or starts it. False: not now, for
 * want of a job token or because its build directory is in use. */
bool builds_start(struct builds *b, size_t step);
bool builds_running(const struct builds *b);
/* Hears what the running ones tell, waiting up to ms for it. True: one of them ended. */
bool builds_collect(struct builds *b, int ms);

/* All that the refusals of a build find out, and that the build then needs. */
struct build_facts {
	struct conf conf;
	struct conf_trace trace;
	struct conf_exclusion exclusion;
	struct kernel *kernel; /* the engine's */
	const struct framework *framework; /* the engine's */
	struct signer signer;
	struct toolchain toolchain;
	struct strv dep_records;
	const char *log; /* of the kernel tree's preparation, if that failed; and what matters in it */
	struct errlog errors;
};

void build_facts_done(struct build_facts *b);
/* Judges everything that can speak against a build, in the order in which it is told, before anything is written.
 * 0: build it; 1: it is built; negative: refused. */
int build_gather(struct engine *e, struct step *s, struct build_facts *b, struct fail *f);
struct build_job build_job_for(const struct engine *e, const struct step *s,
			       const struct build_facts *b);

#endif
