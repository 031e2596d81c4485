/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_JOURNAL_H
#define DKMS_SYS_JOURNAL_H

#include "base/fail.h"
#include "sys/commit.h"

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
 * undoing is written first, as a record of its own (journal_intend), which counts until the record of the
 * commit is there.
 *
 * Sequence: commit_* to fill the undoing, journal_intend, make the temporary files; then commit_* to
 * fill what is to happen and journal_commit; or, on failure, journal_abandon.
 *
 * `name` tells records of one process apart; "" for the main line of work.
 */

/* Writes what has to be undone if we die before the commit; carries nothing out. */
int journal_intend(const char *dkms_tree, const char *name, const struct commit *undo, struct fail *f);
/*
 * Records the commit, which supersedes the intent of that name, and carries it out. Negative: nothing was changed, and
 * what was intended as undoing was carried out; or an operation failed in the middle, twice: then the record stays, and
 * the next dkms goes on there (journal_is_left).
 */
int journal_commit(const char *dkms_tree, const char *name, const struct commit *c, struct fail *f);
/* Has a commit of this process failed in the middle? */
bool journal_is_left(const char *dkms_tree);
/* Carries out what was intended as undoing, now. */
void journal_abandon(const char *dkms_tree, const char *name);
/* Drops the intent: there is nothing to undo any more. */
void journal_forget(const char *dkms_tree, const char *name);

/* Is something left over, if only the lock file? Or another dkms is at work. Costs one look. */
bool journal_is_pending(const char *dkms_tree);
/* Are there records? Under the lock: of a killed dkms, or of the one whose script we are. */
bool journal_has_records(const char *dkms_tree);
/* Finishes or undoes what a killed dkms left; under the lock. */
int journal_recover(const char *dkms_tree, struct fail *f);

#endif
