/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CONF_H
#define DKMS_CORE_CONF_H

#include "base/fail.h"
#include "base/strv.h"
#include "core/conf_exclude.h"
#include "core/conf_values.h"
#include "core/kconfig.h"

/*
 * What the conf files of one module/version say for one kernel and arch: values (conf_values) as
 * the files give them, and the model (conf) that the rules of dkms.conf(5) make of them. Pure data;
 * sys reads the files.
 */

/* For whom a conf is read. All borrowed. module/version NULL: take the conf's own. */
struct conf_target {
	const char *module;
	const char *version;
	const char *kernel;
	const char *arch;
};

struct conf_module {
	char *built_name;     /* without .ko */
	char *built_location; /* "" or "dir/", relative to the build directory */
	char *dest_name;      /* without .ko */
	char *dest_location;  /* as the conf says ("/kernel/drivers/net"); NULL if it says none */
	bool strip;
};

struct conf_patch {
	char *name; /* relative to patches/ */
};

/* A complaint: "dkms.conf: <text>", with " (record #<n>)" behind it where it is about one element.
 */
struct conf_problem {
	int record; /* index of the array element that it is about, -1 if none */
	char *text; /* names the directive, does not repeat the record */
};

struct conf_problems {
	struct conf_problem *items;
	size_t n;
};

/* BUILD_EXCLUSIVE_* of one index; NULL where not set. */
struct conf_exclusive {
	char *kernel, *kernel_min, *kernel_max, *arch, *config;
};

struct conf {
	char *module, *version; /* the names that count: the target's, else the conf's own */
	char *package_name, *package_version;
	struct conf_module *modules;
	size_t n_modules;
	char *make; /* the MAKE that counts for this kernel; NULL: the default command */
	struct conf_patch *patches; /* those that match this kernel, in order */
	size_t n_patches;
	struct conf_exclusive *exclusives; /* [0] binds all, [i] module i */
	size_t n_exclusives;
	bool build_exclude; /* the conf itself says that nothing is to be built: exit 77 */
	char *obsolete_by;
	struct strv build_depends; /* module names */
	bool autoinstall, build_depends_rebuild, no_weak_modules;
	char *post_add, *pre_build, *post_build, *pre_install, *post_install,
		*post_remove; /* or NULL */
	char *build_sandbox;  /* BUILD_SANDBOX, or NULL */
	char *build_store;    /* BUILD_STORE: "yes", or "" for no; NULL: not set */
	bool no_launcher;     /* BUILD_LAUNCHER=no */

	/* What is wrong with it: with `errors` it must not be used for add, build, install (exit
	 * 8); `duplicates` are errors only for those three, never for uninstall, unbuild, remove.
	 */
	struct conf_problems errors;
	struct conf_problems duplicates;
	struct conf_problems warnings; /* deprecations, zero modules, no DEST_MODULE_LOCATION */
};

/*
 * Applies the rules. `distro_dest` is the distribution's own place ("/updates/dkms") or NULL: with
 * one a missing DEST_MODULE_LOCATION is only a warning. Never fails: complaints, all of them, go to
 * ret->errors, ->duplicates and ->warnings; what could be understood is filled in as far as it
 * goes.
 */
void conf_build(const struct conf_values *values, const struct conf_target *target,
		const char *distro_dest, struct conf *ret);
void conf_done(struct conf *c);
static inline void clean_conf(struct conf *c)
{
	conf_done(c);
}

/* Where module i goes below <install tree>/<kernel>: the distribution's place or the conf's own,
 * squeezed, with leading and without trailing '/'; caller frees. "" where neither says one. */
char *conf_dest(const struct conf_module *m, const char *distro_dest);

/* What the make command needs to know. */
struct conf_make {
	const char *kernel;
	const char *kernel_source_dir;
	const char *build_dir;
	int jobs;   /* 0: a bare -j */
	bool clang; /* the kernel was built with clang: LLVM=1 is appended */
	bool jobserver; /* -j is left out: the command gets its jobs from a jobserver */
	const char *cc; /* to be shown as given to make, for it gets that in another way; NULL: nothing */
};

/*
 * The command line that bash is to run, in its classic form; caller frees. *ret_jobs (may be NULL)
 * says whether -j<jobs> KERNELRELEASE=<kernel> was put in (the command begins with the word make).
 */
char *conf_make_command(const struct conf *c, const struct conf_make *m, bool *ret_jobs);

/*
 * May the command get its jobs from a jobserver of ours? Only a plain one that dkms itself gives -j: with a
 * -j of its own make says "forced in submake" in the log, and what comes behind a `;` or `&&` was never meant to
 * run in parallel.
 */
bool conf_make_can_share(const struct conf *c, const struct conf_make *m);
/* Does the command bring jobs of its own: a -j that is not ours to share? */
bool conf_make_has_own_jobs(const struct conf *c, const struct conf_make *m);

#endif
