/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_KEPT_H
#define DKMS_ENGINE_KEPT_H

#include "engine/internal.h"

/*
 * Installing over a version that is installed replaces files that work, before depmod has said what it thinks of the
 * new ones. Until then the old ones are kept: as hard links beside them, under names that depmod does not index. A
 * record in the journal says that they are to go, so that the next dkms removes them should this one die.
 */

/*
 * Lists what is to be kept of a module: in s->kept its files in dest's directory, whatever their suffix, in s->came
 * dest if it is not among them. Under the kernel's lock.
 */
int kept_list(struct step *s, const char *dest, const char *name, struct fail *f);
/* Keeps what is listed. Where there are no hard links, or one is a symlink, nothing is, and the lists are empty.
 * Negative: nothing is, either. */
int kept_make(struct engine *e, struct step *s, struct fail *f);
/* They are not needed any more. */
void kept_drop(struct engine *e, struct step *s);
/* Has the step kept files, and is its version still installed? */
bool kept_any(const struct engine *e, const struct step *s);
/* Back to where they were, in one commit; what came with them goes. For a step that kept any. */
int kept_restore(struct engine *e, struct step *s, struct fail *f);

#endif
