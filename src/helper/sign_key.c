/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* engines are deprecated in OpenSSL 3, but in many places still the only way to a token */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "helper/sign_key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

#include "base/mem.h"

/* For PEM files and tokens: never asks on the terminal. */
static int passphrase(char *to, int size, int writing, void *ctx)
{
	const char *pin = getenv("KBUILD_SIGN_PIN");
	size_t n = pin ? strlen(pin) : 0;

	if (!pin || n >= (size_t)size)
		return -1;
	memcpy(to, pin, n + 1);
	return (int)n;
}

/* --- pkcs11: by a provider --- */

static EVP_PKEY *key_of_store(OSSL_STORE_CTX *store)
{
	while (!OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);
		EVP_PKEY *key = NULL;

		if (!info)
			return NULL;
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
		if (key)
			return key;
	}
	return NULL;
}

static EVP_PKEY *load_by_provider(const char *uri, struct fail *f)
{
	OSSL_PROVIDER *provider = OSSL_PROVIDER_try_load(NULL, "pkcs11", 1);
	UI_METHOD *ui = provider ? UI_UTIL_wrap_read_pem_callback(passphrase, 0) : NULL;
	OSSL_STORE_CTX *store = ui ? OSSL_STORE_open(uri, ui, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = NULL;

	if (!provider) {
		fail_set(f, -ENOSYS, "libcrypto has neither a provider nor an engine for pkcs11");
		return NULL;
	}
	if (store)
		key = key_of_store(store);
	if (!key)
		openssl_fail(f, "cannot get the key '%s' from its token", uri);
	OSSL_STORE_close(store);
	UI_destroy_method(ui);
	return key; /* the provider stays loaded: the key needs it */
}

/* --- pkcs11: by an engine --- */

#ifndef OPENSSL_NO_ENGINE
static ENGINE *find_engine(void)
{
	ENGINE *e;

	ENGINE_load_builtin_engines();
	e = ENGINE_by_id("pkcs11");
	if (e && !ENGINE_init(e)) {
		ENGINE_free(e);
		return NULL;
	}
	return e; /* stays for the life of the process: the key needs it */
}

static EVP_PKEY *load_by_engine(ENGINE *e, const char *uri, struct fail *f)
{
	const char *pin = getenv("KBUILD_SIGN_PIN");
	EVP_PKEY *key = NULL;

	if (!pin || ENGINE_ctrl_cmd_string(e, "PIN", pin, 0))
		key = ENGINE_load_private_key(e, uri, NULL, NULL);
	if (!key)
		openssl_fail(f, "cannot get the key '%s' from its token", uri);
	return key;
}
#endif

static EVP_PKEY *load_from_token(const char *uri, struct fail *f)
{
	EVP_PKEY *key = load_by_provider(uri, f);

#ifndef OPENSSL_NO_ENGINE
	if (!key && f->code == -ENOSYS) {
		ENGINE *e = find_engine();

		if (e)
			return load_by_engine(e, uri, f);
		ERR_clear_error();
	}
#endif
	return key;
}

/* --- files --- */

EVP_PKEY *sign_key_load(const char *key, struct fail *f)
{
	CLEAN(bio) BIO *bio = NULL;
	EVP_PKEY *k;

	if (str_has_prefix(key, "pkcs11:"))
		return load_from_token(key, f);
	bio = BIO_new_file(key, "rb");
	k = bio ? PEM_read_bio_PrivateKey(bio, NULL, passphrase, NULL) : NULL;
	if (!k) {
		openssl_fail(f, "cannot read the private key '%s'", key);
		if (bio && !getenv("KBUILD_SIGN_PIN"))
			fail_hint(f, "if it has a passphrase, set KBUILD_SIGN_PIN");
	}
	return k;
}

X509 *sign_cert_load(const char *path, struct fail *f)
{
	CLEAN(bio) BIO *bio = BIO_new_file(path, "rb");
	unsigned char head[2] = { 0 };
	X509 *x = NULL;

	if (bio && BIO_read(bio, head, sizeof(head)) == sizeof(head) && BIO_reset(bio) == 0) {
		/* a DER sequence with a length of more than one byte; PEM is text */
		if (head[0] == 0x30 && head[1] >= 0x81 && head[1] <= 0x84)
			x = d2i_X509_bio(bio, NULL);
		else
			x = PEM_read_bio_X509(bio, NULL, passphrase, NULL);
	}
	if (!x)
		openssl_fail(f, "cannot read the certificate '%s'", path);
	return x;
}
