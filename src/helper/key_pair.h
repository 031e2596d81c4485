/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_KEY_PAIR_H
#define DKMS_HELPER_KEY_PAIR_H

#include "base/fail.h"

/*
 * Makes a key (RSA 2048, PEM, mode 0600) and a self-signed certificate for it (DER, mode 0644), unless both
 * files are there: then nothing happens. Where one of them is missing both are made anew. The key appears
 * first, then the certificate, each by rename; when one cannot be put into place the other is as it was.
 * Two processes that do this at once end with one pair. Parent directories are not made.
 */
int key_pair_make(const char *key_path, const char *cert_path, struct fail *f);

#endif
