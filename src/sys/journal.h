/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_JOURNAL_H
#define DKMS_SYS_JOURNAL_H

#include "base/fail.h"
#include "base/strv.h"

/*
 * Changes that are seen all or not at all, whenever dkms is killed or the power goes.
 *
 * A commit is a list of operations whose sources are complete and durable before it is written. It
 * is recorded in <tree>/.dkms/journal/ (written beside, fsynced, renamed) before the first operation;
 * from then on it happens: by this process, or, should that die, by the next dkms that writes
 * (journal_recover). Each operation does nothing where it was done already. There is no way back: what
 * has to be undone is another commit.
 *
 * Before a commit there is work that must leave no trace if it is cut short: temporary files. Its
 * undoing is written first, as a record of its own (journal_intend), which the commit then replaces
 * in one rename.
 *
 * Sequence: commit_* to fill the undoing, journal_intend, make the temporary files; then commit_* to
 * fill what is to happen and journal_commit; or, on failure, journal_abandon.
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
/* Removes a file or link; gone is fine. */
void commit_unlink(struct commit *c, const char *path);
/* Makes path a link to target, replacing a file or link. */
void commit_symlink(struct commit *c, const char *target, const char *path);
/* Moves a directory to where no one looks (".dkms-gone" beside it) and removes it; gone is fine. */
void commit_remove_tree(struct commit *c, const char *path);
/* Removes empty directories from dir upwards, stopping before `stop`. */
void commit_prune(struct commit *c, const char *dir, const char *stop);
/* depmod for a kernel of an install tree. A failure of it does not stop the rest. */
void commit_index(struct commit *c, const char *install_tree, const char *kernel);

/* The paths that a commit is going to unlink. */
void commit_list_unlinks(const struct commit *c, struct strv *ret_paths);

/* `name` tells records of one process apart; "" for the main line of work. */

/* Writes what has to be undone if we die before the commit; carries nothing out. */
int journal_intend(const char *dkms_tree, const char *name, const struct commit *undo, struct fail *f);
/* Records the commit, in the place of the intent of that name, and carries it out. Negative: nothing was
 * changed, or an operation failed in the middle: then the record stays, and the next dkms goes on there. */
int journal_commit(const char *dkms_tree, const char *name, const struct commit *c, struct fail *f);
/* Carries out what was intended as undoing, now. */
void journal_abandon(const char *dkms_tree, const char *name);
/* Drops the intent: there is nothing to undo any more. */
void journal_forget(const char *dkms_tree, const char *name);

/* Is something left over? Costs one open of a directory. */
bool journal_is_pending(const char *dkms_tree);
/* Finishes or undoes what a killed dkms left; under the lock. */
int journal_recover(const char *dkms_tree, struct fail *f);

#endif
