/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SECURE_BOOT_H
#define DKMS_SYS_SECURE_BOOT_H

#include "base/buf.h"
#include "core/certificate.h"

/*
 * Secure Boot as this machine was started with, and the keys that it knows, from efivarfs, the
 * kernel's copies of shim's variables, and /proc/keys. Everything may be unreadable; then it is as
 * if it were not there.
 */
struct secure_boot {
	bool is_efi; /* else nothing of the rest is known */
	bool is_on;
	bool is_waived; /* shim was told not to validate (mokutil --disable-validation): the kernel
			   takes it for off */
	bool is_enforced;	       /* module.sig_enforce */
	char *lockdown;		       /* "none", "integrity", "confidentiality"; NULL: not known */
	bool has_keys;		       /* the rest has been read */
	struct buf db, moks, new_moks; /* signature databases: the firmware's, shim's, and what
					  waits for MokManager */
	char *keys;		       /* /proc/keys */
};

/* A few small files; on a machine without EFI one look. */
void secure_boot_read(struct secure_boot *ret);
void secure_boot_done(struct secure_boot *sb);
static inline void clean_secure_boot(struct secure_boot *sb)
{
	secure_boot_done(sb);
}

/* Does the kernel that runs refuse modules that no key known to it has signed? */
bool secure_boot_refuses(const struct secure_boot *sb);

enum enrolment {
	ENROLMENT_UNKNOWN,
	ENROLMENT_NONE,
	ENROLMENT_WAITS, /* asked for with mokutil; MokManager asks at the next boot */
	ENROLMENT_DONE,
};

/*
 * Is the certificate enrolled whose key signed so (signer and key as modinfo prints them)? `ours`,
 * the certificate that dkms signs with, helps to find it among the kernel's keys, if it is that;
 * may be NULL.
 */
enum enrolment secure_boot_knows(struct secure_boot *sb, const char *signer, const char *key,
				 const struct certificate *ours);
/* Reads a certificate's file, PEM not. False: it cannot be read, or is none. */
bool certificate_load(const char *path, struct certificate *ret);

#endif
