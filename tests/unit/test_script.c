/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/env.h"
#include "core/outcome.h"
#include "sys/run.h"
#include "sys/script.h"
#include "temp_dir.h"

/* A source directory, an override directory, and a script that tells what it sees in a file. */
struct scene {
	struct temp_dir dir;
	char *source, *override;
	struct strv env;
	struct fail fail;
};

static const char teller[] = "printf '%s|' \"$0\" \"$PWD\" \"$@\" >\"$OUT\"; exit ${STATUS:-0}\n";

static void scene_set_up(struct scene *s)
{
	CLEAN(free) char *out = NULL;

	temp_dir_make(&s->dir);
	s->source = temp_dir_at(&s->dir, "source");
	s->override = temp_dir_at(&s->dir, "etc");
	out = temp_dir_at(&s->dir, "out");
	temp_dir_put(&s->dir, "source/x", "", 0644);
	env_copy(&s->env, environ);
	env_set(&s->env, "OUT", out);
}

static void clean_scene(struct scene *s)
{
	clean_temp_dir(&s->dir);
	free(s->source);
	free(s->override);
	strv_done(&s->env);
	fail_done(&s->fail);
}

static void put_teller(struct scene *s, const char *name, const char *first, mode_t mode)
{
	CLEAN(free) char *text = xasprintf("%s%s", first, teller);

	temp_dir_put(&s->dir, name, text, mode);
}

static int run(struct scene *s, const char *line)
{
	struct script script = { .kind = "post_add",
				 .line = line,
				 .dir = s->source,
				 .override_dir = s->override,
				 .env = &s->env,
				 .out_fd = RUN_INHERIT,
				 .err_fd = RUN_INHERIT };

	return script_run(&script, &s->fail);
}

static void assert_told(struct scene *s, const char *dir, const char *file, const char *args)
{
	CLEAN(free) char *got = temp_dir_get(&s->dir, "out");
	CLEAN(free) char *want = xasprintf("%s/%s|%s|%s", dir, file, dir, args);

	assert_string_equal(got, want);
}

static void arguments_are_split_at_blanks_and_expanded(void **state)
{
	CLEAN(scene) struct scene s = { 0 };

	scene_set_up(&s);
	put_teller(&s, "source/sub/a.sh", "#!/bin/sh\n", 0755);
	assert_int_equal(run(&s, "  sub/a.sh 'one two'  $HOME; *"), SCRIPT_DONE);
	assert_told(&s, s.source, "sub/a.sh", "'one|two'|$HOME;|sub|x|");
	/* what fits in the source, or the pattern itself */
	temp_dir_put(&s.dir, "source/b[1]", "", 0644);
	temp_dir_put(&s.dir, "source/.hidden", "", 0644);
	assert_int_equal(run(&s, "sub/a.sh * no* [a-b]* sub/*.sh /etc/pass[w]d s"), SCRIPT_DONE);
	assert_told(&s, s.source, "sub/a.sh", "b[1]|sub|x|no*|b[1]|sub/a.sh|/etc/passwd|s|");
}

static void file_without_interpreter(void **state)
{
	CLEAN(scene) struct scene s = { 0 };

	scene_set_up(&s);
	put_teller(&s, "source/a.sh", "", 0755);
	assert_int_equal(run(&s, "a.sh x"), SCRIPT_DONE);
	assert_told(&s, s.source, "a.sh", "x|");
}

static void the_administrators_wins_if_executable(void **state)
{
	CLEAN(scene) struct scene s = { 0 };
	CLEAN(free) char *own = NULL;

	scene_set_up(&s);
	put_teller(&s, "source/a.sh", "#!/bin/sh\n", 0755);
	put_teller(&s, "etc/a.sh", "#!/bin/sh\n", 0644);
	assert_int_equal(run(&s, "a.sh"), SCRIPT_DONE);
	assert_told(&s, s.source, "a.sh", "");
	own = temp_dir_at(&s.dir, "etc/a.sh");
	assert_int_equal(chmod(own, 0755), 0);
	assert_int_equal(run(&s, "a.sh"), SCRIPT_DONE);
	assert_told(&s, s.override, "a.sh", "");
}

static void failure_is_its_status(void **state)
{
	CLEAN(scene) struct scene s = { 0 };

	scene_set_up(&s);
	put_teller(&s, "source/a.sh", "#!/bin/sh\n", 0755);
	env_set(&s.env, "STATUS", "77");
	assert_int_equal(run(&s, "a.sh"), -(E_SCRIPT + 77));
	assert_non_null(strstr(s.fail.text, "77"));
}

static void what_cannot_run_is_told(void **state)
{
	CLEAN(scene) struct scene s = { 0 };

	scene_set_up(&s);
	temp_dir_put(&s.dir, "source/a.sh", "exit 1", 0644);
	assert_int_equal(run(&s, "a.sh"), SCRIPT_NOT_RUN);
	assert_non_null(strstr(s.fail.text, "post_add"));
	assert_int_equal(run(&s, "missing"), SCRIPT_NOT_RUN);
	assert_int_equal(run(&s, "."), SCRIPT_NOT_RUN);
	assert_int_equal(run(&s, " "), SCRIPT_NOT_RUN);
	assert_int_equal(tree_remove(s.source), 0);
	assert_int_equal(run(&s, "a.sh"), -E_SCRIPT_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_split_at_blanks_and_expanded),
		cmocka_unit_test(file_without_interpreter),
		cmocka_unit_test(the_administrators_wins_if_executable),
		cmocka_unit_test(failure_is_its_status),
		cmocka_unit_test(what_cannot_run_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
