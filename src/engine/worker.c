/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/layout.h"
#include "sys/jobserver.h"
#include "sys/private_build.h"

/* On the pipe: length of what follows, then news, phase, code, and strings, each with a byte before
 * it that says whether there is one. Both ends are this program, forked: native byte order. */
enum { MESSAGE_MAX = 4 << 20 };

static void put_int(struct buf *b, int32_t n)
{
	buf_add(b, &n, sizeof(n));
}

static void put_string(struct buf *b, const char *s)
{
	buf_add_char(b, s != NULL);
	if (s)
		buf_add(b, s, strlen(s) + 1);
}

static void send(int fd, const struct worker_message *m)
{
	CLEAN(buf) struct buf b = { 0 };
	int32_t n;

	put_int(&b, 0);
	put_int(&b, m->news);
	put_int(&b, (int)m->phase);
	put_int(&b, m->code);
	put_string(&b, m->text);
	put_string(&b, m->hint);
	put_string(&b, m->log);
	put_string(&b, m->errlog.advice);
	put_int(&b, (int)m->errlog.lines.n);
	for (size_t i = 0; i < m->errlog.lines.n; i++)
		put_string(&b, m->errlog.lines.items[i]);
	n = (int32_t)(b.len - sizeof(n));
	memcpy(b.data, &n, sizeof(n));
	fd_write_all(fd, b.data, b.len);
}

/* in the child ---------------------------------------------------------------------------------- */

static void on_phase(void *ctx, enum build_phase phase)
{
	const struct worker_message m = { .news = WORKER_PHASE, .phase = phase };

	send(*(int *)ctx, &m);
}

static void on_warn(void *ctx, const char *text, const char *hint)
{
	const struct worker_message m = { .news = WORKER_WARNING,
					  .text = (char *)text,
					  .hint = (char *)hint };

	send(*(int *)ctx, &m);
}

static void on_warn_once(void *ctx, const char *text, const char *hint)
{
	const struct worker_message m = { .news = WORKER_WARNING_ONCE,
					  .text = (char *)text,
					  .hint = (char *)hint };

	send(*(int *)ctx, &m);
}

static int run_job(struct build_job *job, struct build_result *result, struct fail *f)
{
	const struct layout at = { job->dkms_tree, job->conf->module, job->conf->version,
				   job->kernel->release, job->kernel->arch };
	int r = job->is_private ? private_build_enter(&at, f) : 0;

	if (r == 0)
		r = build_run(job, result, f);
	if (r < 0 && job->is_private && result->log_path) {
		/* build/ is that of the last failure; this one's log is always here */
		CLEAN(free) char *dir = layout_failed(&at);

		free(result->log_path);
		result->log_path = xasprintf("%s/log", dir);
	}
	return r;
}

__attribute__((noreturn)) static void child(const struct build_job *from, const struct jobserver *js,
					    int fd, pid_t parent)
{
	const struct build_observer observer = { .phase = on_phase, .warn = on_warn, .ctx = &fd,
					       .warn_once = on_warn_once };
	CLEAN(build_result) struct build_result result = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	struct build_job job = *from;
	struct worker_message end = { .news = WORKER_END };

	/* if our parent dies there is nobody to build for, and nobody who has the lock: the next dkms tidies up */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	job.observer = &observer;
	if (js && jobserver_share(js) < 0)
		job.has_jobserver = false;
	job.jobs_fifo = job.has_jobserver && js ? js->fifo : NULL;
	end.code = run_job(&job, &result, &f);
	end.text = f.text;
	end.hint = f.hint;
	end.log = result.log_path;
	end.errlog = result.errlog;
	send(fd, &end);
	fail_done(&f);
	build_result_done(&result);
	exit(0);
}

/* in the parent --------------------------------------------------------------------------------- */

int worker_start(const struct build_job *job, const struct jobserver *js, struct worker *ret,
		 struct fail *f)
{
	pid_t parent = getpid();
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return fail_errno(f, errno, "cannot make a pipe");
	fflush(NULL);
	*ret = (struct worker){ .fd = p[0] };
	ret->pid = fork();
	if (ret->pid < 0) {
		int err = errno;

		close(p[0]);
		close(p[1]);
		return fail_errno(f, err, "cannot start a build");
	}
	if (ret->pid == 0) {
		close(p[0]);
		child(job, js, p[1], parent);
	}
	close(p[1]);
	fcntl(ret->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

struct cursor {
	const char *p, *end;
};

static int get_int(struct cursor *c)
{
	int32_t n = 0;

	if (c->end - c->p >= (ptrdiff_t)sizeof(n)) {
		memcpy(&n, c->p, sizeof(n));
		c->p += sizeof(n);
	}
	return n;
}

static char *get_string(struct cursor *c)
{
	const char *s;

	if (c->p >= c->end || !*c->p++)
		return NULL;
	s = c->p;
	c->p += strnlen(s, (size_t)(c->end - s));
	c->p += c->p < c->end;
	return xstrdup(s);
}

static void parse(const char *data, size_t n, struct worker_message *ret)
{
	struct cursor c = { data, data + n };
	int lines;

	*ret = (struct worker_message){ .news = (enum worker_news)get_int(&c) };
	ret->phase = (enum build_phase)get_int(&c);
	ret->code = get_int(&c);
	ret->text = get_string(&c);
	ret->hint = get_string(&c);
	ret->log = get_string(&c);
	ret->errlog.advice = get_string(&c);
	lines = get_int(&c);
	for (int i = 0; i < lines && c.p < c.end; i++)
		strv_take(&ret->errlog.lines, get_string(&c));
}

/* Is a whole message there? Then it is taken out. */
static bool take_message(struct worker *w, struct worker_message *ret)
{
	int32_t n;

	if (w->in.len < sizeof(n))
		return false;
	memcpy(&n, w->in.data, sizeof(n));
	if (n < 0 || w->in.len - sizeof(n) < (size_t)n)
		return false;
	parse(w->in.data + sizeof(n), (size_t)n, ret);
	w->in.len -= sizeof(n) + (size_t)n;
	memmove(w->in.data, w->in.data + sizeof(n) + n, w->in.len);
	return true;
}

int worker_read(struct worker *w, struct worker_message *ret)
{
	enum { STEP = 4096 };

	for (;;) {
		ssize_t n;

		if (take_message(w, ret))
			return 1;
		n = read(w->fd, buf_reserve(&w->in, STEP), STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0 || w->in.len > MESSAGE_MAX)
			return -ECHILD;
		w->in.len += (size_t)n;
	}
}

void worker_stop(const struct worker *w)
{
	kill(w->pid, SIGTERM);
}

void worker_kill(const struct worker *w)
{
	kill(w->pid, SIGKILL);
}

void worker_done(struct worker *w)
{
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(w->fd);
	buf_done(&w->in);
}

void worker_message_done(struct worker_message *m)
{
	free(m->text);
	free(m->hint);
	free(m->log);
	errlog_done(&m->errlog);
	*m = (struct worker_message){ 0 };
}
