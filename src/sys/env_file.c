/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/env_file.h"

#include <ctype.h>
#include <errno.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/mem.h"
#include "sys/run.h"

enum { EXPORTS_MAX = 4 << 20, EXPORTS_MS = 60000 };

void shell_scope_arguments(const struct shell_scope *scope, const char *program, struct strv *argv)
{
	strv_add(argv, "bash");
	strv_add(argv, "-c");
	strv_add(argv, program);
	strv_add(argv, "bash");
	strv_add(argv, scope->kernel);
	strv_add(argv, scope->arch);
	strv_add(argv, scope->module);
	strv_add(argv, scope->version);
	strv_add(argv, scope->kernel_source_dir);
	strv_add(argv, scope->dkms_tree);
	strv_add(argv, scope->source_tree);
	strv_add(argv, scope->install_tree);
}

static bool is_shell_name(const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)entry[i]) && entry[i] != '_')
			return false;
	return n > 0 && !isdigit((unsigned char)entry[0]);
}

/* bash sets these for its own use; they say nothing about the administrator's wish. */
static bool is_bash_own(const char *entry)
{
	static const char *const own[] = { "_=", "SHLVL=", "PWD=", "OLDPWD=" };

	for (size_t i = 0; i < COUNT_OF(own); i++)
		if (str_has_prefix(entry, own[i]))
			return true;
	return false;
}

/* `exports` holds NUL-ended NAME=VALUE: all that the file's shell exports at its end. */
static void replace_environment(struct strv *env, const struct buf *exports)
{
	struct strv next = { 0 };

	/* what is no shell's variable the file cannot have changed */
	for (size_t i = 0; i < env->n; i++)
		if (!is_shell_name(env->items[i]) || is_bash_own(env->items[i]))
			strv_add(&next, env->items[i]);
	for (size_t i = 0; i < exports->len; i += strlen(exports->data + i) + 1)
		if (!is_bash_own(exports->data + i))
			env_set_pair(&next, exports->data + i);
	strv_done(env);
	*env = next;
}

int env_file_apply(const char *file, const struct shell_scope *scope, struct strv *env, struct fail *f)
{
	static const char program[] = SHELL_VARIABLES
		"f=$1; shift; [ -r \"$f\" ] || exit 1; . \"$f\" >/dev/null; "
		"for n in $(compgen -e); do printf '%s=%s\\0' \"$n\" \"${!n}\"; done; exit 0";
	CLEAN(strv) struct strv argv = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	CLEAN(fail) struct fail why = { 0 };
	struct run_result res = { 0 };
	struct run r = { .env = env,
			 .err_fd = RUN_NULL,
			 .out_fd = RUN_NULL,
			 .capture = &out,
			 .capture_max = EXPORTS_MAX,
			 .timeout_ms = EXPORTS_MS };

	shell_scope_arguments(scope, program, &argv);
	strv_add(&argv, file);
	r.argv = (const char *const *)argv.items;
	if (run_command(&r, &res, &why) < 0 || res.status != 0 || out.len == 0)
		return fail_set(f, -EINVAL, "build_environment '%s' cannot be used%s%s", file,
				why.text ? ": " : "", why.text ? why.text : "");
	replace_environment(env, &out);
	return 0;
}
