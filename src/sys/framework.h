/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_FRAMEWORK_H
#define DKMS_SYS_FRAMEWORK_H

#include <stdint.h>

#include "base/fail.h"
#include "base/strv.h"

/* Whether modules are signed where the kernel asks for it. */
enum try_sign {
	SIGN_NOT_IN_CHROOT, /* the default */
	SIGN_ALWAYS,
	SIGN_NEVER,
};

/*
 * The administrator's settings: framework.conf, framework.conf.d/ and, where those say nothing, the
 * environment. Unset strings are NULL: defaults are the caller's business, as is the command line,
 * which wins over all of it.
 */
struct framework {
	char *source_tree, *dkms_tree, *install_tree, *tmp_location;
	bool verbose, symlink_modules, modprobe_on_install;
	bool autoinstall_all_kernels; /* set to anything */
	bool continue_on_error;       /* default true */
	int parallel_jobs;            /* -1: not set */
	char *compress_gzip_opts, *compress_xz_opts, *compress_zstd_opts; /* defaults filled in */
	char *build_environment, *post_transaction;
	char *sign_file, *mok_signing_key, *mok_certificate;
	enum try_sign try_sign_modules;
	char *build_user, *build_sandbox, *build_limits, *build_store, *required_modules, *initramfs;
	char *build_launcher, *build_launcher_dir, *build_launcher_network;
	uint64_t build_store_size; /* bytes that the build store may take; set in MiB */
	uint64_t archive_max_size;    /* bytes that a tarball may unpack to; set in MiB */
	uint64_t archive_max_members; /* files and directories that it may have */
	struct strv warnings;	      /* of values that are none, with the names of their files */
};

/*
 * Reads <etc_dir>/framework.conf, then <etc_dir>/framework.conf.d/ *.conf in bytewise order, through
 * the same two readers as a dkms.conf (native where provably plain, else bash). `kernel` is visible in
 * them as kernelver (may be ""). A missing file is no error.
 */
int framework_load(const char *etc_dir, const char *kernel, const struct strv *environment,
		   struct framework *ret, struct fail *f);
void framework_done(struct framework *fw);
static inline void clean_framework(struct framework *fw)
{
	framework_done(fw);
}

#endif
