/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/app.h"
#include "cmd/enrolment.h"
#include "cmd/targets.h"
#include "core/build_record.h"
#include "core/layout.h"
#include "core/why.h"
#include "sys/digest.h"
#include "sys/inputs.h"
#include "sys/manifest_file.h"
#include "sys/module_file.h"
#include "sys/toolchain.h"
#include "sys/tree_links.h"

/* why: what went into a build, and what a build would be made of now. Only reads. */

enum { DIGEST_SHOWN = 16, FAILURE_MAX = 64 << 10 };

struct answer {
	const struct app *app;
	const struct snapshot *snap;
	struct layout l;
	const struct snap_build *build; /* NULL: not built */
	char *built;			/* its directory */
	char *record;			/* "": none */
	struct conf conf;
	struct conf_trace trace;
	struct conf_exclusion exclusion;
	bool has_conf;
	bool links_leave; /* the source: its digest has not what is behind them */
	struct why why;
	enum why_verdict verdict;
	struct secure_boot *secure_boot;
	struct certificate certificate; /* that modules for this kernel are signed with; if Secure Boot is on */
};

static void clean_answer(struct answer *a)
{
	free(a->built);
	free(a->record);
	conf_done(&a->conf);
	conf_trace_done(&a->trace);
	conf_exclusion_done(&a->exclusion);
	why_done(&a->why);
	certificate_done(&a->certificate);
}

/* finding out */

static int read_conf(struct answer *a, struct kernel *k, struct fail *f)
{
	const struct conf_target t = { a->l.module, a->l.version, a->l.kernel, a->l.arch };
	struct conf_request rq = app_conf_request(a->app, a->l.module, a->l.version, k);
	CLEAN(free) char *source = layout_source(&a->l);
	int r;

	rq.source_dir = source;
	rq.trace = &a->trace;
	r = conf_load(&rq, &a->conf, f);
	if (r == 0)
		r = app_refuse_bad_conf(&a->conf, source, f);
	if (r < 0)
		return r;
	conf_judge_exclusive(&a->conf, &t, kernel_has_config(k) ? kernel_config(k) : NULL, &a->exclusion);
	return 0;
}

/* The record of a build that were made now, as sys/build_manifest would begin it. */
static void record_now(const struct answer *a, struct kernel *k, struct buf *now)
{
	CLEAN(free) char *source = layout_source(&a->l), *build_dir = layout_build_dir(&a->l);
	CLEAN(free) char *conf_file = build_record_get(a->record, "conf_file", 0), *identity = NULL;
	CLEAN(toolchain) struct toolchain tools = { 0 };
	const char *conf = a->app->rq.conf_file ? a->app->rq.conf_file : conf_file;

	inputs_of_module(&(struct inputs){ source, conf, a->app->etc_dir, a->l.module, &a->trace.overrides }, now);
	buf_add_str(now, inputs_of_kernel(k));
	/* without its configuration nobody knows the kernel's compiler */
	if (kernel_has_config(k) && toolchain_choose(k, &a->app->environment, &tools, NULL) == 0)
		identity = toolchain_identity(&tools, &a->app->environment);
	build_record_add(now, "toolchain", identity);
	if (a->has_conf)
		inputs_of_command(&a->conf, k, build_dir, now);
}

/* The versions of what it depends on: at its build, and now. */
static void add_depends(struct answer *a)
{
	for (size_t i = 0; i < a->conf.build_depends.n; i++) {
		const char *name = a->conf.build_depends.items[i];
		const struct snap_module *m = snapshot_module(a->snap, name);
		const struct snap_version *newest = m ? snapshot_newest(m) : NULL;
		CLEAN(free) char *file = xasprintf(".dep_%s", name), *path = path_join(a->built, file), *line = NULL;

		if (a->build)
			file_read_line(path, &line);
		why_add(&a->why, "depends", name, line, newest ? newest->version : NULL);
	}
}

static void find_out(struct answer *a)
{
	CLEAN(free) char *source = layout_source(&a->l), *build_dir = layout_build_dir(&a->l);
	CLEAN(kernel) struct kernel k = { 0 };
	CLEAN(buf) struct buf now = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	a->built = layout_built(&a->l);
	a->record = a->build ? manifest_read_record(a->built) : xstrdup("");
	kernel_init(&k, a->l.kernel, a->l.arch, a->app->install_tree, a->app->rq.kernel_source_dir,
		    a->app->rq.config_file);
	a->has_conf = read_conf(a, &k, &f) == 0;
	if (!a->has_conf)
		report_error(&a->app->report, &f);
	record_now(a, &k, &now);
	a->links_leave = !tree_links_stay(source, build_dir);
	/* what was never written down is not to be called new */
	why_compare(*a->record ? a->record : buf_str(&now), buf_str(&now), &a->why);
	add_depends(a);
	a->verdict = why_judge(&a->why, a->build, a->has_conf && a->exclusion.all, *a->record,
			       a->conf.build_depends_rebuild);
}

/* telling */

static const char *state_word(const struct answer *a)
{
	if (!a->build)
		return "not built";
	return a->build->installed ? "installed" : "built";
}

static char *verdict_text(const struct answer *a)
{
	switch (a->verdict) {
	case WHY_NOT_BUILT:
		return xstrdup("it would be built: it is not built for this kernel");
	case WHY_EXCLUDED:
		return xasprintf("it would not be built: %s",
				 a->exclusion.why ? a->exclusion.why : "BUILD_EXCLUSIVE");
	case WHY_NO_RECORD:
		return xstrdup("it would not be rebuilt; what it was built from is not known: the dkms that built it "
			       "keeps no record");
	case WHY_UP_TO_DATE:
		if (a->links_leave)
			return xstrdup("it would not be rebuilt: nothing that is compared has changed; what links that "
				       "leave the source lead to is not compared");
		return xstrdup("it would not be rebuilt: nothing that went into it has changed");
	case WHY_OUTDATED:
		return xasprintf("a build would be of something else now, and is made only if asked for: dkms build "
				 "%s/%s -k %s --force",
				 a->l.module, a->l.version, a->l.kernel);
	case WHY_REBUILDS:
		return xstrdup("it will be rebuilt when something is installed for this kernel: a dependency has "
			       "changed (BUILD_DEPENDS_REBUILD)");
	}
	return NULL;
}

static void tell(const struct answer *a, const char *label, const char *text)
{
	report_text(&a->app->report, "  %-14s  %s", label, text);
}

/* Digests by their beginning. */
static int shown(const char *key, const char *value)
{
	size_t n = strlen(value);

	return str_eq(key, "toolchain") || str_eq(key, "command") || str_eq(key, "depends") || n < DIGEST_SHOWN
		       ? (int)n
		       : DIGEST_SHOWN;
}

static void tell_input(const struct answer *a, const struct why_input *in)
{
	const char *was = in->was ? in->was : "-", *now = in->now ? in->now : "-";
	CLEAN(buf) struct buf b = { 0 };

	if (in->name)
		buf_add_fmt(&b, "%s ", in->name);
	if (!a->build || !*a->record)
		buf_add_fmt(&b, "%.*s", shown(in->key, now), now);
	else if (in->change == WHY_SAME)
		buf_add_fmt(&b, "%.*s", shown(in->key, was), was);
	else
		buf_add_fmt(&b, "%.*s, now %.*s: %s", shown(in->key, was), was, shown(in->key, now), now,
			    why_change_word(in->change));
	tell(a, in->label, buf_str(&b));
}

/* One line of the record of a failed build, behind "key: "; caller frees. */
static char *failure_line(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, key, n) == 0 && strncmp(p + n, ": ", 2) == 0)
			return xstrndup(p + n + 2, strcspn(p + n + 2, "\n"));
	return NULL;
}

static void tell_failure(const struct answer *a)
{
	CLEAN(free) char *dir = layout_failed(&a->l), *path = path_join(dir, "record");
	CLEAN(free) char *what = NULL, *when = NULL, *status = NULL, *line = NULL;
	CLEAN(buf) struct buf text = { 0 };
	struct json *j = a->app->report.document ? document_writer(a->app->report.document) : NULL;

	if (file_read(AT_FDCWD, path, FAILURE_MAX, &text) == 0) {
		what = failure_line(buf_str(&text), "what");
		when = failure_line(buf_str(&text), "when");
		status = failure_line(buf_str(&text), "exit-status");
		line = xasprintf("%s, with status %s: %s", when ? when : "-", status ? status : "-", what ? what : "-");
		tell(a, "last failure", line);
	}
	if (j)
		json_string(j, "last_failure", line);
}

/* The digest that the record has of a file ("SIZE DIGEST FILE"); caller frees; NULL: none. */
static char *recorded_digest(const char *record, const char *file)
{
	for (size_t i = 0;; i++) {
		CLEAN(free) char *output = build_record_get(record, "output", i);
		const char *digest, *name;

		if (!output)
			return NULL;
		digest = output + strcspn(output, " ");
		digest += strspn(digest, " ");
		name = digest + strcspn(digest, " ");
		if (*name && str_eq(name + 1, file))
			return xstrndup(digest, (size_t)(name - digest));
	}
}

/* Of the key that signed it; NULL: it is not signed, not known, or nobody asks. */
static const char *enrolment_of(const struct answer *a, const struct module_info *mi)
{
	if (!a->secure_boot->is_on || !mi->sig_key)
		return NULL;
	return enrolment_word(secure_boot_knows(a->secure_boot, mi->signer, mi->sig_key, &a->certificate));
}

static void document_module(struct json *j, const char *file, const char *hex, const char *was,
			    const struct module_info *mi, const char *enrolment)
{
	json_object(j, NULL);
	json_string(j, "file", file);
	json_string(j, "sha256", hex);
	json_string(j, "built_sha256", was);
	json_string(j, "signer", mi->signer);
	json_string(j, "sig_key", mi->sig_key);
	json_string(j, "sig_hash", mi->sig_hash);
	json_string(j, "enrolment", enrolment);
	json_end(j);
}

static void tell_module(const struct answer *a, const char *dir, const char *file)
{
	CLEAN(free) char *path = path_join(dir, file), *was = recorded_digest(a->record, file);
	CLEAN(module_info) struct module_info mi = { 0 };
	CLEAN(buf) struct buf b = { 0 };
	const char *enrolment;
	char hex[SHA256_HEX] = "-";
	bool is_module = strstr(file, ".ko") && module_file_info(path, &mi, NULL) == 0;

	enrolment = enrolment_of(a, &mi);
	digest_file(path, hex);
	buf_add_fmt(&b, "%s %.*s", file, DIGEST_SHOWN, hex);
	if (mi.sig_key)
		buf_add_fmt(&b, ", signed by %s (key %s, %s)", mi.signer ? mi.signer : "-", mi.sig_key,
			    mi.sig_hash ? mi.sig_hash : "-");
	else if (is_module)
		buf_add_str(&b, ", not signed");
	if (enrolment)
		buf_add_fmt(&b, ", %s", enrolment);
	if (was && !str_eq(was, hex))
		buf_add_str(&b, ": not as it was built");
	tell(a, is_module ? "module" : "file", buf_str(&b));
	if (a->app->report.document)
		document_module(document_writer(a->app->report.document), file, hex, was, &mi, enrolment);
}

static void tell_modules(const struct answer *a)
{
	CLEAN(free) char *dir = layout_built_files(&a->l);
	struct json *j = a->app->report.document ? document_writer(a->app->report.document) : NULL;
	CLEAN(strv) struct strv names = { 0 };

	if (a->build)
		dir_list(dir, &names);
	if (j)
		json_array(j, "files");
	for (size_t i = 0; i < names.n; i++)
		tell_module(a, dir, names.items[i]);
	if (j)
		json_end(j);
}

static void document_inputs(struct json *j, const struct answer *a)
{
	json_array(j, "inputs");
	for (size_t i = 0; i < a->why.n; i++) {
		const struct why_input *in = &a->why.inputs[i];

		json_object(j, NULL);
		json_string(j, "input", in->key);
		json_string(j, "name", in->name);
		json_string(j, "built_with", *a->record || str_eq(in->key, "depends") ? in->was : NULL);
		json_string(j, "now", in->now);
		json_string(j, "change", why_change_word(*a->record ? in->change : WHY_UNKNOWN));
		json_end(j);
	}
	json_end(j);
}

/* What --directive set at the build. */
static void list_directives(const struct answer *a, struct strv *ret)
{
	for (size_t i = 0;; i++) {
		CLEAN(free) char *directive = build_record_get(a->record, "directive", i);

		if (!directive)
			return;
		strv_add(ret, directive);
	}
}

static void document_begin(struct json *j, const struct answer *a, const char *reason)
{
	CLEAN(strv) struct strv directives = { 0 };
	CLEAN(free) char *store = build_record_get(a->record, "store", 0);
	CLEAN(free) char *by = build_record_get(a->record, "dkms", 0), *when = build_record_get(a->record, "time", 0);
	CLEAN(free) char *launcher = build_record_get(a->record, "launcher", 0);

	json_object(j, NULL);
	json_string(j, "module", a->l.module);
	json_string(j, "version", a->l.version);
	json_string(j, "kernel", a->l.kernel);
	json_string(j, "arch", a->l.arch);
	json_string(j, "state", state_word(a));
	json_string(j, "verdict", why_verdict_word(a->verdict));
	json_string(j, "reason", reason);
	json_string(j, "built_at", when);
	json_string(j, "built_by", by);
	json_bool(j, "from_store", store);
	json_string(j, "launcher", launcher);
	list_directives(a, &directives);
	json_strings(j, "directives", &directives);
	document_inputs(j, a);
}

static void tell_build(const struct answer *a)
{
	CLEAN(free) char *by = build_record_get(a->record, "dkms", 0), *when = build_record_get(a->record, "time", 0);
	CLEAN(free) char *store = build_record_get(a->record, "store", 0), *line = NULL;
	CLEAN(free) char *launcher = build_record_get(a->record, "launcher", 0);
	CLEAN(strv) struct strv directives = { 0 };

	if (!by || !when)
		return;
	line = xasprintf("%s by dkms %s%s%s%s", when, by, store ? ", from the build store" : "",
			 launcher ? ", with " : "", launcher ? launcher : "");
	tell(a, "built", line);
	list_directives(a, &directives);
	for (size_t i = 0; i < directives.n; i++)
		tell(a, "with directive", directives.items[i]);
}

static void tell_secure_boot(const struct answer *a)
{
	CLEAN(free) char *state = NULL;

	if (!a->secure_boot->is_on)
		return;
	state = enrolment_state(a->secure_boot);
	tell(a, "secure boot", state);
}

static void tell_answer(const struct answer *a)
{
	struct json *j = a->app->report.document ? document_writer(a->app->report.document) : NULL;
	CLEAN(free) char *reason = verdict_text(a);

	report_text(&a->app->report, "%s/%s, %s, %s: %s", a->l.module, a->l.version, a->l.kernel, a->l.arch,
		    state_word(a));
	if (j)
		document_begin(j, a, reason);
	tell_build(a);
	for (size_t i = 0; i < a->why.n; i++)
		tell_input(a, &a->why.inputs[i]);
	tell_modules(a);
	tell_secure_boot(a);
	tell_failure(a);
	report_text(&a->app->report, "  %s", reason);
	if (j)
		json_end(j);
}

static void explain(const struct app *app, const struct snapshot *snap, const struct target *t, struct secure_boot *sb)
{
	CLEAN(answer) struct answer a = { .app = app, .snap = snap, .secure_boot = sb };

	a.l = (struct layout){ app->dkms_tree, app->rq.module, app->rq.version, t->kernel, t->arch };
	a.build = snapshot_build(snap, a.l.module, a.l.version, t->kernel, t->arch);
	if (a.build && !a.build->built)
		a.build = NULL;
	if (sb->is_on) {
		CLEAN(free) char *file = enrolment_certificate(app, t->kernel, t->arch);

		certificate_load(file, &a.certificate);
	}
	find_out(&a);
	tell_answer(&a);
}

int verb_why(struct app *app, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(secure_boot) struct secure_boot sb = { 0 };
	int r = app_need_names(app, f);

	if (r == 0)
		r = app_snapshot(app, NULL, &snap, f);
	if (r == 0)
		r = app_refuse_broken(app, &snap, f);
	if (r == 0)
		r = app_refuse_unknown(app, &snap, f);
	if (r == 0)
		r = app_targets(app, &snap, true, f);
	if (r < 0)
		return r;
	secure_boot_read(&sb);
	if (app->report.document) {
		enrolment_document(&sb, document_writer(app->report.document));
		json_array(document_writer(app->report.document), "builds");
	}
	for (size_t i = 0; i < app->n_targets; i++)
		explain(app, &snap, &app->targets[i], &sb);
	if (app->report.document)
		json_end(document_writer(app->report.document));
	return 0;
}
