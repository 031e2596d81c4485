/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_INSTALL_TREE_H
#define DKMS_SYS_INSTALL_TREE_H

#include "base/fail.h"
#include "base/strv.h"

/*
 * Module files below <install tree>/<kernel>: finding, saving, placing, removing.
 */

/* True if a file name is <name>.ko, .ko.gz, .ko.xz or .ko.zst. */
bool module_file_is(const char *file_name, const char *name);
/* The name without .ko and compression suffix; caller frees; NULL if it is no module file. */
char *module_file_stem(const char *file_name);

/* The regular module files of that name anywhere below dir, sorted bytewise; links are not followed.
 * A missing directory has none. */
int module_files_below(const char *dir, const char *name, struct strv *ret_paths);
/* The same for one directory, not below it; links count too. Negative: it cannot be told. */
int module_files_in(const char *dir, const char *name, struct strv *ret_paths);

/*
 * Files come into the install tree in two halves: everything that can run out of space first, under a name beside
 * the destination that depmod does not index (module_file_staged; caller frees), on the disk; then a rename, which is
 * the caller's.
 */
char *module_file_staged(const char *dst);
/* Copies, mode 0644; makes missing directories. */
int module_file_stage(const char *src, const char *dst, struct fail *f);
/* The same as a link to src. */
int module_file_stage_link(const char *src, const char *dst, struct fail *f);

/* The name beside a module file under which this process keeps it while another takes its place; depmod does not index
 * it. Caller frees. */
char *module_file_kept(const char *path);
/* Keeps it there, as a hard link. Negative where the file system has none; of a symlink -EOPNOTSUPP, as what it leads
 * to may be another file by now. */
int module_file_keep(const char *path);

/*
 * Saves an original: a copy with mode, owner, times and extended attributes in dir, and dir/<file>.origin with its
 * path. The original itself stays where it is; the caller removes or replaces it once the copy is in its place.
 * ret_lost: what of its attributes to tell of (sys/xattrs.h).
 */
int original_save(const char *path, const char *dir, struct strv *ret_lost, struct fail *f);
/* Stages a saved copy at the original's home in the same way. The copy stays. */
int original_stage(const char *copy, const char *home, struct strv *ret_lost, struct fail *f);

/* Where an original in `dir` goes back to: its .origin if that leads below kernel_dir, where there is none
 * fallback_dir/<file>; caller frees; NULL if it leads elsewhere. Negative: the .origin cannot be read. */
int original_home(const char *dir, const char *file, const char *kernel_dir, const char *fallback_dir,
		  char **ret_home);

#endif
