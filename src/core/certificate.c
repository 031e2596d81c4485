/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/certificate.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/der.h"

/* The value of the extension 2.5.29.14. */
static bool key_identifier(struct bytes extensions, struct bytes *ret)
{
	struct bytes list, one, oid, value;

	if (!der_take(&extensions, DER_SEQ, &list))
		return false;
	while (der_take(&list, DER_SEQ, &one)) {
		if (!der_take(&one, DER_OID, &oid))
			return false;
		der_skip(&one, DER_BOOL);
		if (der_is(&oid, "\x55\x1d\x0e", 3) && der_take(&one, DER_OCTETS, &value))
			return der_take(&value, DER_OCTETS, ret);
	}
	return false;
}

bool certificate_parse(const void *der, size_t len, struct certificate *ret)
{
	struct bytes all = { der, len }, outer, body, serial, algo, issuer, skipped, extensions, id;

	*ret = (struct certificate){ 0 };
	if (!der_take(&all, DER_SEQ, &outer) || !der_take(&outer, DER_SEQ, &body))
		return false;
	der_skip(&body, DER_CTX0); /* the version */
	if (!der_take(&body, DER_INT, &serial) || !der_take(&body, DER_SEQ, &algo) ||
	    !der_take(&body, DER_SEQ, &issuer) || !der_take(&body, DER_SEQ, &skipped) ||
	    !der_take(&body, DER_SEQ, &skipped) || !der_take(&body, DER_SEQ, &skipped))
		return false;
	ret->issuer = der_common_name(issuer);
	ret->serial = der_number(serial);
	while (body.n && body.p[0] != DER_CTX3)
		if (!der_take(&body, body.p[0], &skipped))
			return true;
	if (der_take(&body, DER_CTX3, &extensions) && key_identifier(extensions, &id))
		ret->key_id = der_hex(id);
	return true;
}

void certificate_done(struct certificate *c)
{
	free(c->issuer);
	free(c->serial);
	free(c->key_id);
	*c = (struct certificate){ 0 };
}

bool certificate_signed(const struct certificate *c, const char *signer, const char *key)
{
	if (str_is_empty(key))
		return false;
	if (signer && str_eq(c->serial, key))
		return str_eq(c->issuer, signer);
	return str_eq(c->key_id, key);
}

/* lists of the database -------------------------------------------------------------------------
 */

/* EFI_SIGNATURE_LIST: type, sizes of the list, of a header of it, and of each signature, which has
 * its owner first. */
enum { GUID = 16, LIST_HEAD = GUID + 12 };

static const uint8_t x509_type[GUID] = { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
					 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 };

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Takes one list off `from`. */
static bool next_list(struct bytes *from, bool *ret_is_x509, size_t *ret_size, struct bytes *ret)
{
	size_t list, head, one;

	if (from->n < LIST_HEAD)
		return false;
	list = le32(from->p + GUID);
	head = le32(from->p + GUID + 4);
	one = le32(from->p + GUID + 8);
	if (list < LIST_HEAD || list > from->n || head > list - LIST_HEAD || one <= GUID)
		return false;
	*ret_is_x509 = memcmp(from->p, x509_type, GUID) == 0;
	*ret_size = one;
	*ret = (struct bytes){ from->p + LIST_HEAD + head, list - LIST_HEAD - head };
	from->p += list;
	from->n -= list;
	return true;
}

/* key NULL: the name is enough. */
static bool is_from(struct bytes der, const char *signer, const char *key)
{
	CLEAN(certificate) struct certificate c = { 0 };

	if (!certificate_parse(der.p, der.n, &c))
		return false;
	return key ? certificate_signed(&c, signer, key) : str_eq(c.issuer, signer);
}

static bool find(struct bytes rest, const char *signer, const char *key)
{
	struct bytes list;
	size_t one;
	bool is_x509;

	while (next_list(&rest, &is_x509, &one, &list))
		for (; is_x509 && list.n >= one; list.p += one, list.n -= one)
			if (is_from((struct bytes){ list.p + GUID, one - GUID }, signer, key))
				return true;
	return false;
}

bool certificate_in_database(const void *database, size_t len, const char *signer, const char *key)
{
	return key && find((struct bytes){ database, len }, signer, key);
}

bool certificate_name_in_database(const void *database, size_t len, const char *name)
{
	return name && find((struct bytes){ database, len }, name, NULL);
}

/* /proc/keys ------------------------------------------------------------------------------------
 */

/* "3191be I------ 1 perm 1f010000 0 0 asymmetri NAME: KEY_ID: X509.rsa a7ef3992 []": of root's. */
static const char *description(const char *line, size_t *ret_len)
{
	static const char type[] = " 0     0 asymmetri ";
	const char *end = line + strcspn(line, "\n");
	const char *at = strstr(line, type), *last;

	if (!at || at > end)
		return NULL;
	at += strlen(type);
	last = strstr(at, ": X509");
	if (!last || last > end)
		return NULL;
	*ret_len = (size_t)(last - at);
	return at;
}

static bool has_description(const char *keys,
			    bool (*fits)(const char *text, size_t len, const char *what),
			    const char *what)
{
	for (const char *p = keys; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t len;
		const char *d = description(p, &len);

		if (d && fits(d, len, what))
			return true;
	}
	return false;
}

static bool ends_with_id(const char *text, size_t len, const char *id)
{
	size_t n = strlen(id);

	return len > n + 1 && strncmp(text + len - n, id, n) == 0 && text[len - n - 1] == ' ';
}

static bool begins_with_name(const char *text, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && strncmp(text, name, n) == 0 && text[n] == ':';
}

bool certificate_in_kernel(const char *keys, const struct certificate *c)
{
	const char *hex = c->key_id ? c->key_id : c->serial;
	CLEAN(buf) struct buf id = { 0 };

	for (const char *p = hex; p && *p; p++)
		if (*p != ':')
			buf_add_char(&id, (char)tolower((unsigned char)*p));
	return id.len && has_description(keys, ends_with_id, buf_str(&id));
}

bool certificate_name_in_kernel(const char *keys, const char *name)
{
	return !str_is_empty(name) && has_description(keys, begins_with_name, name);
}
