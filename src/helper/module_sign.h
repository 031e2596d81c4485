/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_MODULE_SIGN_H
#define DKMS_HELPER_MODULE_SIGN_H

#include "base/fail.h"

/*
 * Signs the uncompressed module `path` in the kernel's format (Documentation/admin-guide/module-signing.rst):
 * a detached CMS signature without certificates and signed attributes that names its signer by issuer and
 * serial number, a trailer, a marker. A signature that the file has already is replaced. The file is
 * written beside and renamed; it keeps its mode. Key and certificate as sign_key.h reads them.
 */
int module_sign(const char *hash, const char *key, const char *cert, const char *path, struct fail *f);

#endif
