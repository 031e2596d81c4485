/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_APP_H
#define DKMS_CMD_APP_H

#include "cmd/report.h"
#include "cmd/request.h"
#include "core/conf.h"
#include "core/distro.h"
#include "core/package.h"
#include "core/planner.h"
#include "sys/archive.h"
#include "sys/conf_load.h"
#include "sys/framework.h"
#include "sys/kernel.h"
#include "sys/lock.h"

/*
 * One run of dkms: what was asked for, the settings that count, and for which kernels. Made by app_main,
 * handed to the verb.
 */
struct app {
	struct request rq;
	struct strv environment;
	struct framework framework;
	struct distro distro;
	char *dkms_tree, *source_tree, *install_tree, *tmp_location;
	const char *etc_dir;
	char *running_kernel, *running_arch;
	struct target *targets; /* app_targets() */
	size_t n_targets;
	int jobs;
	struct conf_cache *conf_cache; /* while many confs are read and nothing changes; else NULL */
	struct report report;
	struct package_order *order; /* mkdeb and its like, while they run; else NULL */
	struct lock lock; /* of the dkms tree; taken when there is something to do */
	bool is_locked;
	struct archive archive; /* the tarball that was named, unpacked (cmd/load.h) */
	bool has_archive;
	bool has_rpm; /* ldtarball: rpm has installed the package */
};

/* The whole program but for process set-up; returns the exit status. */
int app_main(int argc, char **argv);

/* The checks that verbs share; each returns 0 or a negative code with f. */
int app_need_root(const struct app *app, struct fail *f);
/* Write access to the dkms tree, or to where it would be made. */
int app_need_access(const struct app *app, struct fail *f);
/* Module and version are named and can be names. */
int app_need_names(const struct app *app, struct fail *f);
/* The version that was named is not broken. */
int app_refuse_broken(const struct app *app, const struct snapshot *snap, struct fail *f);
/* The version that was named is in the dkms tree. */
int app_refuse_unknown(const struct app *app, const struct snapshot *snap, struct fail *f);
/* A snapshot of the module that was named, and both of these checks of its version. */
int app_snapshot_known(struct app *app, struct snapshot *ret, struct fail *f);
/* The conf that was read from dir is valid. */
int app_refuse_bad_conf(const struct conf *c, const char *dir, struct fail *f);
/* --all is not for this verb. */
int app_refuse_all(const struct app *app, struct fail *f);

/*
 * Runs a plan and returns its code. The first time it only takes the lock and returns -ERESTART: run_verb then calls
 * the verb again, which sees what there is under the lock. So a verb must not change anything but through this.
 */
int app_execute(struct app *app, struct plan *plan, struct fail *f);
/* For a verb that needs no plan to know that: the document says so too. 0. */
int app_has_nothing_to_do(struct app *app);
/*
 * Takes the lock of the dkms tree, and with it the duty to finish what a killed dkms left. A dkms called by a script of
 * a running one finds that one's records, which are nobody's leftovers.
 */
int app_take_lock(struct app *app, struct fail *f);
/*
 * For who only reads the dkms tree, but has to find it whole: the lock, and -ERESTART as above, where one may write
 * there; else 0, and what is read may be changing.
 */
int app_hold(struct app *app, struct fail *f);
struct plan_request app_plan_request(const struct app *app, const struct snapshot *snap);

/* Reads the dkms tree; module NULL: all of it. */
int app_snapshot(const struct app *app, const char *module, struct snapshot *ret, struct fail *f);
/* What a conf of a version is read with, but for its directory. */
struct conf_request app_conf_request(const struct app *app, const char *module, const char *version,
				     const struct kernel *k);
/* The conf of a version for a kernel (NULL: the running one); source_dir NULL: where it belongs. */
int app_conf(const struct app *app, const char *module, const char *version, const char *source_dir,
	     const struct target *target, struct conf *ret, struct fail *f);

/* Takes module and version, where they were not named, from the dkms.conf in dir. */
int app_names_from(struct app *app, const char *dir, struct fail *f);

/* The verbs: 0 or a negative code; what they report beyond that they have said. */
int verb_add(struct app *app, struct fail *f);
int verb_build(struct app *app, struct fail *f);
int verb_install(struct app *app, struct fail *f);
int verb_uninstall(struct app *app, struct fail *f);
int verb_unbuild(struct app *app, struct fail *f);
int verb_remove(struct app *app, struct fail *f);
int verb_mktarball(struct app *app, struct fail *f);
int verb_ldtarball(struct app *app, struct fail *f);
int verb_mkdeb(struct app *app, struct fail *f);
int verb_mkbmdeb(struct app *app, struct fail *f);
int verb_mkdsc(struct app *app, struct fail *f);
int verb_mkrpm(struct app *app, struct fail *f);
int verb_status(struct app *app, struct fail *f);
int verb_why(struct app *app, struct fail *f);
int verb_sign(struct app *app, struct fail *f);
int verb_plan(struct app *app, struct fail *f);
int verb_autoinstall(struct app *app, struct fail *f);
int verb_match(struct app *app, struct fail *f);
int verb_kernel_preinst(struct app *app, struct fail *f);
int verb_generate_mok(struct app *app, struct fail *f);
int verb_kernel_prerm(struct app *app, struct fail *f);

#endif
