/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_INPUTS_H
#define DKMS_SYS_INPUTS_H

#include "base/buf.h"
#include "base/strv.h"
#include "core/conf.h"
#include "sys/kernel.h"

/*
 * What goes into a build, as lines of its record (core/build_record.h): written when it is built,
 * and made again to compare.
 */
struct inputs {
	const char *source_dir;
	const char *conf_file; /* -c; NULL: the source's dkms.conf */
	const char *etc_dir;
	const char *module;
	const struct strv *overrides; /* the names in etc_dir that were read */
};

/* source, source_stamp, conf, override, patches. */
void inputs_of_module(const struct inputs *in, struct buf *record);
/* symvers, config, kernel_stamp. Takes some milliseconds, once for each kernel; the result is the kernel's. */
const char *inputs_of_kernel(struct kernel *k);
/* command: the make command in build_dir. */
void inputs_of_command(const struct conf *c, struct kernel *k, const char *build_dir, struct buf *record);
/*
 * Has what a record speaks of changed since? Where all stats are as they were nothing is read. False also where it
 * cannot be told: nothing was recorded, or the headers are not there any more.
 */
bool inputs_source_changed(const struct inputs *in, const char *record);
bool inputs_kernel_changed(struct kernel *k, const char *record);
/* The compiler that a module file (not compressed) names; caller frees; NULL: none. */
char *inputs_compiler(const char *module_path);

#endif
