/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "engine/builds.h"
#include "sys/host_tools.h"
#include "sys/inputs.h"
#include "sys/kernel_prepare.h"

void build_facts_done(struct build_facts *b)
{
	conf_done(&b->conf);
	conf_trace_done(&b->trace);
	conf_exclusion_done(&b->exclusion);
	signer_done(&b->signer);
	toolchain_done(&b->toolchain);
	strv_done(&b->dep_records);
	errlog_done(&b->errors);
}

/* 0: go on, 1: already built, negative: refused. */
static int check_state(struct engine *e, const struct step *s, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	const struct snap_version *v;
	const struct snap_build *b;
	int r = engine_look(e, s->module, &snap, f);

	if (r < 0)
		return r;
	v = snapshot_version(&snap, s->module, s->version);
	if (!v || v->state == VERSION_STRAY)
		return fail_set(f, -E_NOT_ADDED, "%s/%s is not in the dkms tree", s->module, s->version);
	if (v->state == VERSION_BROKEN)
		return fail_set(f, -E_BROKEN, "%s/%s is broken: its source is missing", s->module,
				s->version);
	b = snapshot_build(&snap, s->module, s->version, s->kernel, s->arch);
	return b && b->built && !(s->flags & (STEP_FORCED | STEP_AGAIN)) ? 1 : 0;
}

static int check_exclusion(const struct step *s, struct build_facts *b, const struct kconfig *kc,
			   struct fail *f)
{
	const struct conf_target t = { s->module, s->version, s->kernel, s->arch };

	conf_exclusion_done(&b->exclusion);
	b->exclusion = (struct conf_exclusion){ 0 };
	conf_judge_exclusive(&b->conf, &t, kc, &b->exclusion);
	if (!b->exclusion.all)
		return 0;
	return fail_set(f, -E_EXCLUDED, "%s/%s is not for kernel %s (%s): %s", s->module, s->version,
			s->kernel, s->arch, b->exclusion.why ? b->exclusion.why : "BUILD_EXCLUSIVE");
}

static int check_source(struct engine *e, const struct step *s, struct fail *f)
{
	CLEAN(free) char *source = engine_source_dir(e, s);
	struct layout l = engine_layout(e, s);

	return build_check_source(&l, source, f);
}

static int check_headers(const struct engine *e, const struct step *s, const struct kernel *k,
			 struct fail *f)
{
	CLEAN(free) char *package = NULL, *command = NULL;

	if (kernel_has_headers(k))
		return 0;
	fail_set(f, -E_NO_HEADERS, "the headers of kernel %s (%s) are not there: no '%s/include'",
		 s->kernel, s->arch, k->source_dir);
	package = distro_headers_package(e->setup->distro, s->kernel);
	command = package ? distro_install_command(e->setup->distro, package) : NULL;
	if (command)
		fail_hint(f, "install them with: %s (or name their directory with --kernelsourcedir)",
			  command);
	else
		fail_hint(f, "install them, or name their directory with --kernelsourcedir");
	return f->code;
}

/* On Debian the programs are a package of their own, whose architecture is the machine's, whatever the headers are
 * for. */
static void hint_host_tools(const struct engine *e, const char *tool, struct fail *f)
{
	CLEAN(free) char *real = realpath(tool, NULL), *package = NULL, *command = NULL;
	const char *kbuild = real ? strstr(real, "/linux-kbuild-") : NULL;

	if (kbuild)
		package = xstrndup(kbuild + 1, strcspn(kbuild + 1, "/"));
	command = package ? distro_install_command(e->setup->distro, package) : NULL;
	if (command)
		fail_hint(f, "%s of this machine's own architecture serves the kernels of all: %s", package, command);
	else
		fail_hint(f, "take headers whose scripts are for this machine, or the kernel's source, as "
			     "--kernelsourcedir with --config");
}

static int check_host_tools(const struct engine *e, const struct step *s, const struct kernel *k, struct fail *f)
{
	CLEAN(free) char *tool = host_tools_foreign(k, e->setup->environment);

	if (!tool)
		return 0;
	fail_set(f, -E_NO_HEADERS,
		 "the headers of kernel %s (%s) cannot be used on this machine: '%s', which builds modules, "
		 "is a program for another one",
		 s->kernel, s->arch, tool);
	hint_host_tools(e, tool, f);
	return f->code;
}

static bool is_installed_for(const struct snapshot *snap, const char *module, const struct step *s)
{
	return snapshot_installed(snap, module, s->kernel, s->arch) != NULL;
}

/* BUILD_DEPENDS: each must be installed for this kernel; the versions seen are recorded. */
static int check_depends(struct engine *e, const struct step *s, struct build_facts *b, struct fail *f)
{
	CLEAN(strv) struct strv missing = { 0 };
	CLEAN(free) char *names = NULL, *text = NULL;

	for (size_t i = 0; i < b->conf.build_depends.n; i++) {
		const char *name = b->conf.build_depends.items[i];
		CLEAN(snapshot) struct snapshot snap = { 0 };
		const struct snap_module *m;
		const struct snap_version *newest;
		int r = engine_look(e, name, &snap, f);

		if (r < 0)
			return r;
		if (!is_installed_for(&snap, name, s))
			strv_add(&missing, name);
		m = snapshot_module(&snap, name);
		newest = m ? snapshot_newest(m) : NULL;
		if (newest && !(s->flags & STEP_FORCED))
			strv_add_fmt(&b->dep_records, "%s=%s", name, newest->version);
	}
	if (missing.n == 0)
		return 0;
	names = strv_join(&missing, " ");
	text = xasprintf("%s/%s needs modules that are not installed for kernel %s (%s): %s", s->module,
			 s->version, s->kernel, s->arch, names);
	if (s->flags & STEP_FORCED) {
		engine_warn(e, s, text, NULL);
		return 0;
	}
	fail_set(f, -E_DEPENDS_MISSING, "%s", text);
	fail_hint(f, "install them first: dkms install %s -k %s", missing.items[0], s->kernel);
	return f->code;
}

static int prepare_signer(struct engine *e, const struct step *s, struct build_facts *b)
{
	CLEAN(fail) struct fail why = { 0 };
	const struct sign_request rq = {
		.framework = b->framework,
		.distro = e->setup->distro,
		.kconfig = kernel_config(b->kernel),
		.kernel = s->kernel,
		.kernel_source_dir = b->kernel->source_dir,
		.install_tree = e->setup->install_tree,
		.environment = e->setup->environment,
	};

	/* modules that are not signed are a loud warning, not a failed build */
	signer_prepare(&rq, &b->signer, &why);
	if (why.text) {
		CLEAN(free) char *text = xasprintf("modules will not be signed: %s", why.text);

		engine_warn(e, s, text, why.hint);
	}
	if (b->signer.made_key)
		engine_note(e, s, "a signing key was made: '%s'; where Secure Boot is on, enrol its "
				  "certificate with: mokutil --import %s", b->signer.key,
			    b->signer.certificate);
	return 0;
}

static int choose_toolchain(struct engine *e, const struct step *s, struct build_facts *b, struct fail *f)
{
	CLEAN(free) char *text = NULL, *package = NULL, *command = NULL;
	int r = toolchain_choose(b->kernel, e->setup->environment, &b->toolchain, f);

	if (r == 0)
		str_set(&b->toolchain.identity, engine_tool(e, b->toolchain.cc ? b->toolchain.cc : "gcc"));
	if (r < 0 || !b->toolchain.missing)
		return r;
	if (b->toolchain.cross) {
		text = xasprintf("modules for kernel %s (%s) need a cross compiler, %s, which is not installed",
				 s->kernel, s->arch, b->toolchain.missing);
		package = distro_cross_package(e->setup->distro, b->toolchain.missing);
	} else {
		text = xasprintf("kernel %s was built with %s, which is not installed", s->kernel,
				 b->toolchain.missing);
		package = distro_compiler_package(e->setup->distro, b->toolchain.missing);
	}
	command = package ? distro_install_command(e->setup->distro, package) : NULL;
	engine_warn(e, s, text, command);
	return 0;
}

/* What was read for the user's tree is read again for what was made of it. */
static int prepare_kernel(struct engine *e, const struct step *s, struct build_facts *b, struct fail *f)
{
	int r;

	if (!kernel_tree_is_bare(b->kernel->source_dir))
		return 0;
	r = choose_toolchain(e, s, b, f);
	if (r == 0)
		r = engine_prepare(e, s, b->kernel, &b->toolchain, &b->log, &b->errors, f);
	toolchain_done(&b->toolchain);
	if (r < 0)
		return r;
	conf_done(&b->conf);
	conf_trace_done(&b->trace);
	r = engine_traced_conf(e, s, &b->trace, &b->conf, f);
	return r == 0 ? check_exclusion(s, b, kernel_config(b->kernel), f) : r;
}

/* Everything that can speak against a build, in the order in which it is told, before anything is written but for a
 * kernel tree that has to be prepared. */
static int gather(struct engine *e, const struct step *s, struct build_facts *b, struct fail *f)
{
	int r = engine_traced_conf(e, s, &b->trace, &b->conf, f);

	if (r < 0)
		return r;
	b->kernel = engine_kernel(e, s->kernel, s->arch);
	b->framework = engine_framework(e, s->kernel);
	r = check_exclusion(s, b, NULL, f);
	if (r == 0)
		r = check_source(e, s, f);
	if (r == 0)
		r = check_headers(e, s, b->kernel, f);
	if (r == 0)
		r = check_host_tools(e, s, b->kernel, f);
	if (r == 0)
		engine_prepare_config(b->kernel);
	if (r == 0 && kernel_has_config(b->kernel))
		r = check_exclusion(s, b, kernel_config(b->kernel), f);
	if (r == 0)
		r = check_depends(e, s, b, f);
	if (r == 0)
		r = prepare_kernel(e, s, b, f);
	if (r == 0)
		r = prepare_signer(e, s, b);
	if (r == 0)
		r = choose_toolchain(e, s, b, f);
	/* before it is many processes */
	if (r == 0) {
		inputs_of_kernel(b->kernel);
		kernel_suffix(b->kernel);
	}
	return r;
}

int build_gather(struct engine *e, struct step *s, struct build_facts *b, struct fail *f)
{
	int r = check_state(e, s, f);

	if (r != 0)
		return r;
	r = gather(e, s, b, f);
	if (r == 0 && !(s->flags & STEP_ON_BEHALF))
		engine_conf_warnings(e, s, &b->conf);
	return r;
}

static bool is_installed_next(const struct engine *e, const struct step *s)
{
	const struct plan *p = e->plan;

	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].kind == STEP_INSTALL && p->steps[i].state == STEP_WAITING &&
		    !(p->steps[i].flags & STEP_DEFER) && str_eq(p->steps[i].module, s->module) &&
		    str_eq(p->steps[i].version, s->version) && str_eq(p->steps[i].kernel, s->kernel) &&
		    str_eq(p->steps[i].arch, s->arch))
			return true;
	return false;
}

struct build_job build_job_for(const struct engine *e, const struct step *s,
			       const struct build_facts *b)
{
	return (struct build_job){
		.conf = &b->conf,
		.trace = &b->trace,
		.conf_file = e->setup->conf_file,
		.exclusion = &b->exclusion,
		.dkms_tree = e->setup->dkms_tree,
		.source_tree = e->setup->source_tree,
		.install_tree = e->setup->install_tree,
		.etc_dir = e->setup->etc_dir,
		.kernel = b->kernel,
		.framework = b->framework,
		.distro = e->setup->distro,
		.signer = &b->signer,
		.toolchain = &b->toolchain,
		.environment = e->setup->environment,
		.directives = e->setup->directives,
		.dep_records = &b->dep_records,
		.jobs = e->setup->jobs,
		.is_installed_next = is_installed_next(e, s),
		.force = s->flags & STEP_FORCED,
		.scripts = &e->scripts,
	};
}
