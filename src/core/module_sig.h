/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_MODULE_SIG_H
#define DKMS_CORE_MODULE_SIG_H

#include "base/util.h"

/*
 * The signature at the end of a kernel module (Documentation/admin-guide/module-signing.rst): its bytes, a
 * trailer that tells their length, and the marker line. Strings are as modinfo prints them.
 */
struct module_sig {
	char *signer; /* the common name of the issuer of the signing certificate; NULL if it has none */
	char *id;     /* "PKCS#7"; of old kernels "PGP" or "X509" */
	char *key;    /* serial number (or key identifier), upper-case hex bytes with colons */
	char *hash;   /* "sha256" */
};

/*
 * How many of the bytes are the module itself, without the signature: all of them where there is no
 * signature, or none whose length is possible. What is inside the signature is not looked at.
 */
size_t module_sig_body(const void *data, size_t len);
/* True with ret filled in if there is a signature that can be understood; else ret is empty. Looks at the
 * form only: whether the signature is right is the kernel's to judge. */
bool module_sig_parse(const void *data, size_t len, struct module_sig *ret);
void module_sig_done(struct module_sig *s);
static inline void clean_module_sig(struct module_sig *s)
{
	module_sig_done(s);
}

#endif
