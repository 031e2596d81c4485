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
/* The same for one directory, not below it; links count too. */
int module_files_in(const char *dir, const char *name, struct strv *ret_paths);

/*
 * Copies src to dst so that nobody ever sees half a file or neither the old nor the new one: written beside,
 * fsynced, 0644, renamed. Makes missing directories.
 */
int module_file_place(const char *src, const char *dst, struct fail *f);
/* The same as a link to src. */
int module_file_link(const char *src, const char *dst, struct fail *f);
/* The two halves of placing: everything that can run out of space first, for all files; then the renames.
 * staged_name is where stage leaves the file; caller frees. */
char *module_file_staged(const char *dst);
int module_file_stage(const char *src, const char *dst, struct fail *f);
int module_file_publish(const char *dst, struct fail *f);

/*
 * Saves an original: a copy with mode, owner and times in dir, and dir/<file>.origin with its path. The
 * original itself stays where it is; the caller removes or replaces it once the copy is durable.
 */
int original_save(const char *path, const char *dir, struct fail *f);

/* Puts the saved copy back to home, with mode, owner and times, by rename. The copy stays. */
int original_restore(const char *copy, const char *home, struct fail *f);

/* Where an original in `dir` goes back to: its .origin if that leads below kernel_dir, else
 * fallback_dir/<file>; caller frees; NULL if it leads elsewhere. */
char *original_home(const char *dir, const char *file, const char *kernel_dir,
		    const char *fallback_dir);

#endif
