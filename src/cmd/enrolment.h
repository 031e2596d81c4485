/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_ENROLMENT_H
#define DKMS_CMD_ENROLMENT_H

#include "cmd/app.h"
#include "sys/secure_boot.h"

/*
 * What Secure Boot means for modules, told before the reboot that shows it. On a machine without
 * EFI nothing is said, and nothing but that is found out.
 */

/* After a plan: does the kernel refuse what was installed? Warnings; none in a chroot, as nothing
 * is signed there. */
void enrolment_warn(const struct app *app, const struct plan *plan);
/* For generate_mok: the state, and the steps that are left to do. The same in the document:
 * `secure_boot`. */
void enrolment_guide(const struct app *app, const char *certificate);

/* The file of the certificate that modules for a kernel are signed with; caller frees. */
char *enrolment_certificate(const struct app *app, const char *kernel, const char *arch);

/* "enrolled", "not enrolled", …; static. NULL: not known. */
const char *enrolment_word(enum enrolment e);
/* The member `secure_boot` of a document; null without EFI. */
void enrolment_document(const struct secure_boot *sb, struct json *j);
/* "on; lockdown: integrity"; caller frees. */
char *enrolment_state(const struct secure_boot *sb);

#endif
