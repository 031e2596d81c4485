/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_FILE_H
#define DKMS_BASE_FILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/strv.h"
#include "base/util.h"

/*
 * Small file operations. Errors are -errno. Everything is opened O_CLOEXEC. `dirfd` may be AT_FDCWD.
 */

/* Reads a regular file of at most max bytes into ret (appended). -EFBIG when it is larger, -EISDIR /
 * -EINVAL when it is no regular file. */
int file_read(int dirfd, const char *path, size_t max, struct buf *ret);
/* The first line without its newline; caller frees. -ENODATA for an empty file. */
int file_read_line(const char *path, char **ret_line);
int fd_read_all(int fd, size_t max, struct buf *ret);
int fd_write_all(int fd, const void *data, size_t n);
/* The rest of a regular file to the end of another: reflink, copy_file_range, or by reading. Sparse ones stay so. */
int fd_copy(int from, int to);
/* Writes beside, fsyncs, renames over: there is the old file or the new one, never half. */
int file_write(const char *path, const void *data, size_t n, mode_t mode);
/* Where it is written beside, which who dies there leaves; a name that no module index or status takes for
 * something of its own. The same for link_set. Caller frees. */
char *file_beside(const char *path);

/* Following links: is there a directory / a regular file / anything of that name? */
bool path_is_dir(const char *path);
bool path_is_file(const char *path);
bool path_exists(const char *path);
/* Not following the last link: is there a link / anything? */
bool path_is_link(const char *path);
bool path_lexists(const char *path);
/* For who is going to act on what is not there: 1 there (a link counts as itself), 0 not there, negative: unknown. */
int path_probe(const char *path);
/* The same, following links, for a directory: 0 also for anything else. */
int dir_probe(const char *path);

/* The target of a symlink as it stands; caller frees. */
int link_read(int dirfd, const char *path, char **ret_target);
/* Makes `path` a symlink to target, replacing what has that name (a file or link) by rename. */
int link_set(const char *target, const char *path);
/* mkdir -p with mode 0755 (less umask). */
int dir_make(const char *path);
/* rm -rf that follows no links and crosses no mount point; a missing path is 0. */
int tree_remove(const char *path);
/* Removes what is empty below dir, deepest first, links not followed; dir itself stays. */
void dir_prune_below(const char *dir);
/* Removes dir and then its parents while they are empty, stopping before `stop` (which stays). */
int dir_prune(const char *dir, const char *stop);
/*
 * Each of two directories takes the other's name, in one step. -ENOTSUP: not here, as not every file system can (or
 * may: EPERM), and an overlay cannot do it with what is in a lower layer; only then another way is worth a try. Any
 * other error is one of a file system on which nothing should be removed for what may not succeed: both are where they
 * were.
 */
int dir_exchange(const char *a, const char *b);
/* The names in a directory but . and .., sorted bytewise. -ENOENT, -ENOTDIR, … */
int dir_list(const char *path, struct strv *ret_names);
/* Copies a regular file's bytes with reflink or copy_file_range where that works; dst is made anew with
 * mode. Neither times nor owner are taken over. */
int file_copy(const char *src, const char *dst, mode_t mode);
/* Same size and bytes? 1, 0, or -errno. */
int file_same(const char *a, const char *b);
/* fsyncs the directory that holds path, so that a rename in it is durable. */
int dir_sync_of(const char *path);
/* Puts all that was written below dir on the disk (syncfs: and what else waits for that file system). */
int tree_sync(const char *dir);

#endif
