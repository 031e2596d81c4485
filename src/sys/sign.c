/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sign.h"

#include <errno.h>
#include <fcntl.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/sign_choice.h"
#include "sys/helper.h"
#include "sys/run.h"

enum { OUTPUT_MAX = 64 << 10, CONF_MAX = 1 << 20, HELPER_CANNOT = 3 };

static const char helper_name[] = "dkms-sign";

/* --- programs --- */

static char *find_sign_file(const struct sign_facts *facts, const struct strv *environment)
{
	CLEAN(strv) struct strv names = { 0 };

	sign_file_candidates(facts, &names);
	for (size_t i = 0; i < names.n; i++) {
		char *found = run_find(names.items[i], environment);

		if (found)
			return found;
	}
	return NULL;
}

/* 0, or what went wrong in f and: the exit status, or a negative code if it did not run. */
static int run_program(const char *const *argv, const struct strv *env, struct fail *f)
{
	CLEAN(buf) struct buf said = { 0 };
	CLEAN(free) char *text = NULL, *how = NULL;
	struct run r = { .argv = argv,
			 .env = env,
			 .out_fd = RUN_NULL,
			 .err_fd = RUN_AS_OUT,
			 .capture = &said,
			 .capture_max = OUTPUT_MAX };
	struct run_result res = { 0 };
	int e = run_command(&r, &res, f);

	if (e < 0)
		return e;
	if (res.status == 0)
		return 0;
	text = helper_said(&said, argv[0]);
	if (*text)
		fail_set(f, -EIO, "%s", text);
	else
		fail_set(f, -EIO, "'%s' %s", argv[0], how = run_end(&res, "failed with exit", NULL));
	return res.status;
}

/* --- the facts --- */

struct facts {
	struct sign_facts facts;
	char *portage_key, *portage_cert;
};

static void clean_facts(struct facts *x)
{
	free(x->portage_key);
	free(x->portage_cert);
}

static char *portage_variable(const struct strv *environment, const char *make_conf,
			      const char *name)
{
	const char *value = env_get(environment, name);

	return str_is_empty(value) ? distro_variable(make_conf, name) : xstrdup(value);
}

static void gather(const struct sign_request *rq, struct facts *ret)
{
	*ret = (struct facts){ .facts = { .distro = rq->distro,
					  .configured_key = rq->framework->mok_signing_key,
					  .configured_cert = rq->framework->mok_certificate,
					  .kconfig = rq->kconfig,
					  .kernel = rq->kernel,
					  .kernel_source_dir = rq->kernel_source_dir,
					  .install_tree = rq->install_tree } };
	if (rq->distro->family == DISTRO_GENTOO) {
		CLEAN(buf) struct buf conf = { 0 };

		file_read(AT_FDCWD, "/etc/portage/make.conf", CONF_MAX, &conf);
		ret->portage_key =
			portage_variable(rq->environment, buf_str(&conf), "MODULES_SIGN_KEY");
		ret->portage_cert =
			portage_variable(rq->environment, buf_str(&conf), "MODULES_SIGN_CERT");
		ret->facts.portage_key = ret->portage_key;
		ret->facts.portage_cert = ret->portage_cert;
	}
}

/* --- the key pair --- */

static bool pair_is_there(const struct sign_keys *k)
{
	return path_exists(k->key) && path_exists(k->certificate);
}

static bool needs_pair(const struct sign_keys *k)
{
	return !k->is_token && !pair_is_there(k);
}

static int make_pair(const struct sign_keys *k, const struct strv *environment, struct fail *f)
{
	CLEAN(free) char *helper = NULL;
	const char *argv[] = { NULL, "genkey", k->key, k->certificate, NULL };
	int r;

	if (k->is_ubuntus) {
		const char *const update[] = { "update-secureboot-policy", "--new-key", NULL };

		r = run_program(update, environment, NULL);
		if (r == -ECANCELED || pair_is_there(k))
			return r < 0 ? r : 0;
	}
	helper = helper_find(helper_name);
	if (!helper)
		return fail_set(f, -ENOENT, "there is no key '%s', and no '%s' to make one", k->key,
				helper_name);
	argv[0] = helper;
	r = run_program(argv, environment, f);
	return r > 0 ? -EIO : r;
}

static int provide_pair(const struct sign_request *rq, const struct sign_keys *k,
			struct signer *ret, struct fail *f)
{
	int r;

	if (!needs_pair(k))
		return 0;
	r = make_pair(k, rq->environment, f);
	if (r < 0)
		return r;
	ret->made_key = true;
	return 0;
}

/* --- the method --- */

/*
 * A token that our helper cannot reach may be one for the distribution's sign-file, which has its
 * own ways: HELPER_CANNOT.
 */
static int use_helper(const struct sign_request *rq, const struct sign_keys *k, struct signer *ret,
		      struct fail *f)
{
	CLEAN(free) char *helper = helper_find(helper_name);
	const char *const argv[] = { helper, "probe", k->key, NULL };
	int r;

	if (!helper)
		return fail_set(f, -ENOENT, "no program that signs modules was found");
	r = k->is_token ? run_program(argv, rq->environment, f) : 0;
	if (r != 0)
		return r;
	ret->program = TAKE_PTR(helper);
	ret->method = SIGN_HELPER;
	return 0;
}

static int choose_method(const struct sign_request *rq, const struct facts *x,
			 const struct sign_keys *k, struct signer *ret, struct fail *f)
{
	CLEAN(fail) struct fail why = { 0 };
	const char *configured = rq->framework->sign_file;
	int r;

	if (!str_is_empty(configured)) {
		ret->program = run_find(configured, rq->environment);
		ret->method = SIGN_EXTERNAL;
		if (!ret->program)
			return fail_set(f, -ENOENT,
					"the sign_file '%s' of framework.conf was not found",
					configured);
		return 0;
	}
	r = use_helper(rq, k, ret, &why);
	if (r == 0)
		return 0;
	if (r == -ENOENT || r == HELPER_CANNOT) {
		ret->program = find_sign_file(&x->facts, rq->environment);
		ret->method = SIGN_EXTERNAL;
		if (ret->program)
			return 0;
	}
	fail_move(f, &why);
	return r > 0 ? -EIO : r;
}

/* NULL: it is to be signed. */
static const char *reason_not_to(const struct sign_request *rq, const char *hash)
{
	if (rq->framework->try_sign_modules == SIGN_NEVER)
		return "try_sign_modules is false";
	if (str_is_empty(hash))
		return "the kernel's configuration has no CONFIG_MODULE_SIG_HASH";
	if (rq->framework->try_sign_modules != SIGN_ALWAYS && chroot_detect(rq->environment))
		return "this is a chroot or a container, and try_sign_modules is not true";
	return NULL;
}

static void switch_off(struct signer *s, const char *why)
{
	s->method = SIGN_OFF;
	str_set(&s->program, NULL);
	str_set(&s->why, why);
}

/* A certificate cannot be made without its key. */
static int check_token(const struct sign_keys *k, struct fail *f)
{
	if (!k->is_token || path_exists(k->certificate))
		return 0;
	fail_set(f, -ENOENT, "the certificate '%s' of the key '%s' is missing", k->certificate, k->key);
	fail_hint(f, "keys in a token, and their certificates, are made with the token's own tools");
	return f->code;
}

static int prepare(const struct sign_request *rq, struct signer *ret, struct fail *f)
{
	CLEAN(facts) struct facts x = { 0 };
	CLEAN(sign_keys) struct sign_keys k = { 0 };
	int r;

	gather(rq, &x);
	sign_choose_keys(&x.facts, &k);
	ret->key = xstrdup(k.key);
	ret->certificate = xstrdup(k.certificate);
	r = check_token(&k, f);
	if (r == 0)
		r = choose_method(rq, &x, &k, ret, f);
	return r < 0 ? r : provide_pair(rq, &k, ret, f);
}

int signer_prepare(const struct sign_request *rq, struct signer *ret, struct fail *f)
{
	CLEAN(fail) struct fail why = { 0 };
	const char *reason;
	int r;

	*ret = (struct signer){ .hash = kconfig_get(rq->kconfig, "CONFIG_MODULE_SIG_HASH") };
	reason = reason_not_to(rq, ret->hash);
	if (reason) {
		switch_off(ret, reason);
		return 0;
	}
	r = prepare(rq, ret, &why);
	if (r == 0)
		return 0;
	switch_off(ret, why.text);
	fail_move(f, &why);
	return r == -ECANCELED ? r : 0;
}

void signer_find_key(const struct sign_request *rq, struct signer *ret)
{
	CLEAN(facts) struct facts x = { 0 };
	CLEAN(sign_keys) struct sign_keys k = { 0 };

	*ret = (struct signer){ .method = SIGN_OFF };
	gather(rq, &x);
	sign_choose_keys(&x.facts, &k);
	ret->key = TAKE_PTR(k.key);
	ret->certificate = TAKE_PTR(k.certificate);
}

int signer_make_key(const struct sign_request *rq, bool dry_run, struct signer *ret, struct fail *f)
{
	CLEAN(facts) struct facts x = { 0 };
	CLEAN(sign_keys) struct sign_keys k = { 0 };
	int r;

	*ret = (struct signer){ .method = SIGN_OFF };
	gather(rq, &x);
	sign_choose_keys(&x.facts, &k);
	ret->key = xstrdup(k.key);
	ret->certificate = xstrdup(k.certificate);
	r = check_token(&k, f);
	if (r < 0)
		return r;
	if (dry_run) {
		ret->made_key = needs_pair(&k);
		return 0;
	}
	return provide_pair(rq, &k, ret, f);
}

void signer_done(struct signer *s)
{
	free(s->program);
	free(s->hash);
	free(s->key);
	free(s->certificate);
	free(s->why);
	*s = (struct signer){ 0 };
}

int signer_sign(const struct signer *s, const char *path, struct fail *f)
{
	const bool ours = s->method == SIGN_HELPER;
	const char *argv[7] = { s->program };
	size_t n = 1;
	int r;

	if (s->method == SIGN_OFF)
		return fail_set(f, -EINVAL, "%s", s->why ? s->why : "signing is off");
	if (ours)
		argv[n++] = "sign";
	argv[n++] = s->hash;
	argv[n++] = s->key;
	argv[n++] = s->certificate;
	argv[n++] = path;
	r = run_program(argv, NULL, f);
	return r > 0 ? -EIO : r;
}
