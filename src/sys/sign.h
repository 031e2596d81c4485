/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SIGN_H
#define DKMS_SYS_SIGN_H

#include "base/fail.h"
#include "core/distro.h"
#include "core/kconfig.h"
#include "sys/chroot.h"
#include "sys/framework.h"

/* What decides whether and with what modules for a kernel are signed. Borrowed. */
struct sign_request {
	const struct framework *framework;
	const struct distro *distro;
	const struct kconfig *kconfig; /* the kernel's configuration; may be empty */
	const char *kernel;
	const char *kernel_source_dir;
	const char *install_tree;
	const struct strv *environment;
};

enum sign_method {
	SIGN_OFF,      /* not to be signed: `why` says so in words */
	SIGN_HELPER,   /* our own helper program (libcrypto) */
	SIGN_EXTERNAL, /* a sign-file program: framework.conf's, or the distribution's */
};

struct signer {
	enum sign_method method;
	char *program;  /* the helper or the external program */
	char *hash;     /* CONFIG_MODULE_SIG_HASH, "sha256" */
	char *key, *certificate;
	bool made_key;  /* the key pair is new: to be enrolled where Secure Boot is on */
	char *why;      /* for SIGN_OFF */
};

/*
 * Chooses method and key, and makes a key pair where both or one is missing (the rules of dkms(8),
 * "Signing"). 0 also when there will be no signature (SIGN_OFF). Where that is as it should be (the kernel
 * does not ask, a chroot, switched off) f stays empty; what went wrong (a key that cannot be made) is in
 * ret->why and in f: a loud warning, no failed build. Negative only when interrupted.
 * Asks chroot_detect, so it is to be called before namespaces are made.
 */
int signer_prepare(const struct sign_request *rq, struct signer *ret, struct fail *f);
void signer_done(struct signer *s);
static inline void clean_signer(struct signer *s)
{
	signer_done(s);
}

/*
 * The other half alone, for `dkms generate_mok`: chooses the key whatever the kernel asks for, and makes the pair
 * if it is not complete. ret->method is SIGN_OFF; key, certificate and made_key say what there is; with dry_run
 * nothing is made, and made_key says that it would be.
 */
int signer_make_key(const struct sign_request *rq, bool dry_run, struct signer *ret, struct fail *f);

/* Only finds out which key and certificate there are or would be; nothing is made. */
void signer_find_key(const struct sign_request *rq, struct signer *ret);

/* Signs one uncompressed module file in place (written beside, renamed). */
int signer_sign(const struct signer *s, const char *path, struct fail *f);

#endif
