/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_REQUEST_H
#define DKMS_CMD_REQUEST_H

#include "base/fail.h"
#include "base/strv.h"

enum verb {
	VERB_NONE,
	VERB_ADD,
	VERB_REMOVE,
	VERB_BUILD,
	VERB_UNBUILD,
	VERB_INSTALL,
	VERB_UNINSTALL,
	VERB_MATCH,
	VERB_AUTOINSTALL,
	VERB_MKTARBALL,
	VERB_LDTARBALL,
	VERB_MKDEB,
	VERB_MKBMDEB,
	VERB_MKDSC,
	VERB_MKRPM,
	VERB_STATUS,
	VERB_WHY,
	VERB_SIGN,
	VERB_PLAN,
	VERB_GENERATE_MOK,
	VERB_KERNEL_PREINST,
	VERB_KERNEL_POSTINST,
	VERB_KERNEL_PRERM,
	/* not actions: asked for by an option, done before anything else */
	VERB_HELP,
	VERB_VERSION,
	/* for the scripts of this project: what is configured */
	VERB_SETTINGS,
};

/* What an operand turned out to be, beside an action or a module name. */
enum source_kind {
	SOURCE_NONE,
	SOURCE_TREE,    /* a directory with a dkms.conf */
	SOURCE_ARCHIVE, /* any other file */
};

/* What was asked for, as typed; written by request_parse only. */
struct request {
	enum verb verb;
	char *module;  /* NULL: not named */
	char *version;
	struct strv modules; /* plan: the operands after the first */
	struct strv kernels; /* -k, without the /arch part; each once */
	struct strv arches;  /* -a, or the /arch parts of -k */
	enum source_kind source_kind;
	char *source;        /* the directory or archive, as given */
	char *version_option; /* -v, which counts only where the module was named without a version */
	bool has_full_name;   /* it was named with one */
	struct strv ignored; /* operands that nothing could be made of */
	char *conf_file, *config_file, *kernel_source_dir, *archive;
	char *dkms_tree, *source_tree, *install_tree;
	char *template_kernel;
	char *result; /* plan: what jobs end in; NULL: not given */
	struct strv directives;
	struct strv deprecated; /* options that are accepted and do nothing */
	int jobs;               /* -1: not given */
	bool all, all_kernels, force, force_version_override, rpm_safe_upgrade;
	bool binaries_only, source_only;
	bool symlink_modules, no_depmod, modprobe_on_install;
	bool quiet, verbose, debug;
	bool dry_run, json;
	bool make, ninja; /* plan: for whom */
	bool hook; /* called by a kernel package: see app_hook_status */
};

/*
 * Reads the command line in the order and with the statuses of dkms(8): no abbreviations, options and
 * operands in any order. Operands are looked up on the disk where the rules say so.
 */
int request_parse(int argc, char *const *argv, struct request *ret, struct fail *f);
/* The checks of combinations that need nothing but the request. */
int request_check(const struct request *rq, struct fail *f);
/* autoinstall, match and kernel_* take exactly one kernel; told after root was asked for. */
int request_check_one_kernel(const struct request *rq, struct fail *f);
void request_done(struct request *rq);
static inline void clean_request(struct request *rq)
{
	request_done(rq);
}

/* The name of a verb as typed. */
const char *verb_name(enum verb v);

#endif
