/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_COMMIT_H
#define DKMS_SYS_COMMIT_H

#include "base/fail.h"
#include "base/strv.h"

/*
 * A list of changes to file systems, each of which does nothing where it was done already: so the list can be carried
 * out again from its beginning, whenever it was cut short. As text it is a line for each.
 */
struct commit {
	struct strv ops; /* private */
};

void commit_done(struct commit *c);
static inline void clean_commit(struct commit *c)
{
	commit_done(c);
}

/* Renames src over dst (the same file system); missing directories of dst are made. src gone: it was done. */
void commit_rename(struct commit *c, const char *src, const char *dst);
/* The same for a directory, which takes the place of one that is there. */
void commit_replace_dir(struct commit *c, const char *src, const char *dst);
/* Removes a file or link; gone is fine. */
void commit_unlink(struct commit *c, const char *path);
/* The same for what is there now: if it is carried out late, another file that came to the path since (of a package, or
 * the administrator's) stays. */
void commit_unlink_this(struct commit *c, const char *path);
/* Makes path a link to target, replacing a file or link. */
void commit_symlink(struct commit *c, const char *target, const char *path);
/* Moves a directory to where no one looks (".dkms-gone" beside it) and removes it; gone is fine. */
void commit_remove_tree(struct commit *c, const char *path);
/* Makes a directory, unless there is something called `unless`. */
void commit_make_dir(struct commit *c, const char *dir, const char *unless);
/* A directory that was moved aside while another one took its place: back, if the place is empty, else away. */
void commit_put_back(struct commit *c, const char *aside, const char *dir);
/* Removes empty directories from dir upwards, stopping before `stop`. */
void commit_prune(struct commit *c, const char *dir, const char *stop);
/* depmod for a kernel of an install tree. A failure of it does not stop the rest. */
void commit_index(struct commit *c, const char *install_tree, const char *kernel);

/* The paths that a commit is going to unlink. */
void commit_list_unlinks(const struct commit *c, struct strv *ret_paths);

/*
 * Carries out the lines of a commit, up to the first that fails, then puts what changed on the disk. *ret_changed
 * becomes true if anything was done, even if only by a line that failed in the end; it is never set to false.
 */
int commit_carry_out(const struct strv *lines, bool *ret_changed, struct fail *f);

#endif
