/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_ENV_FILE_H
#define DKMS_SYS_ENV_FILE_H

#include "base/fail.h"
#include "base/strv.h"

/* What commands and files of a build may use as shell variables, without its being exported to what they start. */
struct shell_scope {
	const char *kernel, *arch;
	const char *module, *version; /* "" where it is about no module */
	const char *kernel_source_dir, *dkms_tree, *source_tree, *install_tree;
};

/* bash -c's text begins so; behind it $1 is the caller's first argument. */
#define SHELL_VARIABLES                                                                            \
	"kernelver=$1 arch=$2 module=$3 module_version=$4 kernel_source_dir=$5 "                   \
	"dkms_tree=$6 source_tree=$7 install_tree=$8; shift 8; "

/* bash, -c, program (which begins with SHELL_VARIABLES) and what those are made of. */
void shell_scope_arguments(const struct shell_scope *scope, const char *program, struct strv *argv);

/* build_environment of framework.conf: env becomes what the bash file exports at its end. On failure it stays. */
int env_file_apply(const char *file, const struct shell_scope *scope, struct strv *env, struct fail *f);

#endif
