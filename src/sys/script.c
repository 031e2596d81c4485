/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/script.h"

#include <errno.h>
#include <glob.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/run.h"

static bool is_program(const char *path)
{
	return path_is_file(path) && access(path, X_OK) == 0;
}

bool script_locate(const char *line, const char *dir, const char *override_dir, char **ret_file,
		   char **ret_dir)
{
	CLEAN(strv) struct strv words = { 0 };
	const char *const dirs[] = { override_dir, dir };

	strv_split(&words, line, " \t\n");
	if (words.n == 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(dirs); i++) {
		CLEAN(free) char *file = dirs[i] ? path_join(dirs[i], words.items[0]) : NULL;

		if (file && is_program(file)) {
			*ret_file = TAKE_PTR(file);
			*ret_dir = xstrdup(dirs[i]);
			return true;
		}
	}
	return false;
}

/* For glob(3): the directory's own name is none of a pattern's business. */
static char *quoted(const char *dir)
{
	CLEAN(buf) struct buf b = { 0 };

	for (; *dir; dir++) {
		if (strchr("*?[]\\", *dir))
			buf_add_char(&b, '\\');
		buf_add_char(&b, *dir);
	}
	return buf_take(&b);
}

/* A word as bash expands one that comes from a variable: what fits it in the directory, if anything does. */
static void expand(const char *word, const char *dir, struct strv *ret)
{
	CLEAN(free) char *place = quoted(dir), *pattern = NULL;
	size_t skip = *word == '/' ? 0 : strlen(dir) + 1;
	glob_t found = { 0 };

	pattern = *word == '/' ? xstrdup(word) : xasprintf("%s/%s", place, word);
	if (strpbrk(word, "*?[") && glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			strv_add(ret, found.gl_pathv[i] + skip);
	else
		strv_add(ret, word);
	globfree(&found);
}

/* The script, then its arguments. */
static void fill_words(const char *line, const char *file, const char *dir, struct strv *ret)
{
	CLEAN(strv) struct strv words = { 0 };

	strv_split(&words, line, " \t\n");
	strv_add(ret, file);
	for (size_t i = 1; i < words.n; i++)
		expand(words.items[i], dir, ret);
}

static int start(const struct script *s, const char *dir, const struct strv *argv,
		 struct run_result *res, struct fail *f)
{
	CLEAN(strv) struct strv by_bash = { 0 }, env = { 0 };
	struct run r = { .argv = (const char *const *)argv->items,
			 .env = &env,
			 .cwd = dir,
			 .out_fd = s->out_fd,
			 .err_fd = s->err_fd };
	int e;

	/* shells take the path as it was given, through whatever links, for theirs */
	strv_add_all(&env, s->env);
	env_set(&env, "PWD", dir);
	e = run_command(&r, res, f);
	if (e != -ENOEXEC)
		return e;
	/* a file without #! is a shell script to every shell */
	strv_add(&by_bash, "bash");
	strv_add_all(&by_bash, argv);
	r.argv = (const char *const *)by_bash.items;
	return run_command(&r, res, f);
}

int script_run(const struct script *s, struct fail *f)
{
	CLEAN(free) char *file = NULL, *dir = NULL, *how = NULL;
	CLEAN(strv) struct strv words = { 0 };
	struct run_result res = { 0 };
	int r;

	if (!script_locate(s->line, s->dir, s->override_dir, &file, &dir)) {
		if (!path_is_dir(s->dir) || access(s->dir, X_OK) < 0)
			return fail_set(f, -E_SCRIPT_DIR, "cannot enter '%s' for the %s script",
					s->dir, s->kind);
		fail_set(f, -ENOENT,
			 "the %s script '%s' is not an executable file in '%s'; not run", s->kind,
			 s->line, s->dir);
		return SCRIPT_NOT_RUN;
	}
	fill_words(s->line, file, dir, &words);
	r = start(s, dir, &words, &res, f);
	if (r < 0)
		return r;
	if (res.status == 0)
		return SCRIPT_DONE;
	how = run_end(&res, "failed with", NULL);
	return fail_set(f, -(E_SCRIPT + res.status), "the %s script '%s' %s", s->kind, s->line, how);
}
