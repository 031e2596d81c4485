/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

enum { GRACE_MS = 2000 };

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* nohup, or a shell's background, has said that it is none of our business. */
static bool is_ignored(int sig)
{
	struct sigaction now;

	return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void run_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	/* blocked, an ignored one would be pending like any other */
	for (size_t i = 0; i < COUNT_OF(ending_signals); i++)
		if (!is_ignored(ending_signals[i]))
			sigaddset(&set, ending_signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* ignored, children would leave no status */
	signal(SIGCHLD, SIG_DFL);
}

int run_pending_signal(void)
{
	sigset_t set;

	if (sigpending(&set) < 0)
		return 0;
	for (size_t i = 0; i < COUNT_OF(ending_signals); i++)
		if (sigismember(&set, ending_signals[i]) && !is_ignored(ending_signals[i]))
			return ending_signals[i];
	return 0;
}

static int64_t now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Where a child's descriptor `to` comes from. */
static int put_fd(int from, int to)
{
	if (from == RUN_INHERIT)
		return 0;
	if (from == RUN_NULL) {
		CLEAN(fd) int fd = open("/dev/null", to == 0 ? O_RDONLY : O_WRONLY);

		if (fd < 0)
			return -1;
		if (fd == to) {
			fd = -1;
			return 0;
		}
		return dup2(fd, to);
	}
	if (from == to) /* the same number: only the close-on-exec flag has to go */
		return fcntl(from, F_SETFD, 0);
	return dup2(from, to);
}

static void keep_open(const int *fds)
{
	for (; fds && *fds >= 0; fds++)
		fcntl(*fds, F_SETFD, 0);
}

static const char *const *environment(const struct run *r)
{
	static const char *const none[] = { NULL };

	if (!r->env)
		return (const char *const *)environ;
	return r->env->items ? (const char *const *)r->env->items : none;
}

static bool enter_place(const struct run_place *p)
{
	int r = p ? p->enter(p->ctx) : 0;

	errno = -r;
	return r == 0;
}

/* setns for a PID namespace is for the children to come. */
static pid_t fork_into(const struct run_place *p)
{
	pid_t pid;
	int e;

	if (!p || p->pids < 0)
		return fork();
	if (setns(p->pids, CLONE_NEWPID) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		return 0;
	e = errno;
	if (setns(p->own_pids, CLONE_NEWPID) < 0 && pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	errno = e;
	return pid;
}

/* Why a child could not be started. */
struct trouble {
	int err;
	enum { AT_NULL, AT_DIRECTORY, AT_PROGRAM } at;
};

/* stdin, stdout, stderr; stderr first where it shares stdout's old descriptor, so that a given fd 1 is not lost. */
static bool put_fds(const struct run *r, int out)
{
	int err = r->err_fd == RUN_AS_OUT ? out : r->err_fd;

	return (err == RUN_INHERIT && r->err_fd == RUN_AS_OUT ? dup2(1, 2) : put_fd(err, 2)) >= 0 &&
	       put_fd(out, 1) >= 0 && put_fd(r->in_fd > 0 ? r->in_fd : RUN_NULL, 0) >= 0;
}

static void run_program(const struct run *r, const char *file, struct trouble *t)
{
	t->at = AT_PROGRAM;
	syscall(SYS_close_range, 3, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
	keep_open(r->keep_fds);
	execve(file, (char *const *)r->argv, (char *const *)environment(r));
}

static bool is_ending(int sig)
{
	for (size_t i = 0; i < COUNT_OF(ending_signals); i++)
		if (ending_signals[i] == sig)
			return true;
	return false;
}

/* As for any program that is started, but one that uses the terminal from its group in the background would be stopped,
 * which nobody sees. */
static void set_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		if (!is_ending(s) || !is_ignored(s))
			signal(s, SIG_DFL);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: never returns; what goes wrong is told to the parent through report_fd. */
__attribute__((noreturn)) static void child(const struct run *r, const char *file, int capture_fd,
					    int report_fd)
{
	struct trouble t = { .at = AT_NULL };

	if (r->place)
		setsid();
	else
		setpgid(0, 0);
	set_signals();
	if (put_fds(r, capture_fd >= 0 ? capture_fd : r->out_fd)) {
		t.at = AT_PROGRAM;
		if (enter_place(r->place)) {
			t.at = AT_DIRECTORY;
			if (!r->cwd || chdir(r->cwd) == 0)
				run_program(r, file, &t);
		}
	}
	t.err = errno;
	if (write(report_fd, &t, sizeof(t)) != sizeof(t))
		_exit(126);
	_exit(127);
}

char *run_find(const char *name, const struct strv *env)
{
	const char *path = env ? env_get(env, "PATH") : getenv("PATH");
	CLEAN(strv) struct strv dirs = { 0 };

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
	strv_split(&dirs, path ? path : "/usr/sbin:/usr/bin:/sbin:/bin", ":");
	for (size_t i = 0; i < dirs.n; i++) {
		CLEAN(free) char *file = path_join(dirs.items[i], name);

		if (access(file, X_OK) == 0 && !path_is_dir(file))
			return TAKE_PTR(file);
	}
	return NULL;
}

struct watch {
	pid_t pid;
	int pidfd;
	int capture_fd;
	int64_t deadline; /* 0: none */
	int64_t kill_at;  /* 0: not yet asked to end */
	int why;          /* the negative errno to return when we ended it */
};

static void ask_to_end(struct watch *w, int why)
{
	if (w->kill_at)
		return;
	w->why = why;
	w->kill_at = now_usec() + (int64_t)GRACE_MS * 1000;
	kill(-w->pid, SIGTERM);
	kill(-w->pid, SIGCONT);
}

static void read_capture(const struct run *r, struct watch *w)
{
	enum { STEP = 16 * 1024 };
	ssize_t n = read(w->capture_fd, buf_reserve(r->capture, STEP), STEP);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(w->capture_fd);
		w->capture_fd = -1;
		return;
	}
	r->capture->len += (size_t)n;
	r->capture->data[r->capture->len] = '\0';
	if (r->capture->len > r->capture_max) {
		buf_reset(r->capture);
		ask_to_end(w, -EFBIG);
	}
}

/* Kernels before 5.3 have no pidfd: then the child is asked after each poll. */
static bool has_ended(const struct watch *w, const struct pollfd *fd)
{
	siginfo_t info = { 0 };

	if (w->pidfd >= 0)
		return fd->revents != 0;
	return waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

/* Waits for the next thing to happen: the child's end, its output, a signal to us, a time limit. */
static bool watch_once(const struct run *r, struct watch *w)
{
	struct pollfd fds[2] = { { .fd = w->pidfd, .events = POLLIN },
				 { .fd = w->capture_fd, .events = POLLIN } };
	int n = poll(fds, 2, 100);
	int64_t now = now_usec();

	if (n > 0 && fds[1].revents)
		read_capture(r, w);
	else if (n >= 0 && has_ended(w, &fds[0]))
		return false;
	if (!r->shielded && run_pending_signal())
		ask_to_end(w, -ECANCELED);
	if (w->deadline && now > w->deadline)
		ask_to_end(w, -ETIMEDOUT);
	if (w->kill_at && now > w->kill_at)
		kill(-w->pid, SIGKILL);
	return true;
}

static void reap(struct watch *w, struct run_result *ret)
{
	int status = 0, r;

	do
		r = waitpid(w->pid, &status, 0);
	while (r < 0 && errno == EINTR);
	/* nobody knows how it ended */
	if (r < 0 && w->why == 0)
		w->why = -errno;
	/* what the child left running in its group must not outlive an end that we asked for */
	if (w->why)
		kill(-w->pid, SIGKILL);
	ret->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ret->status = ret->signal ? 128 + ret->signal : WEXITSTATUS(status);
}

static int start(const struct run *r, const char *file, struct watch *w, struct trouble *ret)
{
	CLEAN(fd) int report_r = -1, report_w = -1, cap_r = -1, cap_w = -1;
	int p[2];

	ret->at = AT_PROGRAM;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	report_r = p[0];
	report_w = p[1];
	if (r->capture) {
		if (pipe2(p, O_CLOEXEC) < 0)
			return -errno;
		cap_r = p[0];
		cap_w = p[1];
	}
	w->pid = fork_into(r->place);
	if (w->pid < 0)
		return -errno;
	if (w->pid == 0)
		child(r, file, cap_w, report_w);
	if (!r->place)
		setpgid(w->pid, w->pid);
	close(TAKE_FD(report_w));
	if (read(report_r, ret, sizeof(*ret)) == sizeof(*ret)) {
		waitpid(w->pid, NULL, 0);
		return -ret->err;
	}
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	w->capture_fd = TAKE_FD(cap_r);
	return 0;
}

static int is_not_started(const struct run *r, const struct trouble *t, int err, struct fail *f)
{
	if (t->at == AT_DIRECTORY)
		return fail_errno(f, err, "cannot run '%s' in '%s'", r->argv[0], r->cwd);
	if (t->at == AT_PROGRAM)
		return fail_errno(f, err, "cannot run '%s'", r->argv[0]);
	fail_errno(f, err, "cannot open '/dev/null', which '%s' is to be run with", r->argv[0]);
	fail_hint(f, "in a chroot: mount --bind /dev <chroot>/dev, or mknod -m 666 <chroot>/dev/null c 1 3");
	return err;
}

int run_command(const struct run *r, struct run_result *ret, struct fail *f)
{
	CLEAN(free) char *file = strchr(r->argv[0], '/') ? xstrdup(r->argv[0])
						       : run_find(r->argv[0], r->env);
	struct watch w = { .pidfd = -1, .capture_fd = -1 };
	struct trouble t = { 0 };
	int64_t began = now_usec();
	int err;

	if (!file)
		return fail_set(f, -ENOENT, "'%s' was not found on PATH", r->argv[0]);
	fflush(NULL);
	err = start(r, file, &w, &t);
	ret->no_place = err < 0 && r->place;
	if (err < 0)
		return is_not_started(r, &t, err, f);
	if (r->timeout_ms)
		w.deadline = began + (int64_t)r->timeout_ms * 1000;
	while (watch_once(r, &w)) {
		if (r->tick)
			r->tick(r->tick_ctx);
		err = r->check ? r->check(r->check_ctx) : 0;
		if (err)
			ask_to_end(&w, err);
	}
	/* what is still in the pipe when the child is gone counts; what its leftovers write does not */
	if (w.capture_fd >= 0) {
		fcntl(w.capture_fd, F_SETFL, O_NONBLOCK);
		for (size_t before = (size_t)-1; w.capture_fd >= 0 && before != r->capture->len;) {
			before = r->capture->len;
			read_capture(r, &w);
		}
		if (w.capture_fd >= 0)
			close(w.capture_fd);
	}
	reap(&w, ret);
	if (w.pidfd >= 0)
		close(w.pidfd);
	ret->usec = now_usec() - began;
	if (w.why == -ECANCELED)
		return fail_set(f, -ECANCELED, "'%s' was interrupted", r->argv[0]);
	if (w.why)
		return fail_errno(f, w.why, "'%s' was stopped", r->argv[0]);
	return 0;
}

char *run_end(const struct run_result *res, const char *failed, const char *said)
{
	CLEAN(free) char *how = NULL;
	const char *name = res->signal ? strsignal(res->signal) : NULL;
	size_t n = said ? strlen(said) : 0;

	while (n && (said[n - 1] == '\n' || said[n - 1] == ' '))
		n--;
	if (name)
		how = xasprintf("was killed by signal %d (%s)", res->signal, name);
	else
		how = xasprintf("%s status %d", failed, res->status);
	return n ? xasprintf("%s: %.*s", how, (int)n, said) : TAKE_PTR(how);
}

int run_tool(const char *const *argv, const struct strv *env, struct fail *f)
{
	CLEAN(buf) struct buf out = { 0 };
	struct run r = { .argv = argv,
			 .env = env,
			 .cwd = "/",
			 .out_fd = RUN_NULL,
			 .err_fd = RUN_AS_OUT,
			 .capture = &out,
			 .capture_max = 1 << 20 };
	struct run_result res = { 0 };
	CLEAN(free) char *first = NULL, *how = NULL;
	int e = run_command(&r, &res, f);

	if (e < 0)
		return e;
	if (res.status == 0)
		return 0;
	first = xstrndup(buf_str(&out), strcspn(buf_str(&out), "\n"));
	how = run_end(&res, "ended with", first);
	return fail_set(f, -EIO, "'%s' %s", argv[0], how);
}
