/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine.h"

#include <errno.h>
#include <stdarg.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/builds.h"
#include "engine/internal.h"
#include "engine/manifests.h"
#include "sys/build.h"
#include "sys/conf_load.h"
#include "sys/run.h"
#include "sys/script.h"
#include "sys/toolchain.h"
#include "sys/tree.h"

struct kernel *engine_kernel(struct engine *e, const char *release, const char *arch)
{
	struct kernel *k;

	for (size_t i = 0; i < e->n_kernels; i++)
		if (str_eq(e->kernels[i]->release, release) && str_eq(e->kernels[i]->arch, arch))
			return e->kernels[i];
	k = xcalloc(1, sizeof(*k));
	kernel_init(k, release, arch, e->setup->install_tree, e->setup->kernel_source_dir,
		    e->setup->config_file);
	e->kernels = xreallocarray(e->kernels, e->n_kernels + 1, sizeof(struct kernel *));
	e->kernels[e->n_kernels++] = k;
	return k;
}

struct kernel_framework {
	char *release;
	struct framework *framework;
};

const struct framework *engine_framework(struct engine *e, const char *release)
{
	const struct engine_setup *set = e->setup;
	struct framework *fw;

	if (!set->etc_dir || str_eq(release, set->running_kernel))
		return set->framework;
	for (size_t i = 0; i < e->n_frameworks; i++)
		if (str_eq(e->frameworks[i].release, release))
			return e->frameworks[i].framework;
	fw = xcalloc(1, sizeof(*fw));
	if (framework_load(set->etc_dir, release, set->environment, fw, NULL) < 0) {
		free(fw);
		return set->framework;
	}
	e->frameworks = xreallocarray(e->frameworks, e->n_frameworks + 1, sizeof(*e->frameworks));
	e->frameworks[e->n_frameworks++] = (struct kernel_framework){ xstrdup(release), fw };
	return fw;
}

struct tool {
	char *command, *identity;
};

const char *engine_tool(struct engine *e, const char *command)
{
	for (size_t i = 0; i < e->n_tools; i++)
		if (str_eq(e->tools[i].command, command))
			return e->tools[i].identity;
	e->tools = xreallocarray(e->tools, e->n_tools + 1, sizeof(*e->tools));
	e->tools[e->n_tools] =
		(struct tool){ xstrdup(command), tool_identity(command, e->setup->environment) };
	return e->tools[e->n_tools++].identity;
}

static void forget_tools(struct engine *e)
{
	for (size_t i = 0; i < e->n_tools; i++) {
		free(e->tools[i].command);
		free(e->tools[i].identity);
	}
	free(e->tools);
}

static void engine_done(struct engine *e)
{
	for (size_t i = 0; i < e->n_frameworks; i++) {
		free(e->frameworks[i].release);
		framework_done(e->frameworks[i].framework);
		free(e->frameworks[i].framework);
	}
	free(e->frameworks);
	for (size_t i = 0; i < e->n_kernels; i++) {
		kernel_done(e->kernels[i]);
		free(e->kernels[i]);
	}
	free(e->kernels);
	forget_tools(e);
	strv_done(&e->told);
	turn_close(&e->scripts);
}

struct layout engine_layout(const struct engine *e, const struct step *s)
{
	return (struct layout){ e->setup->dkms_tree, s->module, s->version, s->kernel, s->arch };
}

char *engine_source_dir(const struct engine *e, const struct step *s)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *link = layout_source(&l);
	CLEAN(free) char *name = NULL;

	if (s->kind == STEP_ADD && s->from)
		return xstrdup(s->from);
	/* an add replaces a link that dangles */
	if (s->kind != STEP_ADD && path_lexists(link))
		return TAKE_PTR(link);
	name = xasprintf("%s-%s", s->module, s->version);
	return path_join(e->setup->source_tree, name);
}

static int load_conf(struct engine *e, const struct step *s, struct conf_trace *trace, struct conf *ret,
		     struct fail *f)
{
	const struct engine_setup *set = e->setup;
	CLEAN(free) char *arch = s->arch ? NULL : kernel_running_arch();
	const char *release = s->kernel ? s->kernel : set->running_kernel;
	struct kernel *k = engine_kernel(e, release, s->arch ? s->arch : arch);
	CLEAN(free) char *source = engine_source_dir(e, s);
	const struct conf_request rq = {
		.target = { s->module, s->version, k->release, k->arch },
		.source_dir = source,
		.conf_file = set->conf_file,
		.etc_dir = set->etc_dir,
		.kernel_source_dir = k->source_dir,
		.kernel_config = k->config_path,
		.dkms_tree = set->dkms_tree,
		.source_tree = set->source_tree,
		.install_tree = set->install_tree,
		.tmp_location = set->tmp_location,
		.parallel_jobs = set->jobs,
		.directives = set->directives,
		.distro_dest = set->distro->dest,
		.debug = set->debug,
		.trace = trace,
	};

	return conf_load(&rq, ret, f);
}

int engine_conf(struct engine *e, const struct step *s, struct conf *ret, struct fail *f)
{
	return load_conf(e, s, NULL, ret, f);
}

static void list_problems(struct buf *b, const struct conf_problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].record >= 0)
			buf_add_fmt(b, "\n  record #%d: %s", p->items[i].record, p->items[i].text);
		else
			buf_add_fmt(b, "\n  %s", p->items[i].text);
	}
}

int engine_valid_conf(struct engine *e, const struct step *s, struct conf *ret, struct fail *f)
{
	return engine_traced_conf(e, s, NULL, ret, f);
}

int engine_traced_conf(struct engine *e, const struct step *s, struct conf_trace *trace, struct conf *ret,
		       struct fail *f)
{
	CLEAN(buf) struct buf b = { 0 };
	int r = load_conf(e, s, trace, ret, f);

	if (r < 0 || (ret->errors.n == 0 && ret->duplicates.n == 0))
		return r;
	list_problems(&b, &ret->errors);
	list_problems(&b, &ret->duplicates);
	fail_set(f, -E_BAD_CONF, "the dkms.conf of %s/%s is invalid:%s", s->module, s->version,
		 buf_str(&b));
	fail_hint(f, "correct the file, or set what is wrong in %s/%s.conf", e->setup->etc_dir, s->module);
	return -E_BAD_CONF;
}

void engine_conf_warnings(struct engine *e, const struct step *s, const struct conf *c)
{
	for (size_t i = 0; i < c->warnings.n; i++) {
		const char *text = c->warnings.items[i].text;
		CLEAN(free) char *key = xasprintf("%s/%s: %s", s->module, s->version, text);

		if (strv_has(&e->told, key))
			continue;
		engine_warn(e, s, text, NULL);
		strv_take(&e->told, TAKE_PTR(key));
	}
}

int engine_look(const struct engine *e, const char *module, struct snapshot *ret, struct fail *f)
{
	return tree_read(e->setup->dkms_tree, e->setup->source_tree, module, ret, f);
}

void engine_warn(const struct engine *e, const struct step *s, const char *text, const char *hint)
{
	e->setup->observer->warn(e->setup->observer->ctx, s, text, hint);
}

void engine_note(const struct engine *e, const struct step *s, const char *fmt, ...)
{
	CLEAN(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	e->setup->observer->note(e->setup->observer->ctx, s, text);
}

void engine_phase(const struct engine *e, const struct step *s, const char *what)
{
	e->setup->observer->phase(e->setup->observer->ctx, s, what);
}

int engine_script(struct engine *e, const struct step *s, const struct conf *c, const char *kind,
		  const char *line, struct fail *f)
{
	struct layout l = engine_layout(e, s);
	CLEAN(free) char *source = layout_source(&l);
	CLEAN(free) char *override = NULL;
	CLEAN(strv) struct strv env = { 0 };
	struct script script = { .kind = kind, .line = line, .dir = source, .env = &env };
	int r;

	if (str_is_empty(line))
		return 0;
	override = path_join(e->setup->etc_dir, s->module);
	build_environment(e->setup->environment, c, s->kernel ? s->kernel : e->setup->running_kernel,
			  s->arch ? s->arch : "", NULL, e->setup->directives, &env);
	script.override_dir = override;
	script.out_fd = e->setup->quiet ? RUN_NULL : RUN_INHERIT;
	script.err_fd = script.out_fd;
	if (turn_take(&e->scripts) < 0)
		return fail_set(f, -ECANCELED, "interrupted before the %s script", kind);
	engine_phase(e, s, kind);
	r = script_run(&script, f);
	turn_give(&e->scripts);
	if (r == SCRIPT_NOT_RUN) {
		engine_warn(e, s, f->text ? f->text : kind, f->hint);
		fail_done(f);
		return 0;
	}
	return r;
}

/* A step that can never run: because what it needs was skipped, failed, or belongs to another module. */
static void give_up(struct plan *p, size_t i)
{
	struct step *s = &p->steps[i];

	for (size_t k = 0; k < s->n_waits; k++) {
		const struct step *on = &p->steps[s->waits[k].step];

		if (on->state == STEP_WAITING || on->state == STEP_DONE || on->state == STEP_NOTHING ||
		    s->waits[k].need == NEED_ENDED)
			continue;
		if (str_eq(on->module, s->module)) {
			s->state = on->state == STEP_SKIPPED ? STEP_SKIPPED : STEP_CANCELLED;
			s->code = on->code;
			return;
		}
		if (s->waits[k].need == NEED_NOT_FAILED && on->state == STEP_SKIPPED)
			continue;
		if (s->flags & STEP_AGAIN) {
			s->state = STEP_CANCELLED;
			return;
		}
		s->state = STEP_UNMET;
		s->code = -E_DEPENDS_MISSING;
		free(s->note);
		s->note = xasprintf("waits for %s, which could not be installed", on->module);
		return;
	}
}

static int dispatch(struct engine *e, struct step *s, struct fail *f)
{
	switch (s->kind) {
	case STEP_ADD:
		return step_add(e, s, f);
	case STEP_LOAD:
		return step_load(e, s, f);
	case STEP_INSTALL:
		return step_install(e, s, f);
	case STEP_UNINSTALL:
		return step_uninstall(e, s, f);
	case STEP_UNBUILD:
		return step_unbuild(e, s, f);
	case STEP_FORGET:
		return step_forget(e, s, f);
	case STEP_DEPMOD:
		return step_depmod(e, s, f);
	case STEP_SIGN:
		return step_sign(e, s, f);
	case STEP_PACKAGE:
		return step_package(e, s, f);
	default:
		return step_post_transaction(e, s, f);
	}
}

void engine_set_result(struct step *s, int r)
{
	s->code = r < 0 ? r : 0;
	if (r >= 0)
		s->state = r == 0 ? STEP_DONE : STEP_NOTHING;
	else if (r == -ECANCELED)
		s->state = STEP_CANCELLED;
	else
		s->state = r == -E_EXCLUDED ? STEP_SKIPPED : STEP_FAILED;
}

/* A step that is over in one go. */
static void carry_out(struct engine *e, size_t i)
{
	const struct observer *o = e->setup->observer;
	struct step *s = &e->plan->steps[i];
	CLEAN(fail) struct fail f = { 0 };

	if (plan_ready(e->plan, i) == READY_NEVER) {
		give_up(e->plan, i);
	} else if (s->flags & STEP_DEFER) {
		s->state = STEP_DEFERRED;
	} else {
		o->begin(o->ctx, s);
		engine_set_result(s, dispatch(e, s, &f));
	}
	o->end(o->ctx, s, &f, NULL, NULL);
}

/* An end that was asked for: but what is installed already gets its index. */
static bool cancel(struct engine *e)
{
	bool moved = false;

	for (size_t i = 0; i < e->plan->n && run_pending_signal(); i++) {
		struct step *s = &e->plan->steps[i];

		if (s->state != STEP_WAITING || s->kind == STEP_DEPMOD)
			continue;
		s->state = STEP_CANCELLED;
		moved = true;
	}
	return moved;
}

static bool is_build(const struct step *s)
{
	return s->kind == STEP_BUILD && !(s->flags & STEP_DEFER);
}

/* Builds first, so that no processor waits while what was built is installed. */
static bool start_builds(struct engine *e)
{
	bool moved = false;

	for (size_t i = 0; i < e->plan->n; i++) {
		const struct step *s = &e->plan->steps[i];

		if (s->state == STEP_WAITING && is_build(s) && plan_ready(e->plan, i) == READY_GO)
			moved = builds_start(e->builds, i) || moved;
	}
	return moved;
}

/* Starts every build that may run, and does the first other step that is ready. True: something happened. */
static bool advance(struct engine *e)
{
	/* one job: everything in its turn, for modules that need what another left but do not say so */
	bool in_turn = e->setup->jobs == 1;
	bool moved = cancel(e);

	moved = (!in_turn && start_builds(e)) || moved;
	for (size_t i = 0; i < e->plan->n; i++) {
		const struct step *s = &e->plan->steps[i];
		enum step_ready ready;

		if (s->state != STEP_WAITING)
			continue;
		ready = plan_ready(e->plan, i);
		if (ready == READY_NOT_YET)
			continue;
		if (ready == READY_GO && is_build(s)) {
			moved = (in_turn && builds_start(e->builds, i)) || moved;
			continue;
		}
		carry_out(e, i);
		return true;
	}
	return moved;
}

/* What the planner found to be impossible is no news to the plan, but to who watches. */
static void tell_unmet(const struct engine *e)
{
	const struct observer *o = e->setup->observer;
	const struct fail none = { 0 };

	for (size_t i = 0; i < e->plan->n; i++)
		if (e->plan->steps[i].state == STEP_UNMET)
			o->end(o->ctx, &e->plan->steps[i], &none, NULL, NULL);
}

/* Nothing runs and nothing can begin: what still waits was not done, and must not pass for it. */
static void refuse_the_rest(struct engine *e)
{
	for (size_t i = 0; i < e->plan->n; i++) {
		struct step *s = &e->plan->steps[i];

		if (s->state != STEP_WAITING)
			continue;
		s->state = STEP_FAILED;
		s->code = -EDEADLK;
	}
}

int engine_run(const struct engine_setup *setup, struct plan *plan, struct fail *f)
{
	struct engine e = { .setup = setup, .plan = plan };

	turn_open(&e.scripts);
	e.builds = builds_new(&e);
	tell_unmet(&e);
	for (;;) {
		/* what runs is told of first, then what can be done is done, and only then is there time to wait */
		if (builds_collect(e.builds, 0) || advance(&e))
			continue;
		if (!builds_running(e.builds))
			break;
		builds_collect(e.builds, 100);
	}
	refuse_the_rest(&e);
	builds_free(e.builds);
	manifests_write(&e);
	engine_prepare_done(&e);
	engine_done(&e);
	return run_pending_signal() ? fail_set(f, -ECANCELED, "interrupted") : 0;
}
