/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_DER_H
#define DKMS_CORE_DER_H

#include <stdint.h>

#include "base/util.h"

/*
 * DER, as much of it as signatures and certificates need: one-byte tags, definite lengths. Bytes
 * are borrowed; every length in them is checked.
 */
struct bytes {
	const uint8_t *p;
	size_t n;
};

enum {
	DER_BOOL = 0x01,
	DER_INT = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQ = 0x30,
	DER_SET = 0x31,
	DER_CTX0 = 0xa0,
	DER_CTX1 = 0xa1,
	DER_CTX3 = 0xa3,
	DER_CTX0_PRIMITIVE = 0x80,
};

/* Takes the next element off `from`; false at the end and where the bytes are no such element. */
bool der_next(struct bytes *from, unsigned *ret_tag, struct bytes *ret);
/* The next element, which must have that tag. */
bool der_take(struct bytes *from, unsigned tag, struct bytes *ret);
/* Steps over the next element if it has that tag. */
void der_skip(struct bytes *from, unsigned tag);

bool der_is(const struct bytes *b, const char *what, size_t n);
/* As modinfo prints keys: "0A:F3"; caller frees. */
char *der_hex(struct bytes b);
/* The same for an integer, without leading zeros. */
char *der_number(struct bytes b);
char *der_text(struct bytes b);
/* The first common name in an X.501 name: a sequence of sets of (type, value). Caller frees; NULL:
 * none. */
char *der_common_name(struct bytes name);

#endif
