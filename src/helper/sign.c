/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dkms-sign: what dkms needs libcrypto for, as a program of its own, so that dkms itself need not
 * load it.
 *
 *   dkms-sign genkey KEY CERT           makes a key pair unless both files are there
 *   dkms-sign sign HASH KEY CERT FILE   signs a kernel module
 *   dkms-sign probe KEY                 can that key be read here?
 *
 * Statuses: 0 done, 1 failed, 2 wrong usage, 3 KEY is a pkcs11: URI and libcrypto has nothing for
 * those.
 */
#include <errno.h>

#include "helper/key_pair.h"
#include "helper/module_sign.h"
#include "helper/sign_key.h"

static int probe(const char *key, struct fail *f)
{
	CLEAN(pkey) EVP_PKEY *k = sign_key_load(key, f);

	return k ? 0 : f->code;
}

static int report(int r, const struct fail *f)
{
	if (r >= 0)
		return 0;
	fprintf(stderr, "dkms-sign: %s\n", f->text ? f->text : "failed");
	if (f->hint)
		fprintf(stderr, "dkms-sign: %s\n", f->hint);
	return r == -ENOSYS ? 3 : 1;
}

int main(int argc, char **argv)
{
	CLEAN(fail) struct fail f = { 0 };

	if (argc == 4 && str_eq(argv[1], "genkey"))
		return report(key_pair_make(argv[2], argv[3], &f), &f);
	if (argc == 6 && str_eq(argv[1], "sign"))
		return report(module_sign(argv[2], argv[3], argv[4], argv[5], &f), &f);
	if (argc == 3 && str_eq(argv[1], "probe"))
		return report(probe(argv[2], &f), &f);
	fputs("usage: dkms-sign genkey KEY CERT\n"
	      "       dkms-sign sign HASH KEY CERT FILE\n"
	      "       dkms-sign probe KEY\n",
	      stderr);
	return 2;
}
