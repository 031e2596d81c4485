/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_SHA256_H
#define DKMS_CORE_SHA256_H

#include <stdint.h>

#include "base/util.h"

/*
 * SHA-256 (FIPS 180-4), to tell whether files are the same as they were. A digest is all that dkms
 * itself needs of cryptography, and libcrypto costs a start-up more than the rest of dkms together;
 * keys and signatures are the helper's.
 */
struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

enum { SHA256_HEX = 65 }; /* room for the digest in hexadecimal digits, with its NUL */

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_hex(struct sha256 *s, char ret[SHA256_HEX]);

#endif
