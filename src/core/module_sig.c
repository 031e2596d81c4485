/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/module_sig.h"

#include "base/mem.h"
#include "core/der.h"

/* include/linux/module_signature.h: algo, hash, id_type, signer_len, key_id_len, 3 bytes of padding
 * and the big-endian length of the signature; then comes the marker. */
enum { TRAILER = 12, ID_PGP = 0, ID_X509 = 1, ID_PKCS7 = 2 };
static const char marker[] = "~Module signature appended~\n";
enum { MARKER = sizeof(marker) - 1 };

struct trailer {
	const uint8_t *at;
	struct bytes signer, key_id, sig; /* signer and key_id only in the form before Linux 4.3 */
};

static bool find_trailer(const void *data, size_t len, struct trailer *ret)
{
	const uint8_t *end = (const uint8_t *)data + len, *t;
	size_t room, sig, named;

	if (len < MARKER + TRAILER || memcmp(end - MARKER, marker, MARKER) != 0)
		return false;
	t = end - MARKER - TRAILER;
	room = len - MARKER - TRAILER;
	sig = (size_t)t[8] << 24 | (size_t)t[9] << 16 | (size_t)t[10] << 8 | t[11];
	named = (size_t)t[3] + t[4];
	if (sig == 0 || sig > room || named > room - sig)
		return false;
	ret->at = t;
	ret->sig = (struct bytes){ t - sig, sig };
	ret->key_id = (struct bytes){ t - sig - t[4], t[4] };
	ret->signer = (struct bytes){ t - sig - named, t[3] };
	return true;
}

size_t module_sig_body(const void *data, size_t len)
{
	struct trailer t;

	return find_trailer(data, len, &t) ? (size_t)(t.signer.p - (const uint8_t *)data) : len;
}

static const struct {
	const char *oid;
	size_t len;
	const char *name;
} hashes[] = {
	{ "\x2a\x86\x48\x86\xf7\x0d\x02\x04", 8, "md4" },
	{ "\x2a\x86\x48\x86\xf7\x0d\x02\x05", 8, "md5" },
	{ "\x2b\x0e\x03\x02\x1a", 5, "sha1" },
	{ "\x2b\x24\x03\x02\x01", 5, "rmd160" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9, "sha256" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9, "sha384" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x03", 9, "sha512" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x04", 9, "sha224" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x08", 9, "sha3-256" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x09", 9, "sha3-384" },
	{ "\x60\x86\x48\x01\x65\x03\x04\x02\x0a", 9, "sha3-512" },
	{ "\x2a\x81\x1c\xcf\x55\x01\x83\x11", 8, "sm3" },
};

static const char *hash_name(const struct bytes *oid)
{
	for (size_t i = 0; i < COUNT_OF(hashes); i++)
		if (der_is(oid, hashes[i].oid, hashes[i].len))
			return hashes[i].name;
	return "unknown";
}

/* RFC 5652: the content of the first SignerInfo of a SignedData. */
static bool first_signer(struct bytes cms, struct bytes *ret)
{
	struct bytes info, oid, outer, data, skipped, signers;

	if (!der_take(&cms, DER_SEQ, &info) || !der_take(&info, DER_OID, &oid) ||
	    !der_is(&oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9) ||
	    !der_take(&info, DER_CTX0, &outer) || !der_take(&outer, DER_SEQ, &data) ||
	    !der_take(&data, DER_INT, &skipped) || !der_take(&data, DER_SET, &skipped) ||
	    !der_take(&data, DER_SEQ, &skipped))
		return false;
	der_skip(&data, DER_CTX0); /* certificates */
	der_skip(&data, DER_CTX1); /* revocation lists */
	return der_take(&data, DER_SET, &signers) && der_take(&signers, DER_SEQ, ret);
}

/* Whose signature: issuer and serial number, or a key identifier. */
static bool read_signer(unsigned tag, struct bytes sid, struct module_sig *ret)
{
	struct bytes issuer, serial;

	if (tag == DER_CTX0_PRIMITIVE) {
		ret->key = der_hex(sid);
		return true;
	}
	if (tag != DER_SEQ || !der_take(&sid, DER_SEQ, &issuer) ||
	    !der_take(&sid, DER_INT, &serial))
		return false;
	ret->signer = der_common_name(issuer);
	ret->key = der_number(serial);
	return true;
}

static bool read_pkcs7(struct bytes sig, struct module_sig *ret)
{
	struct bytes signer, version, sid, algo, oid;
	unsigned tag;

	if (!first_signer(sig, &signer) || !der_take(&signer, DER_INT, &version) ||
	    !der_next(&signer, &tag, &sid) || !der_take(&signer, DER_SEQ, &algo) ||
	    !der_take(&algo, DER_OID, &oid) || !read_signer(tag, sid, ret))
		return false;
	ret->id = xstrdup("PKCS#7");
	ret->hash = xstrdup(hash_name(&oid));
	return true;
}

static bool read_old(const struct trailer *t, struct module_sig *ret)
{
	static const char *const names[] = { "md4",    "md5",	 "sha1",   "rmd160",
					     "sha256", "sha384", "sha512", "sha224" };
	unsigned hash = t->at[1];

	if (hash >= COUNT_OF(names))
		return false;
	ret->signer = der_text(t->signer);
	ret->key = der_hex(t->key_id);
	ret->id = xstrdup(t->at[2] == ID_PGP ? "PGP" : "X509");
	ret->hash = xstrdup(names[hash]);
	return true;
}

bool module_sig_parse(const void *data, size_t len, struct module_sig *ret)
{
	struct trailer t;
	bool known = false;

	*ret = (struct module_sig){ 0 };
	if (!find_trailer(data, len, &t))
		return false;
	if (t.at[2] == ID_PKCS7)
		known = read_pkcs7(t.sig, ret);
	else if (t.at[2] == ID_PGP || t.at[2] == ID_X509)
		known = read_old(&t, ret);
	if (!known)
		module_sig_done(ret);
	return known;
}

void module_sig_done(struct module_sig *s)
{
	free(s->signer);
	free(s->id);
	free(s->key);
	free(s->hash);
	*s = (struct module_sig){ 0 };
}
