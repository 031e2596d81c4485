/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_CERTIFICATE_H
#define DKMS_CORE_CERTIFICATE_H

#include "base/util.h"

/*
 * What of an X.509 certificate (DER) tells which signatures are its key's. In the form in which
 * modinfo prints what a signature says; NULL where there is none.
 */
struct certificate {
	char *issuer; /* the common name */
	char *serial; /* "0A:F3" */
	char *key_id; /* the subject's key identifier */
};

/* False, and ret empty: it is no certificate. Nothing but the form is looked at. */
bool certificate_parse(const void *der, size_t len, struct certificate *ret);
void certificate_done(struct certificate *c);
static inline void clean_certificate(struct certificate *c)
{
	certificate_done(c);
}

/* Is a module's signature (signer and key as modinfo prints them; signer may be NULL) of this one's
 * key? */
bool certificate_signed(const struct certificate *c, const char *signer, const char *key);

/* Is a certificate that has signed so in an EFI signature database (UEFI, 32.4.1: lists of
 * certificates and hashes)? */
bool certificate_in_database(const void *database, size_t len, const char *signer, const char *key);
/* Is one there whose issuer has that name? */
bool certificate_name_in_database(const void *database, size_t len, const char *name);
/* Does the kernel have it? By the text of /proc/keys, where certificates go by name and key
 * identifier. */
bool certificate_in_kernel(const char *keys, const struct certificate *c);
/* Has the kernel a certificate of that name? Another may have it too. */
bool certificate_name_in_kernel(const char *keys, const char *name);

#endif
