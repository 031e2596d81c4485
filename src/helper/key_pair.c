/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/key_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "helper/openssl.h"

enum { KEY_BITS = 2048, DAYS = 36500, SERIAL_BITS = 159 };

/* --- the certificate --- */

static bool set_serial(X509 *x)
{
	CLEAN(bn) BIGNUM *n = BN_new();

	return n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	       BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
}

static bool set_names(X509 *x)
{
	static const unsigned char cn[] = "DKMS module signing key";
	X509_NAME *name = X509_get_subject_name(x);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, cn, -1, -1, 0) &&
	       X509_set_issuer_name(x, name);
}

static bool add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	CLEAN(x509_extension) X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

	return e && X509_add_ext(x, e, -1);
}

/* The authority's identifier copies the subject's, so it comes after that. */
static bool add_extensions(X509 *x)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	return add_extension(x, &ctx, NID_subject_key_identifier, "hash") &&
	       add_extension(x, &ctx, NID_authority_key_identifier, "keyid:always") &&
	       add_extension(x, &ctx, NID_basic_constraints, "critical,CA:TRUE") &&
	       add_extension(x, &ctx, NID_ext_key_usage, "codeSigning");
}

static X509 *make_cert(EVP_PKEY *key)
{
	CLEAN(x509) X509 *x = X509_new();

	if (!x || !X509_set_version(x, 2) || !set_serial(x) ||
	    !X509_gmtime_adj(X509_getm_notBefore(x), 0) ||
	    !X509_time_adj_ex(X509_getm_notAfter(x), DAYS, 0, NULL) || !set_names(x) ||
	    !X509_set_pubkey(x, key) || !add_extensions(x) || !X509_sign(x, key, EVP_sha256()))
		return NULL;
	return TAKE_PTR(x);
}

/* Both as the bytes that the files will hold. */
static int make_pair(BIO *key_text, BIO *cert_der, struct fail *f)
{
	CLEAN(pkey) EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
	CLEAN(x509) X509 *cert = NULL;

	if (!key || !PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL))
		return openssl_fail(f, "cannot make a key");
	cert = make_cert(key);
	if (!cert || !i2d_X509_bio(cert_der, cert))
		return openssl_fail(f, "cannot make a certificate");
	return 0;
}

/* --- the files --- */

static char *beside(const char *path, const char *suffix)
{
	CLEAN(free) char *dir = path_dir(path);

	return xasprintf("%s/.%s%s", dir, path_base(path), suffix);
}

/*
 * Opens the file that will become the key, which is the lock between two who make one: it moves
 * with the file to its new name. 1: ours; 0: someone else was faster, look again.
 */
static int lock_new_key(const char *temp, int *ret_fd)
{
	CLEAN(fd) int fd = open(temp, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat ours, there;

	if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &ours) < 0)
		return -errno;
	if (stat(temp, &there) < 0 || there.st_ino != ours.st_ino || there.st_dev != ours.st_dev)
		return 0;
	if (ftruncate(fd, 0) < 0 || fchmod(fd, 0600) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

static int write_bio(int fd, BIO *from)
{
	char *data;
	long n = BIO_get_mem_data(from, &data);
	int r = fd_write_all(fd, data, (size_t)n);

	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

static int write_cert(const char *path, BIO *from)
{
	CLEAN(fd) int fd = -1;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	return fchmod(fd, 0644) < 0 ? -errno : write_bio(fd, from);
}

struct placing {
	const char *key, *cert;	  /* where they belong */
	char *new_key, *new_cert; /* the complete new files beside */
	char *old_key;		  /* a second name of the old key meanwhile */
};

static void clean_placing(struct placing *p)
{
	free(p->new_key);
	free(p->new_cert);
	free(p->old_key);
}

/* The last step: from here on only renames. */
static int put_into_place(const struct placing *p, struct fail *f)
{
	bool had_key;
	int r;

	unlink(p->old_key);
	had_key = link(p->key, p->old_key) == 0;
	if (rename(p->new_key, p->key) < 0) {
		r = fail_errno(f, errno, "cannot write the key '%s'", p->key);
	} else if (rename(p->new_cert, p->cert) < 0) {
		r = fail_errno(f, errno, "cannot write the certificate '%s'", p->cert);
		if (had_key)
			rename(p->old_key, p->key);
		else
			unlink(p->key);
	} else {
		dir_sync_of(p->key);
		dir_sync_of(p->cert);
		r = 0;
	}
	unlink(p->old_key);
	return r;
}

static int write_pair(const struct placing *p, int key_fd, struct fail *f)
{
	CLEAN(bio) BIO *key_text = BIO_new(BIO_s_secmem()), *cert_der = BIO_new(BIO_s_mem());
	int r;

	if (!key_text || !cert_der)
		return openssl_fail(f, "cannot make a key");
	r = make_pair(key_text, cert_der, f);
	if (r < 0)
		return r;
	r = write_bio(key_fd, key_text);
	if (r < 0)
		return fail_errno(f, r, "cannot write the key '%s'", p->key);
	r = write_cert(p->new_cert, cert_der);
	if (r < 0)
		return fail_errno(f, r, "cannot write the certificate '%s'", p->cert);
	return 0;
}

int key_pair_make(const char *key_path, const char *cert_path, struct fail *f)
{
	CLEAN(placing)
	struct placing p = { .key = key_path,
			     .cert = cert_path,
			     .new_key = beside(key_path, ".dkms-new"),
			     .new_cert = beside(cert_path, ".dkms-new"),
			     .old_key = beside(key_path, ".dkms-old") };
	CLEAN(fd) int lock = -1;
	int r = 0;

	while (r == 0) {
		if (path_exists(key_path) && path_exists(cert_path))
			return 0;
		if (str_eq(key_path, cert_path))
			return fail_set(f, -EINVAL,
					"'%s' is to hold both key and certificate: not made",
					key_path);
		r = lock_new_key(p.new_key, &lock);
	}
	if (r < 0)
		return fail_errno(f, r, "cannot write the key '%s'", key_path);
	r = write_pair(&p, lock, f);
	if (r == 0)
		r = put_into_place(&p, f);
	if (r < 0) {
		unlink(p.new_cert);
		unlink(p.new_key);
	}
	return r;
}
