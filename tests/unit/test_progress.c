/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/mem.h"
#include "cmd/progress.h"

/* A terminal whose other end we read. */
struct screen {
	int master;
	FILE *tty;
	struct strv env;
};

static int open_screen(void **state)
{
	struct screen *s = xcalloc(1, sizeof(*s));
	struct winsize w = { .ws_row = 24, .ws_col = 60 };
	int fd;

	s->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->master < 0 || grantpt(s->master) < 0 || unlockpt(s->master) < 0)
		return -1;
	fd = open(ptsname(s->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TIOCSWINSZ, &w) < 0)
		return -1;
	s->tty = fdopen(fd, "w");
	env_set(&s->env, "TERM", "xterm");
	env_set(&s->env, "NO_COLOR", "1");
	env_set(&s->env, "LANG", "C.UTF-8");
	*state = s;
	return 0;
}

static int close_screen(void **state)
{
	struct screen *s = *state;

	fclose(s->tty);
	close(s->master);
	strv_done(&s->env);
	free(s);
	return 0;
}

static void set_width(struct screen *s, unsigned short columns)
{
	struct winsize w = { .ws_row = 24, .ws_col = columns };

	assert_int_equal(ioctl(fileno(s->tty), TIOCSWINSZ, &w), 0);
}

/* What was written since the last call; the text ends with a mark of ours. */
static void assert_screen(struct screen *s, const char *want)
{
	CLEAN(buf) struct buf got = { 0 };

	fputs("@", s->tty);
	fflush(s->tty);
	while (got.len == 0 || got.data[got.len - 1] != '@') {
		ssize_t n = read(s->master, buf_reserve(&got, 256), 256);

		assert_true(n > 0);
		got.len += (size_t)n;
		got.data[got.len] = '\0';
	}
	got.data[got.len - 1] = '\0';
	assert_string_equal(got.data, want);
}

#define CLEAR "\r\033[K"

static void line_is_redrawn(void **state)
{
	struct screen *s = *state;
	CLEAN(progress) struct progress p = { 0 };

	progress_begin(&p, s->tty, PROGRESS_AUTO, &s->env);
	progress_tick(&p);
	assert_screen(s, "");
	progress_step(&p, "building", "hello/1.0", "6.1.0-9-amd64");
	assert_screen(s, CLEAR "building hello/1.0 for 6.1.0-9-amd64");
	p.began -= 65 * 1000000LL;
	progress_tick(&p);
	assert_screen(s, CLEAR "building hello/1.0 for 6.1.0-9-amd64 (1:05)");
	p.began -= 3600 * 1000000LL;
	progress_phase(&p, "signing");
	progress_phase(&p, "signing");
	assert_screen(s, CLEAR "signing hello/1.0 for 6.1.0-9-amd64 (1:01:05)");
	progress_clear(&p);
	progress_clear(&p);
	assert_screen(s, CLEAR);
	progress_tick(&p);
	assert_screen(s, CLEAR "signing hello/1.0 for 6.1.0-9-amd64 (1:01:05)");
	progress_step(&p, "adding", "hello/1.0", NULL);
	assert_screen(s, CLEAR "adding hello/1.0");
	progress_end_step(&p);
	progress_tick(&p);
	assert_screen(s, CLEAR);
	progress_done(&p);
	assert_screen(s, "");
}

static void line_fits_the_terminal(void **state)
{
	struct screen *s = *state;
	CLEAN(progress) struct progress p = { 0 };

	progress_begin(&p, s->tty, PROGRESS_AUTO, &s->env);
	set_width(s, 30);
	progress_step(&p, "building", "hello/1.0", "6.1.0-9-amd64");
	/* 29 columns, the ellipsis is one */
	assert_screen(s, CLEAR "building hello/1.0 for 6.1.0…");
	p.began -= 5 * 1000000LL;
	progress_tick(&p);
	assert_screen(s, CLEAR "building hello/1.0 for… (5 s)");
	set_width(s, 3); /* nobody reads so narrow a line: 20 are taken for granted */
	progress_phase(&p, "copying");
	assert_screen(s, CLEAR "copying hell… (5 s)");
	progress_phase(&p, "kööööpiere");
	assert_screen(s, CLEAR "kööööpiere h… (5 s)");
	progress_phase(&p, "ääääääääääääääääää");
	assert_screen(s, CLEAR "ääääääääääää… (5 s)");
	set_width(s, 0);
	progress_phase(&p, "building");
	assert_screen(s, CLEAR "building hello/1.0 for 6.1.0-9-amd64 (5 s)");
}

static void other_charsets_get_dots(void **state)
{
	static const struct {
		const char *all, *ctype, *lang;
		bool dots;
	} rows[] = {
		{ "", "", "", true },
		{ "C", "C.UTF-8", "C.UTF-8", true },
		{ "", "POSIX", "C.UTF-8", true },
		{ "", "C.UTF-8", "C", false },
		{ "C.utf8", "", "", false },
		{ "no_SUCH.UTF-8", "", "C.UTF-8", true },
	};
	struct screen *s = *state;

	set_width(s, 30);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEAN(progress) struct progress p = { 0 };

		env_set(&s->env, "LC_ALL", rows[i].all);
		env_set(&s->env, "LC_CTYPE", rows[i].ctype);
		env_set(&s->env, "LANG", rows[i].lang);
		progress_begin(&p, s->tty, PROGRESS_AUTO, &s->env);
		progress_step(&p, "building", "hello/1.0", "6.1.0-9-amd64");
		assert_screen(s, rows[i].dots ? CLEAR "building hello/1.0 for 6.1..." :
						CLEAR "building hello/1.0 for 6.1.0…");
		progress_end_step(&p);
		assert_screen(s, CLEAR);
	}
}

static void colors_unless_refused(void **state)
{
	struct screen *s = *state;
	CLEAN(progress) struct progress p = { 0 };

	env_unset(&s->env, "NO_COLOR");
	progress_begin(&p, s->tty, PROGRESS_AUTO, &s->env);
	progress_step(&p, "adding", "hello/1.0", NULL);
	assert_screen(s, CLEAR "adding hello/1.0");
	p.began -= 5 * 1000000LL;
	progress_tick(&p);
	assert_screen(s, CLEAR "adding hello/1.0\033[2m (5 s)\033[0m");
}

static void plain_on_dumb_terminals(void **state)
{
	struct screen *s = *state;
	CLEAN(progress) struct progress p = { 0 }, q = { 0 };

	env_set(&s->env, "TERM", "dumb");
	progress_begin(&p, s->tty, PROGRESS_AUTO, &s->env);
	progress_step(&p, "adding", "hello/1.0", NULL);
	progress_phase(&p, "other");
	progress_tick(&p);
	progress_clear(&p);
	assert_screen(s, "adding hello/1.0\r\n");
	env_unset(&s->env, "TERM");
	progress_begin(&q, s->tty, PROGRESS_AUTO, &s->env);
	progress_step(&q, "adding", "hello/1.0", NULL);
	assert_screen(s, "adding hello/1.0\r\n");
}

static void nothing_when_off(void **state)
{
	struct screen *s = *state;
	CLEAN(progress) struct progress p = { 0 };

	progress_begin(&p, s->tty, PROGRESS_OFF, &s->env);
	progress_step(&p, "adding", "hello/1.0", NULL);
	progress_tick(&p);
	progress_done(&p);
	assert_screen(s, "");
}

static void plain_where_no_terminal_is(void **state)
{
	struct screen *s = *state;
	CLEAN(progress) struct progress p = { 0 };
	CLEAN(file) FILE *f = tmpfile();
	char text[200] = "";

	assert_non_null(f);
	progress_begin(&p, f, PROGRESS_AUTO, &s->env);
	progress_step(&p, "building", "hello/1.0", "6.1.0-9-amd64");
	progress_tick(&p);
	progress_step(&p, "building", "hello/1.0", "6.1.0-10-amd64");
	progress_done(&p);
	rewind(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	assert_string_equal(text, "building hello/1.0 for 6.1.0-9-amd64\n"
				  "building hello/1.0 for 6.1.0-10-amd64\n");
}

int main(void)
{
#define ON_SCREEN(test) cmocka_unit_test_setup_teardown(test, open_screen, close_screen)
	const struct CMUnitTest tests[] = {
		ON_SCREEN(line_is_redrawn),	  ON_SCREEN(line_fits_the_terminal),
		ON_SCREEN(colors_unless_refused), ON_SCREEN(plain_on_dumb_terminals),
		ON_SCREEN(nothing_when_off),	  ON_SCREEN(plain_where_no_terminal_is),
		ON_SCREEN(other_charsets_get_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
