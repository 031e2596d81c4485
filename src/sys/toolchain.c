/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/toolchain.h"

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/run.h"

enum { OUTPUT_MAX = 64 << 10, MAKE_MS = 10000 };

static bool is_installed(const char *program, const struct strv *environment)
{
	CLEAN(free) char *file = run_find(program, environment);

	return file != NULL;
}

/* The first word of what `cc --version` said when the kernel was built, or NULL. */
static char *kernels_own_cc(struct kernel *k)
{
	CLEAN(free) char *text = kconfig_get(kernel_config(k), "CONFIG_CC_VERSION_TEXT");
	CLEAN(strv) struct strv words = { 0 };

	if (text)
		strv_split(&words, text, " \t");
	return words.n ? xstrdup(words.items[0]) : NULL;
}

/*
 * Debian's headers have a makefile that says what CC is; make itself is asked, since its value may
 * be an expression. What make has as its default or from the environment is nobody's wish.
 */
static char *cc_of_kernelvariables(struct kernel *k, const struct strv *environment)
{
	static const char *const unwanted[] = { "CC", "MAKEFLAGS", "MFLAGS", "MAKELEVEL",
						"MAKEFILES" };
	CLEAN(free) char *file = path_join(k->source_dir, ".kernelvariables");
	const char *const argv[] = {
		"make",
		"-s",
		"--no-print-directory",
		"-f",
		file,
		"--eval",
		"dkms-show-cc: ; @: $(info $(if $(filter file override,$(origin CC)),$(CC)))",
		"dkms-show-cc",
		NULL
	};
	CLEAN(strv) struct strv env = { 0 }, words = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	struct run r = { .argv = argv,
			 .env = &env,
			 .cwd = "/",
			 .out_fd = RUN_NULL,
			 .err_fd = RUN_NULL,
			 .capture = &out,
			 .capture_max = OUTPUT_MAX,
			 .timeout_ms = MAKE_MS };
	struct run_result res = { 0 };

	if (!path_is_file(file))
		return NULL;
	strv_add_all(&env, environment);
	for (size_t i = 0; i < COUNT_OF(unwanted); i++)
		env_unset(&env, unwanted[i]);
	if (run_command(&r, &res, NULL) < 0 || res.status != 0)
		return NULL;
	strv_split(&words, buf_str(&out), " \t\n");
	return words.n ? strv_join(&words, " ") : NULL;
}

/* Is the program that a value of CC begins with ("ccache gcc-12") installed? */
static bool is_usable(const char *cc, const struct strv *environment)
{
	CLEAN(free) char *first = cc ? xstrndup(cc, strcspn(cc, " \t")) : NULL;

	return first && is_installed(first, environment);
}

void toolchain_set_cross(const struct toolchain *t, struct strv *env)
{
	if (!t->cross)
		return;
	env_set(env, "ARCH", t->cross->arch);
	env_set(env, "CROSS_COMPILE", t->prefix);
}

static char *with_prefix(const struct toolchain *t, const char *program)
{
	return xasprintf("%s%s", t->cross ? t->prefix : "", program);
}

/* The compiler of the kernel's version, else whichever there is. clang compiles for all. */
static void choose_cross_compiler(const char *own, const struct strv *environment, struct toolchain *t)
{
	const char *const names[] = { own ? own : "gcc", "gcc" };

	for (size_t i = 0; i < COUNT_OF(names) && !t->cc; i++) {
		CLEAN(free) char *program = with_prefix(t, names[i]);

		if (is_installed(program, environment))
			t->cc = TAKE_PTR(program);
	}
	if (!t->cc)
		t->missing = with_prefix(t, "gcc");
}

static void find_cross(struct kernel *k, const struct strv *environment, struct toolchain *t)
{
	CLEAN(free) char *host = kernel_running_arch();
	const char *wanted = env_get(environment, "CROSS_COMPILE");

	t->cross = cross_find(host, k->arch, kernel_config(k));
	if (t->cross)
		t->prefix = xstrdup(!str_is_empty(wanted) ? wanted : t->cross->prefix);
}

int toolchain_choose(struct kernel *k, const struct strv *environment, struct toolchain *ret,
		     struct fail *f)
{
	CLEAN(free) char *own = kernels_own_cc(k);
	const struct kconfig *kc = kernel_config(k);
	bool clang = kconfig_is_on(kc, "CONFIG_CC_IS_CLANG");

	*ret = (struct toolchain){ 0 };
	find_cross(k, environment, ret);
	ret->strip = kernel_is_clang(k) ? xstrdup("llvm-strip") : with_prefix(ret, "strip");
	if (kconfig_is_on(kc, "CONFIG_LD_IS_LLD"))
		ret->ld = xstrdup("ld.lld");
	if (ret->cross && !clang) {
		choose_cross_compiler(own, environment, ret);
		return 0;
	}
	if (own && is_installed(own, environment))
		ret->cc = xstrdup(own);
	else if (clang)
		ret->cc = xstrdup("clang");
	else
		ret->cc = cc_of_kernelvariables(k, environment);
	/* clang's text may begin with its maker's name ("Debian clang version 14"): no program */
	if ((own || clang) && !is_usable(ret->cc, environment))
		ret->missing = clang ? xstrdup("clang") : TAKE_PTR(own);
	return 0;
}

char *toolchain_kbuild_cc(struct kernel *k, const struct strv *environment)
{
	const char *prefix = env_get(environment, "CROSS_COMPILE");
	char *cc = cc_of_kernelvariables(k, environment);

	if (cc)
		return cc;
	return kernel_is_clang(k) ? xstrdup("clang") : xasprintf("%sgcc", prefix ? prefix : "");
}

char *tool_identity(const char *command, const struct strv *environment)
{
	CLEAN(strv) struct strv words = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	struct run r = { .env = environment,
			 .cwd = "/",
			 .out_fd = RUN_NULL,
			 .err_fd = RUN_NULL,
			 .capture = &out,
			 .capture_max = OUTPUT_MAX,
			 .timeout_ms = MAKE_MS };
	struct run_result res = { 0 };

	strv_split(&words, command, " \t");
	strv_add(&words, "--version");
	r.argv = (const char *const *)words.items;
	if (run_command(&r, &res, NULL) < 0 || res.status != 0 || out.len == 0)
		return NULL;
	return xstrndup(buf_str(&out), strcspn(buf_str(&out), "\n"));
}

char *toolchain_identity(const struct toolchain *t, const struct strv *environment)
{
	return t->identity ? xstrdup(t->identity) : tool_identity(t->cc ? t->cc : "gcc", environment);
}

void toolchain_done(struct toolchain *t)
{
	free(t->cc);
	free(t->ld);
	free(t->strip);
	free(t->missing);
	free(t->prefix);
	free(t->identity);
	*t = (struct toolchain){ 0 };
}
