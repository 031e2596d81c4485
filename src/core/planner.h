/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_PLANNER_H
#define DKMS_CORE_PLANNER_H

#include "core/plan.h"

/*
 * The verbs as planners: from what is (snapshot, facts) and what is asked for to a plan. Pure. The
 * refusals of the command line (names, broken, not added) are over when a planner is called.
 */

struct target {
	char *kernel;
	char *arch;
};

/* What to do, to which module/version, for which kernels. Borrowed. */
struct plan_request {
	const struct snapshot *snapshot;
	const char *module, *version;
	const struct target *targets;
	size_t n_targets;
	bool force;
	bool no_depmod;
};

/*
 * Where something is built already but does not fit the kernel (snap_build.unfit) it is built anew.
 */
void plan_for_build(const struct plan_request *rq, struct plan *ret);
void plan_for_install(const struct plan_request *rq, struct plan *ret);
void plan_for_uninstall(const struct plan_request *rq, struct plan *ret);
void plan_for_unbuild(const struct plan_request *rq, struct plan *ret);
/* known_only: the version is broken, --force was given. */
void plan_for_remove(const struct plan_request *rq, bool known_only, struct plan *ret);

/* What is built for the targets gets another signature. */
void plan_for_sign(const struct plan_request *rq, struct plan *ret);

/* A package of what is built for the targets, or one for each (of_kernel); what is not built yet is built first. */
void plan_for_package(const struct plan_request *rq, bool of_kernel, struct plan *ret);

/* One module as autoinstall sees it. */
struct auto_module {
	const char *module;
	const char *version;        /* the newest that is added */
	bool autoinstall;           /* AUTOINSTALL=yes */
	bool bad_conf;
	const struct strv *depends; /* BUILD_DEPENDS; NULL: none */
};

/*
 * For each target, n modules of its own (modules[target * n + i]): installs in BUILD_DEPENDS order
 * what is not installed for it. A dependency is met if any version of it is installed. Modules that
 * wait for one that dkms knows and that will not be there (no AUTOINSTALL, bad conf, a cycle) are
 * STEP_UNMET from the beginning; those that wait only for modules that dkms does not know become
 * STEP_DEFERRED.
 */
void plan_for_autoinstall(const struct plan_request *rq, const struct auto_module *modules, size_t n,
			  struct plan *ret);

/* Installs on the target what is installed for the template kernel (module NULL: all of it). */
void plan_for_match(const struct plan_request *rq, const char *template_kernel, struct plan *ret);

/* Everything that is built or installed for the target is unbuilt; only (or NULL): of these "<module>/<version>".
 * For kernel_prerm and kernel_preinst. */
void plan_for_kernel_removal(const struct plan_request *rq, const struct strv *only,
			     struct plan *ret);

#endif
