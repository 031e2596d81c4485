/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/der.h"

#include "base/buf.h"
#include "base/mem.h"

bool der_next(struct bytes *from, unsigned *ret_tag, struct bytes *ret)
{
	size_t head = 2, n;

	if (from->n < 2 || (from->p[0] & 0x1f) == 0x1f)
		return false;
	n = from->p[1];
	if (n & 0x80) {
		size_t more = n & 0x7f;

		if (more == 0 || more > 4 || more > from->n - 2)
			return false;
		n = 0;
		for (size_t i = 0; i < more; i++)
			n = n << 8 | from->p[2 + i];
		head += more;
	}
	if (n > from->n - head)
		return false;
	*ret_tag = from->p[0];
	*ret = (struct bytes){ from->p + head, n };
	from->p += head + n;
	from->n -= head + n;
	return true;
}

bool der_take(struct bytes *from, unsigned tag, struct bytes *ret)
{
	unsigned got;

	return der_next(from, &got, ret) && got == tag;
}

void der_skip(struct bytes *from, unsigned tag)
{
	struct bytes content;
	unsigned got;

	if (from->n && from->p[0] == tag)
		der_next(from, &got, &content);
}

bool der_is(const struct bytes *b, const char *what, size_t n)
{
	return b->n == n && memcmp(b->p, what, n) == 0;
}

char *der_hex(struct bytes b)
{
	CLEAN(buf) struct buf out = { 0 };

	for (size_t i = 0; i < b.n; i++)
		buf_add_fmt(&out, "%s%02X", i ? ":" : "", b.p[i]);
	return buf_take(&out);
}

char *der_number(struct bytes b)
{
	while (b.n && b.p[0] == 0) {
		b.p++;
		b.n--;
	}
	return der_hex(b);
}

char *der_text(struct bytes b)
{
	return xstrndup((const char *)b.p, b.n);
}

char *der_common_name(struct bytes name)
{
	struct bytes set, pair, type, value;
	unsigned tag;

	while (der_take(&name, DER_SET, &set)) {
		while (der_take(&set, DER_SEQ, &pair)) {
			if (der_take(&pair, DER_OID, &type) && der_is(&type, "\x55\x04\x03", 3) &&
			    der_next(&pair, &tag, &value))
				return der_text(value);
		}
	}
	return NULL;
}
