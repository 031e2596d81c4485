/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A provider of libcrypto that stands for one that reaches tokens: its store has the scheme "pkcs11", and its only key
 * is the PEM file of DKMS_TEST_TOKEN, which it gives to whoever knows DKMS_TEST_PIN. Not every distribution has a real
 * one. Used with OPENSSL_MODULES=<the directory of this>.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/pem.h>
#include <openssl/provider.h>

struct token {
	int is_done;
};

static void *token_open(void *provider, const char *uri)
{
	(void)provider;
	return strstr(uri, "object=mok") ? calloc(1, sizeof(struct token)) : NULL;
}

static int is_pin_right(OSSL_PASSPHRASE_CALLBACK *ask, void *arg)
{
	const char *pin = getenv("DKMS_TEST_PIN");
	char got[100];
	size_t n = 0;

	return pin && ask(got, sizeof(got), &n, NULL, arg) && n == strlen(pin) && memcmp(got, pin, n) == 0;
}

static int token_load(void *ctx, OSSL_CALLBACK *give, void *give_arg, OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
	struct token *t = ctx;
	const char *file = getenv("DKMS_TEST_TOKEN");
	BIO *bio = file ? BIO_new_file(file, "rb") : NULL;
	int type = OSSL_OBJECT_PKEY, r = 0;
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long len = 0;

	t->is_done = 1;
	if (bio && is_pin_right(ask, ask_arg) && PEM_read_bio(bio, &name, &header, &der, &len)) {
		OSSL_PARAM params[] = {
			OSSL_PARAM_int(OSSL_OBJECT_PARAM_TYPE, &type),
			OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, "RSA", 0),
			OSSL_PARAM_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, "PrivateKeyInfo", 0),
			OSSL_PARAM_octet_string(OSSL_OBJECT_PARAM_DATA, der, (size_t)len),
			OSSL_PARAM_END,
		};

		r = give(params, give_arg);
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return r;
}

static int token_eof(void *ctx)
{
	return ((struct token *)ctx)->is_done;
}

static int token_close(void *ctx)
{
	free(ctx);
	return 1;
}

static const OSSL_DISPATCH store[] = {
	{ OSSL_FUNC_STORE_OPEN, (void (*)(void))token_open },
	{ OSSL_FUNC_STORE_LOAD, (void (*)(void))token_load },
	{ OSSL_FUNC_STORE_EOF, (void (*)(void))token_eof },
	{ OSSL_FUNC_STORE_CLOSE, (void (*)(void))token_close },
	{ 0, NULL },
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
	static const OSSL_ALGORITHM stores[] = { { "pkcs11", "provider=pkcs11", store, "a token" },
						 { NULL, NULL, NULL, NULL } };

	(void)provider;
	*ret_no_cache = 0;
	return operation == OSSL_OP_STORE ? stores : NULL;
}

OSSL_provider_init_fn OSSL_provider_init;
int OSSL_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **ret)
{
	static const OSSL_DISPATCH functions[] = { { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
						   { 0, NULL } };

	(void)in;
	*out = functions;
	*ret = (void *)core;
	return 1;
}
