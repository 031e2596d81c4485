/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "base/env.h"
#include "base/mem.h"
#include "sys/run.h"

static int sh(const char *script, struct buf *out, size_t max, unsigned ms, int *status)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct run r = { .argv = argv, .out_fd = RUN_NULL, .err_fd = RUN_INHERIT, .capture = out,
			 .capture_max = max, .timeout_ms = ms };
	struct run_result res = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	int e = run_command(&r, &res, &f);

	*status = res.status;
	return e;
}

static void captures_output_and_status(void **state)
{
	CLEAN(buf) struct buf out = { 0 };
	int status;

	assert_int_equal(sh("echo hello; exit 7", &out, 1000, 0, &status), 0);
	assert_int_equal(status, 7);
	assert_string_equal(buf_str(&out), "hello\n");
}

static void dies_by_signal_as_a_shell_says(void **state)
{
	static const char *const argv[] = { "sh", "-c", "kill -9 $$", NULL };
	struct run r = { .argv = argv, .out_fd = RUN_NULL, .err_fd = RUN_INHERIT };
	struct run_result res = { 0 };

	assert_int_equal(run_command(&r, &res, NULL), 0);
	assert_int_equal(res.status, 137);
	assert_int_equal(res.signal, 9);
}

static void ends_are_told(void **state)
{
	static const struct {
		struct run_result res;
		const char *said, *text;
	} rows[] = {
		{ { .status = 2 }, NULL, "failed with status 2" },
		{ { .status = 2 }, "", "failed with status 2" },
		{ { .status = 2 }, "a\nb\n", "failed with status 2: a\nb" },
		{ { .status = 137, .signal = 9 }, "\n", "was killed by signal 9 (Killed)" },
		{ { .status = 139, .signal = 11 }, "oh", "was killed by signal 11 (Segmentation fault): oh" },
		{ { .status = 137 }, NULL, "failed with status 137" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(free) char *text = run_end(&rows[i].res, "failed with", rows[i].said);

		assert_string_equal(text, rows[i].text);
	}
}

static void limits_hold(void **state)
{
	CLEAN(buf) struct buf out = { 0 };
	int status;

	assert_int_equal(sh("while :; do echo xxxxxxxxxxxxxxxx; done", &out, 10000, 0, &status), -EFBIG);
	assert_int_equal(sh("sleep 60", NULL, 0, 50, &status), -ETIMEDOUT);
}

/* The end is that of the program, not of what it left running with its descriptors. */
static void leftovers_are_not_waited_for(void **state)
{
	CLEAN(buf) struct buf out = { 0 };
	int status, p[2];
	CLEAN(free) char *script = NULL;
	char c;

	assert_int_equal(pipe2(p, 0), 0);
	script = xasprintf("(read x <&%d; echo late) & echo first; exit 3", p[0]);
	{
		const char *const argv[] = { "sh", "-c", script, NULL };
		const int keep[] = { p[0], -1 };
		struct run r = { .argv = argv, .out_fd = RUN_NULL, .err_fd = RUN_INHERIT, .capture = &out,
				 .capture_max = 100, .keep_fds = keep };
		struct run_result res = { 0 };

		assert_int_equal(run_command(&r, &res, NULL), 0);
		status = res.status;
	}
	assert_int_equal(status, 3);
	assert_string_equal(buf_str(&out), "first\n");
	/* the end of the pipe ends it */
	close(p[1]);
	assert_int_equal(read(p[0], &c, 1), 0);
	close(p[0]);
}

static void all_that_was_written_counts(void **state)
{
	CLEAN(buf) struct buf out = { 0 };
	int status;

	assert_int_equal(sh("head -c 500000 /dev/zero | tr '\\0' x", &out, 500000, 0, &status), 0);
	assert_int_equal(out.len, 500000);
	/* too much, also when it is over before anybody looked */
	assert_int_equal(sh("echo 12345", &out, 5, 0, &status), -EFBIG);
	assert_int_equal(out.len, 0);
}

static int full(void *ctx)
{
	return -ENOSPC;
}

static void a_check_ends_it(void **state)
{
	const char *const argv[] = { "sh", "-c", "sleep 60; echo no", NULL };
	struct run r = { .argv = argv, .out_fd = RUN_NULL, .err_fd = RUN_NULL, .check = full };
	struct run_result res = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	assert_int_equal(run_command(&r, &res, &f), -ENOSPC);
	assert_string_equal(f.text, "'sh' was stopped: No space left on device");
}

static void what_cannot_start_is_told(void **state)
{
	static const struct {
		const char *program, *cwd;
		int code;
	} cases[] = { { "/etc/passwd", NULL, -EACCES },
		      { "/bin", NULL, -EACCES },
		      { "/bin/sh", "/nonexistent", -ENOENT },
		      { "/nonexistent/program", NULL, -ENOENT } };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *const argv[] = { cases[i].program, NULL };
		struct run r = { .argv = argv, .cwd = cases[i].cwd, .out_fd = RUN_NULL, .err_fd = RUN_NULL };
		struct run_result res = { 0 };
		CLEAN(fail) struct fail f = { 0 };

		assert_int_equal(run_command(&r, &res, &f), cases[i].code);
		assert_non_null(strstr(f.text, cases[i].program));
	}
}

static void missing_program_is_told(void **state)
{
	const char *const argv[] = { "no-such-program-here", NULL };
	struct run r = { .argv = argv, .out_fd = RUN_NULL, .err_fd = RUN_NULL };
	struct run_result res = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	assert_int_equal(run_command(&r, &res, &f), -ENOENT);
	assert_non_null(strstr(f.text, "no-such-program-here"));
}

static void environment_is_what_was_given(void **state)
{
	const char *const argv[] = { "sh", "-c", "echo \"$A\" \"$HOME\"", NULL };
	CLEAN(strv) struct strv env = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	struct run r = { .argv = argv, .env = &env, .out_fd = RUN_NULL, .err_fd = RUN_AS_OUT,
			 .capture = &out, .capture_max = 100, .cwd = "/" };
	struct run_result res = { 0 };

	env_set(&env, "PATH", "/usr/bin:/bin");
	env_set(&env, "A", "1");
	env_set(&env, "A", "2");
	assert_int_equal(run_command(&r, &res, NULL), 0);
	assert_string_equal(buf_str(&out), "2 \n");
	env_unset(&env, "A");
	assert_null(env_get(&env, "A"));
}

static void count(void *n)
{
	++*(int *)n;
}

static void ticks_while_it_runs(void **state)
{
	const char *const argv[] = { "sleep", "0.5", NULL };
	int n = 0;
	struct run r = { .argv = argv, .out_fd = RUN_NULL, .err_fd = RUN_NULL, .tick = count,
			 .tick_ctx = &n };
	struct run_result res = { 0 };

	assert_int_equal(run_command(&r, &res, NULL), 0);
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_output_and_status),
		cmocka_unit_test(dies_by_signal_as_a_shell_says),
		cmocka_unit_test(ends_are_told),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(leftovers_are_not_waited_for),
		cmocka_unit_test(all_that_was_written_counts),
		cmocka_unit_test(a_check_ends_it),
		cmocka_unit_test(what_cannot_start_is_told),
		cmocka_unit_test(missing_program_is_told),
		cmocka_unit_test(environment_is_what_was_given),
		cmocka_unit_test(ticks_while_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
