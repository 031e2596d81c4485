/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_KERNEL_H
#define DKMS_SYS_KERNEL_H

#include "base/buf.h"
#include "base/fail.h"
#include "core/kconfig.h"

/*
 * What is known about one target kernel: where its headers are, its configuration, how its modules
 * are compressed. Opened cheaply; the expensive facts are read when first asked for.
 */
struct kernel {
	char *release; /* "6.1.0-56-amd64" */
	char *arch;
	char *install_dir; /* <install tree>/<release> */
	char *source_dir;  /* --kernelsourcedir, or <install tree>/<release>/build */
	char *bare_dir;	   /* the tree that source_dir was prepared from; NULL: it is the user's own */
	char *config_path; /* --config, or <source_dir>/include/config/auto.conf, else .config;
			      NULL: none */
	struct buf config_text;
	struct kconfig config;
	bool config_read;
	char *record; /* inputs_of_kernel; NULL: not asked for yet */
	char *suffix; /* ".ko", ".ko.xz", …; NULL: not looked for yet */
};

/* config_file is --config's value or NULL; source_dir is --kernelsourcedir's or NULL. */
void kernel_init(struct kernel *k, const char *release, const char *arch, const char *install_tree,
		 const char *source_dir, const char *config_file);
void kernel_done(struct kernel *k);
static inline void clean_kernel(struct kernel *k)
{
	kernel_done(k);
}

/* The configuration is another file. */
void kernel_set_config(struct kernel *k, const char *path);
/* The source directory was prepared in `dir`: it and its configuration count from now on. */
void kernel_set_prepared(struct kernel *k, const char *dir);
/* Is <source_dir>/include there? */
bool kernel_has_headers(const struct kernel *k);
/* Is <install tree>/<release> a directory? */
bool kernel_is_installed(const struct kernel *k);
/* The configuration, read once; empty where there is none that can be read. Never NULL. */
const struct kconfig *kernel_config(struct kernel *k);
/* Was a configuration found and read? (BUILD_EXCLUSIVE_CONFIG is judged only then.) */
bool kernel_has_config(struct kernel *k);
/* Was the kernel built with clang? (.config says CONFIG_CC_IS_CLANG=y; where a vmlinux lies beside
 * it, its .comment section decides) */
bool kernel_is_clang(struct kernel *k);
/* The suffix that the kernel's own modules have (dkms(8), "Module suffix"): ".ko", ".ko.gz", … */
const char *kernel_suffix(struct kernel *k);

/* The release and arch of the running kernel (uname); callers free. */
char *kernel_running_release(void);
char *kernel_running_arch(void);

#endif
