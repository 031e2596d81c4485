/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_OPENSSL_H
#define DKMS_HELPER_OPENSSL_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/fail.h"

/* Cleanup by attribute for what libcrypto allocates: CLEAN(x509) X509 *x = NULL; */
#define OPENSSL_CLEAN(name, type, free_it)              \
	static inline void clean_##name(type **p)       \
	{                                               \
		free_it(*p);                            \
	}
OPENSSL_CLEAN(bio, BIO, BIO_free_all)
OPENSSL_CLEAN(bn, BIGNUM, BN_free)
OPENSSL_CLEAN(cms, CMS_ContentInfo, CMS_ContentInfo_free)
OPENSSL_CLEAN(pkey, EVP_PKEY, EVP_PKEY_free)
OPENSSL_CLEAN(x509, X509, X509_free)
OPENSSL_CLEAN(x509_extension, X509_EXTENSION, X509_EXTENSION_free)
#undef OPENSSL_CLEAN

/* Fills f with the text and what libcrypto says was the cause, empties its queue of errors; returns -EIO. */
int openssl_fail(struct fail *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
