/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/kernel_tree.h"
#include "core/outcome.h"
#include "engine/internal.h"
#include "sys/journal.h"
#include "sys/kernel_prepare.h"
#include "sys/toolchain.h"

enum { MAKEFILE_MAX = 1 << 20 };

/* One that was tried; a failure is told to each module that needs it. */
struct preparation {
	const struct kernel *kernel; /* the engine's */
	char *dir, *log, *journal;
	struct fail why;
	struct errlog errors;
};

void engine_prepare_config(struct kernel *k)
{
	CLEAN(free) char *config = NULL;

	if (k->config_path || !kernel_tree_is_bare(k->source_dir))
		return;
	config = kernel_tree_find_config(k->source_dir, k->release, k->arch, k->install_dir);
	if (config)
		kernel_set_config(k, config);
}

static struct preparation *find(const struct engine *e, const struct kernel *k)
{
	for (size_t i = 0; i < e->n_preparations; i++)
		if (e->preparations[i].kernel == k)
			return &e->preparations[i];
	return NULL;
}

static struct preparation *begin(struct engine *e, const struct kernel *k)
{
	struct preparation *p;

	e->preparations = xreallocarray(e->preparations, e->n_preparations + 1, sizeof(*p));
	p = &e->preparations[e->n_preparations];
	*p = (struct preparation){ .kernel = k };
	p->journal = xasprintf("prepare%zu", e->n_preparations++);
	p->dir = xasprintf("%s/.dkms/kernel-%s-%s", e->setup->dkms_tree, k->release, k->arch);
	p->log = xasprintf("%s/.prepare/%s-%s.log", e->setup->dkms_tree, k->release, k->arch);
	return p;
}

/* what can be promised -------------------------------------------------------------------------- */

static char *tree_version(const char *dir)
{
	CLEAN(free) char *path = path_join(dir, "Makefile");
	CLEAN(buf) struct buf text = { 0 };

	if (file_read(AT_FDCWD, path, MAKEFILE_MAX, &text) < 0)
		return NULL;
	return kernel_tree_version(buf_str(&text), text.len);
}

static void warn_of_version(struct engine *e, const struct step *s, const struct kernel *k)
{
	CLEAN(free) char *version = tree_version(k->bare_dir), *text = NULL;

	if (version && kernel_release_fits(k->release, version))
		text = xasprintf("modules will say that they are for kernel %s because dkms says so: '%s' is the "
				 "source of Linux %s, and nothing shows that the kernel was made of it",
				 k->release, k->bare_dir, version);
	else
		text = xasprintf("'%s' is the source of Linux %s, not that of kernel %s: modules will say that they "
				 "are for that kernel all the same, and may crash it",
				 k->bare_dir, version ? version : "(unknown)", k->release);
	engine_warn(e, s, text, "only the headers that came with the kernel are sure to fit");
}

/* After kernel_set_prepared. */
static void warn_of_symbols(struct engine *e, const struct step *s, struct kernel *k)
{
	CLEAN(free) char *symvers = path_join(k->source_dir, "Module.symvers"), *text = NULL;
	bool versions = kconfig_is_on(kernel_config(k), "CONFIG_MODVERSIONS");

	if (path_is_file(symvers))
		return;
	text = xasprintf("the kernel tree has no Module.symvers: whether kernel %s has the symbols that modules need "
			 "is not checked%s",
			 k->release,
			 versions ? ", and modules carry no versions of them: with CONFIG_MODVERSIONS the kernel "
				    "will refuse to load them"
				  : "");
	engine_warn(e, s, text, "a Module.symvers of that kernel, put into the kernel tree, is used");
}

/* ----------------------------------------------------------------------------------------------- */

static void on_warn(void *ctx, const char *text, const char *hint)
{
	const struct engine *e = *(struct engine **)ctx;

	e->setup->observer->warn(e->setup->observer->ctx, &(struct step){ 0 }, text, hint);
}

static void on_tick(void *ctx)
{
	const struct engine *e = *(struct engine **)ctx;

	e->setup->observer->tick(e->setup->observer->ctx);
}

/* Should dkms die, the next one removes it. */
static int intend(const struct engine *e, const struct preparation *p, struct fail *f)
{
	CLEAN(commit) struct commit undo = { 0 };

	commit_remove_tree(&undo, p->dir);
	return journal_intend(e->setup->dkms_tree, p->journal, &undo, f);
}

static int carry_out(struct engine *e, const struct step *s, struct kernel *k, const struct toolchain *t,
		     struct preparation *p, struct fail *f)
{
	struct kernel_prepare job = {
		.release = k->release,
		.arch = k->arch,
		.tree = k->source_dir,
		.config = k->config_path,
		.dir = p->dir,
		.log = p->log,
		.dkms_tree = e->setup->dkms_tree,
		.source_tree = e->setup->source_tree,
		.install_tree = e->setup->install_tree,
		.cc = t->missing ? NULL : t->cc,
		.clang = kernel_is_clang(k),
		.toolchain = t,
		.jobs = e->setup->jobs,
		.environment = e->setup->environment,
		.framework = engine_framework(e, k->release),
		.warn = on_warn,
		.tick = on_tick,
		.ctx = &e,
	};
	CLEAN(free) char *dir = kernel_prepared_dir(p->dir);
	int r = intend(e, p, f);

	if (r < 0)
		return r;
	engine_note(e, s,
		    "the kernel tree '%s' was never built; it is prepared for kernel %s (%s) with the configuration "
		    "'%s', in a private copy; log: %s",
		    k->source_dir, k->release, k->arch, k->config_path, p->log);
	engine_phase(e, s, "preparing the kernel tree");
	r = kernel_prepare(&job, &p->errors, f);
	if (r < 0)
		return fail_wrap(f, "cannot prepare the kernel tree '%s' for kernel %s (%s)", k->source_dir, k->release,
				 k->arch);
	kernel_set_prepared(k, dir);
	warn_of_version(e, s, k);
	warn_of_symbols(e, s, k);
	return 0;
}

static int no_config(const struct kernel *k, struct fail *f)
{
	fail_set(f, -E_NO_HEADERS,
		 "the kernel tree '%s' was never built, and there is no configuration to prepare it with for kernel %s "
		 "(%s): no .config in it, no /boot/config-%s, no %s/config, no name of Red Hat's in its configs/",
		 k->source_dir, k->release, k->arch, k->release, k->install_dir);
	fail_hint(f, "name one with --config, or the kernel's headers with --kernelsourcedir");
	return f->code;
}

static void tell_again(const struct preparation *p, const char **ret_log, struct errlog *ret_errors, struct fail *f)
{
	fail_set(f, p->why.code, "%s", p->why.text ? p->why.text : "it failed before");
	if (p->why.hint)
		fail_hint(f, "%s", p->why.hint);
	if (p->why.code != -E_MAKE_FAILED)
		return;
	*ret_log = p->log;
	ret_errors->advice = xstrdup(p->errors.advice);
	strv_add_all(&ret_errors->lines, &p->errors.lines);
}

int engine_prepare(struct engine *e, const struct step *s, struct kernel *k, const struct toolchain *t,
		   const char **ret_log, struct errlog *ret_errors, struct fail *f)
{
	struct preparation *p = find(e, k);

	if (!k->config_path)
		return no_config(k, f);
	if (!p) {
		p = begin(e, k);
		p->why.code = carry_out(e, s, k, t, p, &p->why);
		if (p->why.code < 0)
			journal_abandon(e->setup->dkms_tree, p->journal);
	}
	if (p->why.code < 0)
		tell_again(p, ret_log, ret_errors, f);
	return p->why.code;
}

void engine_prepare_done(struct engine *e)
{
	for (size_t i = 0; i < e->n_preparations; i++) {
		struct preparation *p = &e->preparations[i];

		journal_abandon(e->setup->dkms_tree, p->journal);
		free(p->dir);
		free(p->log);
		free(p->journal);
		fail_done(&p->why);
		errlog_done(&p->errors);
	}
	free(e->preparations);
}
