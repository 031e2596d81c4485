/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sign_choice.h"

#include "base/mem.h"
#include "base/path.h"

static bool is_token(const char *key)
{
	return key && str_has_prefix(key, "pkcs11:");
}

static bool is_ubuntu(const struct distro *d)
{
	return d->match && str_has_prefix(d->match, "ubuntu");
}

/* One file for both, which is what the kernel's own build makes; beside a token lies the
 * certificate alone. */
static bool kernels_own_key(const struct sign_facts *x, struct sign_keys *ret)
{
	CLEAN(free) char *key = kconfig_get(x->kconfig, "CONFIG_MODULE_SIG_KEY");

	if (str_is_empty(key))
		return false;
	if (is_token(key)) {
		ret->certificate = path_join(x->kernel_source_dir, "certs/signing_key.x509");
		ret->key = TAKE_PTR(key);
		return true;
	}
	ret->key = *key == '/' ? xstrdup(key) : path_join(x->kernel_source_dir, key);
	ret->certificate = xstrdup(ret->key);
	return true;
}

static bool gentoos_key(const struct sign_facts *x, struct sign_keys *ret)
{
	if (x->distro->family != DISTRO_GENTOO)
		return false;
	if (str_is_empty(x->portage_key))
		return kernels_own_key(x, ret);
	ret->key = xstrdup(x->portage_key);
	ret->certificate =
		xstrdup(str_is_empty(x->portage_cert) ? x->portage_key : x->portage_cert);
	return true;
}

static void default_keys(const struct sign_facts *x, struct sign_keys *ret)
{
	if (gentoos_key(x, ret))
		return;
	ret->is_ubuntus = is_ubuntu(x->distro);
	ret->key = xstrdup(ret->is_ubuntus ? "/var/lib/shim-signed/mok/MOK.priv"
					   : "/var/lib/dkms/mok.key");
	ret->certificate = xstrdup(ret->is_ubuntus ? "/var/lib/shim-signed/mok/MOK.der"
						   : "/var/lib/dkms/mok.pub");
}

void sign_choose_keys(const struct sign_facts *x, struct sign_keys *ret)
{
	*ret = (struct sign_keys){ 0 };
	default_keys(x, ret);
	if (!str_is_empty(x->configured_key))
		str_set(&ret->key, x->configured_key);
	if (!str_is_empty(x->configured_cert))
		str_set(&ret->certificate, x->configured_cert);
	if (!str_is_empty(x->configured_key) || !str_is_empty(x->configured_cert))
		ret->is_ubuntus = false;
	ret->is_token = is_token(ret->key);
}

void sign_keys_done(struct sign_keys *k)
{
	free(k->key);
	free(k->certificate);
	*k = (struct sign_keys){ 0 };
}

/* "6.1" of "6.1.0-56-amd64": how Debian calls its linux-kbuild package. */
static size_t release_series(const char *kernel)
{
	size_t major = strspn(kernel, "0123456789");

	if (major == 0 || kernel[major] != '.')
		return 0;
	return major + 1 + strspn(kernel + major + 1, "0123456789");
}

void sign_file_candidates(const struct sign_facts *x, struct strv *ret)
{
	if (is_ubuntu(x->distro)) {
		strv_add(ret, "kmodsign");
		strv_add_fmt(ret, "/usr/src/linux-headers-%s/scripts/sign-file", x->kernel);
	} else if (x->distro->family == DISTRO_DEBIAN) {
		strv_add_fmt(ret, "/usr/lib/linux-kbuild-%.*s/scripts/sign-file",
			     (int)release_series(x->kernel), x->kernel);
	} else if (x->distro->family == DISTRO_GENTOO) {
		strv_add_fmt(ret, "/usr/src/linux-%s/scripts/sign-file", x->kernel);
	}
	strv_add_fmt(ret, "%s/%s/build/scripts/sign-file", x->install_tree, x->kernel);
}
