/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_H
#define DKMS_SYS_BUILD_H

#include "base/fail.h"
#include "base/strv.h"
#include "core/conf.h"
#include "core/distro.h"
#include "core/errlog.h"
#include "sys/conf_load.h"
#include "sys/framework.h"
#include "sys/kernel.h"
#include "sys/sign.h"
#include "sys/toolchain.h"
#include "sys/turn.h"

/* For progress lines; `where` of build_observer. */
enum build_phase {
	BUILD_COPY,
	BUILD_PATCH,
	BUILD_PRE,
	BUILD_MAKE,
	BUILD_FINISH, /* strip, sign, compress, checks */
	BUILD_POST,
	BUILD_STORED, /* instead of all up to make: the store has it */
};

struct build_observer {
	void (*phase)(void *ctx, enum build_phase phase);
	void (*warn)(void *ctx, const char *text, const char *hint); /* hint may be NULL */
	void *ctx;
	void (*tick)(void *ctx); /* now and then while a command runs; may be NULL */
	/* as warn, of what is the same for every build of a plan; NULL: warn */
	void (*warn_once)(void *ctx, const char *text, const char *hint);
};

/*
 * One build of one module/version for one kernel/arch, from the moment all refusals are over
 * (names, conf, exclusion by kernel, headers, BUILD_DEPENDS have been judged by the caller).
 * Everything is borrowed.
 */
struct build_job {
	const struct conf *conf;
	const struct conf_trace *trace;		/* what conf rests on; NULL: no manifest is written */
	const char *conf_file;			/* -c, or NULL */
	const struct conf_exclusion *exclusion; /* modules[i]: not built, not expected */
	const char *dkms_tree, *source_tree, *install_tree;
	const char *etc_dir; /* "/etc/dkms" */
	struct kernel *kernel;
	const struct framework *framework;
	const struct distro *distro;
	const struct signer *signer;
	const struct toolchain *toolchain;
	const struct strv *environment; /* what dkms was started with */
	const struct strv *directives;	/* NAME=VALUE; exported too */
	/* "<dependency>=<version>" to leave as .dep_<d>; may be NULL */
	const struct strv *dep_records;
	int jobs;
	bool is_private; /* <tree>/<m>/<v>/build is mounted for this build only (sys/private_build.h); it stays the
			  * caller's on failure */
	bool has_jobserver; /* make gets its jobs from descriptor JOBSERVER_FD, if its command may, */
	const char *jobs_fifo; /* or from this, if it can */
	const char *make_identity; /* of `environment`; NULL: nobody has asked */
	bool is_installed_next; /* the same run does: its manifest is written again then */
	bool force; /* a vermagic that differs is a warning */
	const struct turn *scripts; /* POST_BUILD waits for it; NULL: for nobody */
	const struct build_observer *observer;
};

struct build_result {
	char *log_path;	      /* where make.log is now; NULL: there is none */
	struct errlog errlog; /* for failed commands: what matters in the log */
};

/*
 * Builds, in a process that has no children: what commands leave running is found among its own.
 *
 * On success <dkms tree>/<m>/<v>/<kernel>/<arch> has appeared (or been replaced) in one
 * step, the log is in it and build/ is gone. On failure build/ with make.log stays for a person to
 * look at, and .failed/<kernel>/<arch>/ has a copy of the log and a record. -E_PATCH_MISSING,
 * -E_PATCH_FAILED, -(E_SCRIPT + n) (PRE_BUILD; POST_BUILD, after which the version *is* built),
 * -E_MAKE_FAILED, -E_NO_RESULT, -E_WRONG_RESULT, -errno. -E_NO_SOURCE is found before anything is
 * written; a copy that failed leaves no log.
 */
int build_run(const struct build_job *job, struct build_result *ret, struct fail *f);
void build_result_done(struct build_result *r);
static inline void clean_build_result(struct build_result *r)
{
	build_result_done(r);
}

/* Is there anything to build from? dkms.conf alone is no source: such a directory is what a package of binaries leaves.
 * 0 or -E_NO_SOURCE. */
struct layout;
int build_check_source(const struct layout *l, const char *source, struct fail *f);

/* The environment for make and the build and install scripts: what dkms was started with, less CC,
 * CFLAGS and their like, plus module, module_version, kernelver, arch, the toolchain and the
 * directives (dkms.conf(5), "Scripts and commands"). toolchain may be NULL. */
void build_environment(const struct strv *started_with, const struct conf *conf, const char *kernel,
		       const char *arch, const struct toolchain *toolchain,
		       const struct strv *directives, struct strv *ret);

/* Where a result is until it is published: <tree>/<m>/<v>/.new-<k>-<a>; caller frees. */
char *build_stage_dir(const struct layout *l);

#endif
