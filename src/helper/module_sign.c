/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/module_sign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/file.h"
#include "core/module_sig.h"
#include "helper/openssl.h"
#include "helper/sign_key.h"

enum { MODULE_MAX = 512 << 20 };

struct signing {
	const EVP_MD *hash;
	EVP_PKEY *key;
	X509 *cert;
};

static void clean_signing(struct signing *s)
{
	EVP_PKEY_free(s->key);
	X509_free(s->cert);
}

static int prepare(const char *hash, const char *key, const char *cert, struct signing *ret,
		   struct fail *f)
{
	ret->hash = EVP_get_digestbyname(hash);
	if (!ret->hash)
		return fail_set(f, -EINVAL, "libcrypto does not know the hash '%s'", hash);
	ret->key = sign_key_load(key, f);
	if (!ret->key)
		return f->code;
	ret->cert = sign_cert_load(cert, f);
	if (!ret->cert)
		return f->code;
	if (X509_check_private_key(ret->cert, ret->key) != 1) {
		openssl_fail(f, "the key '%s' is not that of the certificate '%s'", key, cert);
		return f->code;
	}
	return 0;
}

/* The flags are those that the kernel's verification asks for. */
static int make_cms(const struct signing *s, const void *data, size_t len, BIO *out, struct fail *f)
{
	const unsigned flags = CMS_NOCERTS | CMS_BINARY;
	CLEAN(bio) BIO *in = BIO_new_mem_buf(data, (int)len);
	CLEAN(cms)
	CMS_ContentInfo *cms =
		CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL | CMS_DETACHED | CMS_STREAM);

	if (!in || !cms ||
	    !CMS_add1_signer(cms, s->cert, s->key, s->hash, flags | CMS_NOATTR | CMS_NOSMIMECAP) ||
	    CMS_final(cms, in, NULL, flags) != 1 || !i2d_CMS_bio(out, cms))
		return openssl_fail(f, "cannot sign");
	return 0;
}

/* include/linux/module_signature.h; id_type 2 is PKCS#7. */
static void add_trailer(struct buf *b, size_t n)
{
	const unsigned char trailer[12] = { [2] = 2,
					    [8] = (unsigned char)(n >> 24),
					    [9] = (unsigned char)(n >> 16),
					    [10] = (unsigned char)(n >> 8),
					    [11] = (unsigned char)n };

	buf_add(b, trailer, sizeof(trailer));
	buf_add_str(b, "~Module signature appended~\n");
}

static int append_signature(const struct signing *s, struct buf *module, struct fail *f)
{
	CLEAN(bio) BIO *sig = BIO_new(BIO_s_mem());
	char *data;
	long n;
	int r;

	if (!sig)
		return openssl_fail(f, "cannot sign");
	r = make_cms(s, module->data, module->len, sig, f);
	if (r < 0)
		return r;
	n = BIO_get_mem_data(sig, &data);
	buf_add(module, data, (size_t)n);
	add_trailer(module, (size_t)n);
	return 0;
}

int module_sign(const char *hash, const char *key, const char *cert, const char *path,
		struct fail *f)
{
	CLEAN(signing) struct signing s = { 0 };
	CLEAN(buf) struct buf module = { 0 };
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return fail_errno(f, errno, "cannot read '%s'", path);
	r = file_read(AT_FDCWD, path, MODULE_MAX, &module);
	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", path);
	if (module.len == 0)
		return fail_set(f, -ENODATA, "'%s' is empty", path);
	r = prepare(hash, key, cert, &s, f);
	if (r < 0)
		return r;
	module.len = module_sig_body(module.data, module.len);
	r = append_signature(&s, &module, f);
	if (r < 0)
		return r;
	r = file_write(path, module.data, module.len, st.st_mode & 07777);
	return r < 0 ? fail_errno(f, r, "cannot write '%s'", path) : 0;
}
