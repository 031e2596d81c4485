/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_PLAN_H
#define DKMS_CORE_PLAN_H

#include "base/buf.h"
#include "base/fail.h"
#include "core/snapshot.h"

/*
 * What is to be done: steps, and what each waits for. Planners (core/planner.h) make one from a
 * snapshot, the engine carries it out in any order that the waits allow, reports come from the states
 * that are left in it. Adding a step returns its index; indices stay valid.
 */
enum step_kind {
	STEP_ADD,
	STEP_LOAD, /* built modules that came in a tarball */
	STEP_BUILD,
	STEP_INSTALL,
	STEP_UNINSTALL,
	STEP_UNBUILD,
	STEP_FORGET, /* what is left of a version when no kernel needs it */
	STEP_DEPMOD,
	STEP_POST_TRANSACTION,
	STEP_SIGN,    /* what is built, anew */
	STEP_PACKAGE, /* of what is built; with a kernel: of that alone */
};

enum step_state {
	STEP_WAITING,
	STEP_RUNNING,
	STEP_DONE,
	STEP_NOTHING,   /* there was nothing to do: already so */
	STEP_SKIPPED,   /* BUILD_EXCLUSIVE says no (77) */
	STEP_FAILED,
	STEP_UNMET,     /* waits for something that dkms knows and could not do */
	STEP_DEFERRED,  /* waits for modules that dkms does not know */
	STEP_CANCELLED, /* something that it needs failed, or the run was interrupted */
};

/* What a step asks of one that it waits for. */
enum need {
	NEED_DONE,       /* done, or nothing to do */
	NEED_NOT_FAILED, /* skipped is good enough */
	NEED_ENDED,      /* in whatever way */
};

struct step_wait {
	size_t step;
	enum need need;
};

enum step_flags {
	STEP_FORCED = 1 << 0,     /* --force for this step */
	STEP_ON_BEHALF = 1 << 1,  /* done because another step needs it */
	STEP_KNOWN_ONLY = 1 << 2, /* remove --force of a broken version: work from what the tree knows */
	STEP_OPTIONAL = 1 << 3,   /* of autoinstall: skipped is good enough */
	STEP_DEFER = 1 << 4,      /* when it is its turn it is only reported as deferred */
	STEP_RELOAD = 1 << 5,     /* STEP_ADD: a version that is added already gets its source anew */
	STEP_AGAIN = 1 << 6,      /* though it is done already: over what is there, without the meaning of --force */
	STEP_LOADED = 1 << 7,     /* STEP_LOAD: came with the add */
};

struct step {
	enum step_kind kind;
	char *module, *version, *kernel, *arch; /* NULL where it is not about one */
	char *from; /* the directory to copy from; STEP_ADD, NULL: the source is in its place */
	char *replaced; /* STEP_INSTALL, done: the other version that was installed before; NULL: none */
	/* STEP_INSTALL over the same version, done: files that were replaced and are kept until depmod has run, and
	 * those that came where there was none */
	struct strv kept, came;
	unsigned flags;
	struct step_wait *waits;
	size_t n_waits;
	enum step_state state;
	int code;   /* the negative code of a failed, skipped or unmet step */
	char *note; /* for people: what it waits for, why it is skipped; may be NULL */
};

struct plan {
	struct step *steps;
	size_t n;
};

size_t plan_add(struct plan *p, enum step_kind kind, const char *module, const char *version,
		const char *kernel, const char *arch, unsigned flags);
void plan_wait(struct plan *p, size_t step, size_t for_step, enum need need);
/* The index of the step of that kind and target, or (size_t)-1. Version NULL: any. */
size_t plan_find(const struct plan *p, enum step_kind kind, const char *module, const char *version,
		 const char *kernel, const char *arch);
/* The same for a kernel's depmod, which is one for all architectures. */
size_t plan_find_depmod(const struct plan *p, const char *kernel);
void plan_done(struct plan *p);
static inline void clean_plan(struct plan *p)
{
	plan_done(p);
}

enum step_ready {
	READY_NOT_YET,
	READY_GO,
	READY_NEVER, /* a need can no longer be met */
};
/* May step i run now? */
enum step_ready plan_ready(const struct plan *p, size_t i);
/* The first waiting step that may run or never will, in plan order; (size_t)-1 if there is none. */
size_t plan_next(const struct plan *p);

/* The code of the first failed step in plan order (not in time); where none failed, that of the first skipped one
 * that had to be done; or 0. A step that was only cancelled counts by what failed before it. */
int plan_code(const struct plan *p);
/* Did any step change something for this kernel (for depmod)? Kernel NULL: any. */
bool plan_changed(const struct plan *p, const char *kernel);

const char *step_kind_name(enum step_kind k);
const char *step_state_name(enum step_state s);
/* One line a step: "2 build hello/1.0 6.1.0-56-amd64 x86_64 (after 1)". For tests and --dry-run. */
void plan_print(const struct plan *p, struct buf *out);

#endif
