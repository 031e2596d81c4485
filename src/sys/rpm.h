/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_RPM_H
#define DKMS_SYS_RPM_H

#include "base/fail.h"
#include "base/strv.h"

/* The architecture of the rpm package that owns a path; caller frees; NULL: nobody knows. */
char *rpm_arch_of(const char *path, const struct strv *environment);
/* Is a path in some rpm package? */
bool rpm_owns(const char *path, const struct strv *environment);

/*
 * --rpm_safe_upgrade. During an upgrade rpm runs the new package's scripts, which add, and then the old one's, which
 * remove; if both are the same version the remove would take away what was just added. So add leaves a note for its
 * rpm process (the parent of dkms's parent), and a remove of the same version by the same process does nothing.
 * The note is <tmp>/dkms_rpm_safe_upgrade_lock.<pid>.XXXXXX and holds <m>-<v> and that process's start time.
 */
int rpm_upgrade_note(const char *tmp, const char *module, const char *version, struct fail *f);
/* Is there such a note for this process and version? uses_up: then it is taken away. */
bool rpm_upgrade_is_noted(const char *tmp, const char *module, const char *version, bool uses_up);

#endif
