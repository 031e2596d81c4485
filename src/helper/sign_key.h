/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_SIGN_KEY_H
#define DKMS_HELPER_SIGN_KEY_H

#include "helper/openssl.h"

/*
 * The private key: a PEM file, or a pkcs11: URI where libcrypto has a provider or an engine for that. A
 * passphrase or PIN is taken from KBUILD_SIGN_PIN, as the kernel's sign-file does; nobody is asked. NULL
 * with f filled in when it cannot be had; f->code is -ENOSYS when there is nothing here that could read a
 * pkcs11: URI at all.
 */
EVP_PKEY *sign_key_load(const char *key, struct fail *f);
/* The certificate: a DER or PEM file (a PEM file may hold the key too). */
X509 *sign_cert_load(const char *path, struct fail *f);

#endif
