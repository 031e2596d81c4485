/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_SIGN_CHOICE_H
#define DKMS_CORE_SIGN_CHOICE_H

#include "base/strv.h"
#include "core/distro.h"
#include "core/kconfig.h"

/*
 * Which key signs, and which sign-file programs a distribution may have (dkms(8), "Signing"). Pure: sys
 * reads the facts and looks what is there.
 */
struct sign_facts {
	const struct distro *distro;
	const char *configured_key, *configured_cert; /* framework.conf; NULL or "" where it says nothing */
	const char *portage_key, *portage_cert;       /* MODULES_SIGN_KEY, MODULES_SIGN_CERT; or NULL */
	const struct kconfig *kconfig;
	const char *kernel;            /* the release */
	const char *kernel_source_dir;
	const char *install_tree;
};

struct sign_keys {
	char *key, *certificate;
	bool is_token;    /* a pkcs11: URI: never made here */
	bool is_ubuntus;  /* update-secureboot-policy makes it */
};

void sign_choose_keys(const struct sign_facts *facts, struct sign_keys *ret);
void sign_keys_done(struct sign_keys *k);
static inline void clean_sign_keys(struct sign_keys *k)
{
	sign_keys_done(k);
}

/* The sign-file programs to try, in order: paths, or a name to look up on PATH. */
void sign_file_candidates(const struct sign_facts *facts, struct strv *ret);

#endif
