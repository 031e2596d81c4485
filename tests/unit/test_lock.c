/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "sys/lock.h"
#include "sys/scratch.h"
#include "temp_dir.h"

struct told {
	int times;
	pid_t holder;
	char *command;
	int let_go; /* a pipe: closed, the other one releases */
};

static void on_waiting(void *ctx, pid_t holder, const char *command)
{
	struct told *t = ctx;

	t->times++;
	t->holder = holder;
	t->command = xstrdup(command);
	if (t->let_go >= 0)
		close(TAKE_FD(t->let_go));
}

static int take(const struct temp_dir *d, struct lock *l, struct told *t, struct fail *f)
{
	*t = (struct told){ .let_go = -1 };
	return lock_take(l, d->path, on_waiting, t, f);
}

/* Takes the lock in another process, which holds it until the end of *ret_let_go is closed. */
static pid_t holder(const struct temp_dir *d, int *ret_let_go)
{
	int ready[2], go[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct lock l;
		struct told t;

		close(ready[0]);
		close(go[1]);
		if (take(d, &l, &t, NULL) == 0 && l.held && write(ready[1], "x", 1) == 1)
			while (read(go[0], &c, 1) < 0)
				;
		lock_release(&l);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*ret_let_go = go[1];
	return pid;
}

static void leaves_nothing(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *file = NULL, *left = NULL;
	struct lock l;
	struct told t;

	temp_dir_make(&d);
	file = temp_dir_at(&d, ".dkms/lock");
	left = temp_dir_at(&d, ".dkms");
	assert_int_equal(take(&d, &l, &t, NULL), 0);
	assert_true(l.held);
	assert_int_equal(t.times, 0);
	assert_true(path_is_file(file));
	lock_release(&l);
	assert_false(path_lexists(left));
	/* a record of the journal stays, with all that leads to it */
	assert_int_equal(take(&d, &l, &t, NULL), 0);
	temp_dir_put(&d, ".dkms/journal/1-1", "", 0600);
	lock_release(&l);
	assert_false(path_lexists(file));
	assert_true(path_is_dir(left));
}

static void waits_for_another(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	struct lock l;
	struct told t = { .let_go = -1 };
	pid_t pid;

	temp_dir_make(&d);
	pid = holder(&d, &t.let_go);
	assert_int_equal(lock_take(&l, d.path, on_waiting, &t, NULL), 0);
	assert_true(l.held);
	assert_int_equal(t.times, 1);
	assert_int_equal(t.holder, pid);
	assert_non_null(strstr(t.command, "unit-lock"));
	free(t.command);
	lock_release(&l);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A killed holder is none. */
static void is_not_held_by_the_dead(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	struct lock l;
	struct told t;
	int let_go;
	pid_t pid;

	temp_dir_make(&d);
	pid = holder(&d, &let_go);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(take(&d, &l, &t, NULL), 0);
	assert_true(l.held);
	assert_int_equal(t.times, 0);
	lock_release(&l);
	close(let_go);
}

/* The signals that end dkms are blocked while it works: the wait looks for them. */
static void wait_ends_with_a_signal(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	sigset_t term, none;
	struct lock l;
	struct told t;
	int let_go, signal = 0;
	pid_t pid;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	temp_dir_make(&d);
	pid = holder(&d, &let_go);
	assert_int_equal(sigprocmask(SIG_BLOCK, &term, &none), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(take(&d, &l, &t, &f), -ECANCELED);
	assert_int_equal(sigwait(&term, &signal), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &none, NULL), 0);
	assert_false(l.held);
	assert_non_null(strstr(f.text, "interrupted"));
	free(t.command);
	lock_release(&l);
	close(let_go);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What a script of the holder starts, at any depth, works under the holder's lock. */
static void descendants_go_on_without(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	struct lock l;
	struct told t;
	int status = 0;
	pid_t pid;

	temp_dir_make(&d);
	assert_int_equal(take(&d, &l, &t, NULL), 0);
	pid = fork();
	if (pid == 0) {
		pid_t grandchild = fork();
		struct lock m;

		if (grandchild > 0 && waitpid(grandchild, &status, 0) == grandchild)
			_exit(WEXITSTATUS(status));
		status = take(&d, &m, &t, NULL) == 0 && !m.held && t.times == 0 ? 0 : 1;
		lock_release(&m);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* it has not removed what is not its own */
	assert_int_equal(access(l.path, F_OK), 0);
	lock_release(&l);
}

static void cannot_be_made(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *link = NULL;
	CLEAN(fail) struct fail f = { 0 };
	struct lock l;
	struct told t;

	temp_dir_make(&d);
	temp_dir_put(&d, ".dkms", "a file", 0600);
	assert_int_equal(take(&d, &l, &t, &f), -ENOTDIR);
	assert_non_null(strstr(f.text, d.path));
	lock_release(&l);
	link = temp_dir_at(&d, ".dkms");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(dir_make(link), 0);
	free(TAKE_PTR(link));
	/* nobody gets us to write elsewhere */
	link = temp_dir_at(&d, ".dkms/lock");
	assert_int_equal(symlink("../elsewhere", link), 0);
	assert_int_equal(take(&d, &l, &t, &f), -ELOOP);
	lock_release(&l);
}

/* Directories for temporary files: those of a dkms that died are removed, those in use are not. */
static void scratch_is_swept(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *dead = NULL, *other = NULL, *link = NULL, *fresh = NULL;
	CLEAN(fail) struct fail f = { 0 };
	struct scratch s = { .fd = -1 };

	temp_dir_make(&d);
	temp_dir_put(&d, "dkms-tmp.of.dead/x", "", 0600);
	temp_dir_put(&d, "others/x", "", 0600);
	dead = temp_dir_at(&d, "dkms-tmp.of.dead");
	other = temp_dir_at(&d, "others/x");
	link = temp_dir_at(&d, "dkms-tmp.link");
	assert_int_equal(symlink("others", link), 0);
	assert_int_equal(scratch_make(d.path, "test", &s, &f), 0);
	scratch_sweep(d.path);
	assert_false(path_lexists(dead));
	assert_true(path_lexists(other) && path_is_link(link) && path_is_dir(s.dir));
	fresh = xstrdup(s.dir);
	scratch_done(&s);
	scratch_done(&s);
	assert_false(path_lexists(fresh));
	assert_int_equal(scratch_make(other, "test", &s, &f), -ENOTDIR);
	assert_non_null(strstr(f.text, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_nothing),
		cmocka_unit_test(waits_for_another),
		cmocka_unit_test(is_not_held_by_the_dead),
		cmocka_unit_test(wait_ends_with_a_signal),
		cmocka_unit_test(descendants_go_on_without),
		cmocka_unit_test(cannot_be_made),
		cmocka_unit_test(scratch_is_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
