/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/builds.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/mem.h"
#include "engine/build_undo.h"
#include "engine/remnant.h"
#include "engine/worker.h"
#include "sys/host.h"
#include "sys/jobserver.h"
#include "sys/private_build.h"
#include "sys/run.h"

/* One build that runs. */
struct task {
	size_t step;
	struct build_facts facts;
	struct worker worker;
	int tokens;
	bool is_private;
	time_t stopped_at; /* 0: it may go on */
};

struct builds {
	struct engine *e;
	struct task **tasks;
	size_t n;
	bool has_jobserver;
	struct jobserver js;
	int limit;    /* how many at once, where there is no jobserver */
	struct strv told; /* warnings that are told once */
	int privates; /* may builds have private directories? -1: not tried yet */
	struct build_undo undo;
};

static size_t count_builds(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->steps[i].kind == STEP_BUILD && p->steps[i].state == STEP_WAITING;
	return n;
}

struct builds *builds_new(struct engine *e)
{
	struct builds *b = xcalloc(1, sizeof(*b));
	CLEAN(fail) struct fail why = { 0 };

	*b = (struct builds){ .e = e, .js = { .fd = -1 }, .privates = -1, .undo = { .e = e } };
	b->limit = e->setup->jobs > 0 ? 1 : host_usable_cpus();
	/* one build alone has make's own jobs */
	if (e->setup->jobs > 0 && count_builds(e->plan) > 1)
		b->has_jobserver =
			jobserver_open(&b->js, e->setup->jobs, e->setup->tmp_location, &why) == 0;
	return b;
}

static void task_free(struct task *t)
{
	build_facts_done(&t->facts);
	free(t);
}

void builds_free(struct builds *b)
{
	build_undo_done(&b->undo);
	for (size_t i = 0; i < b->n; i++)
		task_free(b->tasks[i]);
	free(b->tasks);
	if (b->has_jobserver)
		jobserver_close(&b->js);
	strv_done(&b->told);
	free(b);
}

bool builds_running(const struct builds *b)
{
	return b->n > 0;
}

/* Is there another build of the same version in the plan, that its directory could collide with? */
static bool has_sibling(const struct builds *b, const struct step *s, bool running)
{
	const struct plan *p = b->e->plan;

	for (size_t i = 0; i < p->n; i++)
		if (&p->steps[i] != s && p->steps[i].kind == STEP_BUILD &&
		    str_eq(p->steps[i].module, s->module) && str_eq(p->steps[i].version, s->version) &&
		    (!running || p->steps[i].state == STEP_RUNNING))
			return true;
	return false;
}

static bool can_be_private(struct builds *b)
{
	if (b->privates < 0)
		b->privates = private_build_is_possible();
	return b->privates;
}

/* A token for its first job; 0: none is free. */
static int take_token(struct builds *b)
{
	int got;

	if (!b->has_jobserver)
		return b->n < (size_t)b->limit ? 1 : 0;
	if (b->n == 0)
		jobserver_refill(&b->js);
	got = jobserver_take(&b->js, 1);
	/* where nothing runs nobody has it: a FIFO that cannot be filled must not stop everything */
	return b->n == 0 ? 1 : got;
}

static void give_tokens(struct builds *b, int n)
{
	if (b->has_jobserver)
		jobserver_give(&b->js, n);
}

/* A command with jobs of its own gets as many tokens as are free, since it is going to use them anyway. */
static void take_more_tokens(struct builds *b, struct task *t, const struct build_job *job)
{
	const struct conf_make m = { .kernel = job->kernel->release,
				     .kernel_source_dir = job->kernel->source_dir,
				     .build_dir = "",
				     .jobs = job->jobs };

	if (b->has_jobserver && conf_make_has_own_jobs(job->conf, &m))
		t->tokens += jobserver_take(&b->js, b->js.n - 1);
}

static void tell_end(struct builds *b, struct step *s, int r, const struct fail *f, const char *log,
		     const struct errlog *errors)
{
	const struct observer *o = b->e->setup->observer;

	engine_set_result(s, r);
	o->end(o->ctx, s, f, log, errors && errors->lines.n ? errors : NULL);
}

/* Judges and starts; anything but 0 is the end of the step. */
static int begin(struct builds *b, struct task *t, struct step *s, struct fail *f)
{
	struct build_job job;
	int r = build_gather(b->e, s, &t->facts, f);

	if (r != 0)
		return r;
	r = remnant_mark(b->e, s, f);
	if (r < 0)
		return r;
	job = build_job_for(b->e, s, &t->facts);
	job.is_private = t->is_private;
	job.has_jobserver = b->has_jobserver;
	job.make_identity = b->has_jobserver ? engine_tool(b->e, "make") : NULL;
	r = build_undo_record(&b->undo, t->step, t->is_private, f);
	if (r < 0)
		return r;
	take_more_tokens(b, t, &job);
	r = worker_start(&job, b->has_jobserver ? &b->js : NULL, &t->worker, f);
	if (r < 0)
		build_undo_forget(&b->undo, t->step);
	return r;
}

bool builds_start(struct builds *b, size_t step)
{
	struct step *s = &b->e->plan->steps[step];
	const struct observer *o = b->e->setup->observer;
	bool is_private = has_sibling(b, s, false) && can_be_private(b);
	CLEAN(fail) struct fail f = { 0 };
	struct task *t;
	int tokens, r;

	if (!is_private && has_sibling(b, s, true))
		return false;
	tokens = take_token(b);
	if (tokens == 0)
		return false;
	t = xcalloc(1, sizeof(*t));
	*t = (struct task){ .step = step, .tokens = tokens, .is_private = is_private };
	o->begin(o->ctx, s);
	r = begin(b, t, s, &f);
	if (r != 0) {
		give_tokens(b, t->tokens);
		tell_end(b, s, r, &f, t->facts.log, &t->facts.errors);
		task_free(t);
		return true;
	}
	s->state = STEP_RUNNING;
	b->tasks = xreallocarray(b->tasks, b->n + 1, sizeof(struct task *));
	b->tasks[b->n++] = t;
	return true;
}

static void finish(struct builds *b, size_t i, const struct worker_message *m)
{
	struct task *t = b->tasks[i];
	struct step *s = &b->e->plan->steps[t->step];
	CLEAN(fail) struct fail f = { .code = m->code, .text = xstrdup(m->text), .hint = xstrdup(m->hint) };

	worker_done(&t->worker);
	give_tokens(b, t->tokens);
	b->tasks[i] = b->tasks[--b->n];
	tell_end(b, s, m->code, &f, m->log, &m->errlog);
	build_undo_end(&b->undo, t->step, m->code);
	task_free(t);
}

static void relay(struct builds *b, const struct task *t, const struct worker_message *m)
{
	static const char *const words[] = {
		[BUILD_COPY] = "copying the source", [BUILD_PATCH] = "patching",
		[BUILD_PRE] = "running pre_build",   [BUILD_MAKE] = "building",
		[BUILD_STORED] = "taking it from the build store",
		[BUILD_FINISH] = "finishing",	     [BUILD_POST] = "running post_build",
	};
	const struct step *s = &b->e->plan->steps[t->step];

	if (m->news == WORKER_PHASE && (size_t)m->phase < COUNT_OF(words))
		engine_phase(b->e, s, words[m->phase]);
	else if (m->news == WORKER_WARNING && m->text)
		engine_warn(b->e, s, m->text, m->hint);
	else if (m->news == WORKER_WARNING_ONCE && m->text && !strv_has(&b->told, m->text)) {
		strv_add(&b->told, m->text);
		engine_warn(b->e, s, m->text, m->hint);
	}
}

/* Hears one worker out; true if it ended. */
static bool hear(struct builds *b, size_t i)
{
	struct task *t = b->tasks[i];

	for (;;) {
		CLEAN(worker_message) struct worker_message m = { 0 };
		int r = worker_read(&t->worker, &m);

		if (r == 0)
			return false;
		if (r < 0) {
			m.news = WORKER_END;
			m.code = run_pending_signal() ? -ECANCELED : -EIO;
			m.text = xstrdup("the process that builds it has died");
		}
		if (m.news == WORKER_END) {
			finish(b, i, &m);
			return true;
		}
		relay(b, t, &m);
	}
}

static void stop_all(struct builds *b)
{
	enum { PATIENCE = 15 };
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (size_t i = 0; i < b->n; i++) {
		struct task *t = b->tasks[i];

		if (!t->stopped_at) {
			worker_stop(&t->worker);
			t->stopped_at = now.tv_sec + 1;
		} else if (now.tv_sec - t->stopped_at > PATIENCE) {
			worker_kill(&t->worker);
		}
	}
}

bool builds_collect(struct builds *b, int ms)
{
	CLEAN(free) struct pollfd *fds = NULL;
	bool ended = false;

	if (b->n == 0)
		return false;
	fds = xcalloc(b->n, sizeof(*fds));
	for (size_t i = 0; i < b->n; i++)
		fds[i] = (struct pollfd){ .fd = b->tasks[i]->worker.fd, .events = POLLIN };
	poll(fds, b->n, ms);
	if (run_pending_signal())
		stop_all(b);
	/* from behind: an ended one's place is taken by the last */
	for (size_t i = b->n; i-- > 0;)
		ended = hear(b, i) || ended;
	b->e->setup->observer->tick(b->e->setup->observer->ctx);
	return ended;
}
