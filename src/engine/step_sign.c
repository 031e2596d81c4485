/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/internal.h"
#include "sys/compress.h"
#include "sys/manifest_file.h"
#include "sys/module_file.h"
#include "sys/sign.h"

struct signing {
	struct engine *e;
	const struct framework *framework;
	const struct signer *signer;
};

/* ".ko", ".ko.xz" and the like, where the name ends so. */
static const char *suffix_of(const char *name)
{
	static const char *const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };

	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (str_has_suffix(name, suffixes[i]))
			return suffixes[i];
	return NULL;
}

/* Unpacked, signed and packed again under its own name; a signature that was there goes. */
static int sign_file(const struct signing *g, const char *dir, const char *name, struct fail *f)
{
	const char *suffix = suffix_of(name);
	CLEAN(free) char *path = path_join(dir, name), *plain = NULL, *packed = NULL;
	CLEAN(buf) struct buf module = { 0 };
	int r;

	if (!suffix)
		return 0;
	r = module_file_load(path, &module, f);
	if (r < 0)
		return r;
	plain = xasprintf("%.*s.ko", (int)(strlen(path) - strlen(suffix)), path);
	r = file_write(plain, module.data, module.len, 0644);
	if (r < 0)
		return fail_errno(f, r, "cannot write '%s'", plain);
	r = signer_sign(g->signer, plain, f);
	return r == 0 ? module_compress(plain, suffix, g->framework, g->e->setup->environment,
					&packed, f)
		      : r;
}

static int sign_all(void *ctx, const char *stage, struct fail *f)
{
	const struct signing *g = ctx;
	CLEAN(free) char *dir = path_join(stage, "module");
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(dir, &names);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", dir);
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = sign_file(g, dir, names.items[i], f);
	if (r == 0)
		manifest_renew_outputs(stage, g->signer->certificate);
	return r;
}

/* Without its configuration nobody knows which hash the kernel takes. */
static int refuse_unknown_kernel(struct kernel *k, const struct step *s, struct fail *f)
{
	if (kernel_has_config(k))
		return 0;
	fail_set(
		f, -E_NO_HEADERS,
		"the configuration of kernel %s (%s) is not here: nothing is known of how it wants "
		"modules to be signed",
		s->kernel, s->arch);
	fail_hint(f, "install its headers, or name its configuration with --config; the one line "
		     "CONFIG_MODULE_SIG_HASH=\"…\" "
		     "of it is enough");
	return f->code;
}

int step_sign(struct engine *e, struct step *s, struct fail *f)
{
	struct kernel *k = engine_kernel(e, s->kernel, s->arch);
	struct framework framework = *engine_framework(e, s->kernel);
	CLEAN(signer) struct signer signer = { 0 };
	struct signing g = { e, &framework, &signer };
	const struct sign_request rq = {
		.framework = &framework,
		.distro = e->setup->distro,
		.kconfig = kernel_config(k),
		.kernel = s->kernel,
		.kernel_source_dir = k->source_dir,
		.install_tree = e->setup->install_tree,
		.environment = e->setup->environment,
	};
	int r = refuse_unknown_kernel(k, s, f);

	if (r < 0)
		return r;
	/* it is asked for */
	framework.try_sign_modules = SIGN_ALWAYS;
	engine_phase(e, s, "signing");
	r = signer_prepare(&rq, &signer, f);
	if (r < 0 || f->code < 0)
		return r < 0 ? r : f->code;
	if (signer.made_key)
		engine_note(e, s,
			    "a signing key was made: '%s'; where Secure Boot is on, enrol its "
			    "certificate with: mokutil "
			    "--import %s",
			    signer.key, signer.certificate);
	if (signer.method == SIGN_OFF)
		return 1;
	return engine_replace_built(e, s, NULL, sign_all, &g, f);
}
