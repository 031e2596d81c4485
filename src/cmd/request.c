/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/request.h"

#include <errno.h>
#include <limits.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/options.h"
#include "core/outcome.h"

void request_done(struct request *rq)
{
	free(rq->module);
	free(rq->version);
	free(rq->version_option);
	strv_done(&rq->modules);
	strv_done(&rq->kernels);
	strv_done(&rq->arches);
	free(rq->source);
	strv_done(&rq->ignored);
	free(rq->conf_file);
	free(rq->config_file);
	free(rq->kernel_source_dir);
	free(rq->archive);
	free(rq->dkms_tree);
	free(rq->source_tree);
	free(rq->install_tree);
	free(rq->template_kernel);
	free(rq->result);
	strv_done(&rq->directives);
	strv_done(&rq->deprecated);
	*rq = (struct request){ 0 };
}

const char *verb_name(enum verb v)
{
	for (size_t i = 0; i < verb_count; i++)
		if (verb_table[i].verb == v)
			return verb_table[i].name;
	return "dkms";
}

/* "module/version": both; "module": the version stays what it was. A word with more than one '/' keeps the rest
 * in the version, where it is refused as a name later. */
static void set_module(struct request *rq, const char *word)
{
	const char *slash = strchr(word, '/');

	free(rq->module);
	if (!slash) {
		rq->module = xstrdup(word);
		return;
	}
	rq->module = xstrndup(word, (size_t)(slash - word));
	if (slash[1]) {
		str_set(&rq->version, slash + 1);
		rq->has_full_name = true;
	}
}

static void add_kernel(struct request *rq, const char *word)
{
	const char *slash = strchr(word, '/');

	if (!slash) {
		strv_add(&rq->kernels, word);
		return;
	}
	strv_take(&rq->kernels, xstrndup(word, (size_t)(slash - word)));
	strv_add(&rq->arches, slash + 1);
}

/* The same kernel (with the same arch, where each has its own) given twice counts once. */
static void drop_doubles(struct request *rq)
{
	bool pairs = rq->arches.n > 1 && rq->arches.n == rq->kernels.n;
	CLEAN(strv) struct strv kernels = rq->kernels, arches = rq->arches;

	rq->kernels = rq->arches = (struct strv){ 0 };
	for (size_t i = 0; i < kernels.n; i++) {
		bool known = false;

		for (size_t k = 0; k < rq->kernels.n && !known; k++)
			known = str_eq(rq->kernels.items[k], kernels.items[i]) &&
				(!pairs || str_eq(rq->arches.items[k], arches.items[i]));
		if (known)
			continue;
		strv_add(&rq->kernels, kernels.items[i]);
		if (pairs)
			strv_add(&rq->arches, arches.items[i]);
	}
	if (!pairs)
		strv_add_all(&rq->arches, &arches);
}

static int set_jobs(struct request *rq, const char *value, struct fail *f)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(value, &end, 10);
	if (errno || end == value || *end || n < 0 || n > INT_MAX)
		return fail_set(f, -E_USAGE, "option '-j' needs a number, not '%s'", value);
	rq->jobs = (int)n;
	return 0;
}

static int set_directive(struct request *rq, const char *value, struct fail *f)
{
	if (!strchr(value, '='))
		return fail_set(f, -E_USAGE, "option '--directive' needs NAME=VALUE, not '%s'", value);
	strv_add(&rq->directives, value);
	return 0;
}

static int apply_value(struct request *rq, enum option_id id, const char *value, struct fail *f)
{
	switch (id) {
	case OPT_MODULE:
		set_module(rq, value);
		return 0;
	case OPT_VERSION_OF_MODULE:
		str_set(&rq->version_option, value);
		if (!rq->has_full_name)
			str_set(&rq->version, value);
		return 0;
	case OPT_KERNEL:
		add_kernel(rq, value);
		return 0;
	case OPT_ARCH:
		strv_add(&rq->arches, value);
		return 0;
	case OPT_JOBS:
		return set_jobs(rq, value, f);
	case OPT_DIRECTIVE:
		return set_directive(rq, value, f);
	case OPT_CONF:
		str_set(&rq->conf_file, value);
		return 0;
	case OPT_TEMPLATE_KERNEL:
		str_set(&rq->template_kernel, value);
		return 0;
	case OPT_RESULT:
		str_set(&rq->result, value);
		return 0;
	case OPT_CONFIG:
		str_set(&rq->config_file, value);
		return 0;
	case OPT_KERNEL_SOURCE_DIR:
		str_set(&rq->kernel_source_dir, value);
		return 0;
	case OPT_ARCHIVE:
		str_set(&rq->archive, value);
		return 0;
	case OPT_DKMS_TREE:
		str_set(&rq->dkms_tree, value);
		return 0;
	case OPT_SOURCE_TREE:
		str_set(&rq->source_tree, value);
		return 0;
	case OPT_INSTALL_TREE:
		str_set(&rq->install_tree, value);
		return 0;
	default:
		return 0;
	}
}

static void apply_flag(struct request *rq, const struct option_row *o)
{
	bool *const flags[] = {
		[OPT_ALL] = &rq->all,
		[OPT_ALL_KERNELS] = &rq->all_kernels,
		[OPT_FORCE] = &rq->force,
		[OPT_FORCE_VERSION_OVERRIDE] = &rq->force_version_override,
		[OPT_BINARIES_ONLY] = &rq->binaries_only,
		[OPT_SOURCE_ONLY] = &rq->source_only,
		[OPT_RPM_SAFE_UPGRADE] = &rq->rpm_safe_upgrade,
		[OPT_SYMLINK_MODULES] = &rq->symlink_modules,
		[OPT_NO_DEPMOD] = &rq->no_depmod,
		[OPT_MODPROBE_ON_INSTALL] = &rq->modprobe_on_install,
		[OPT_QUIET] = &rq->quiet,
		[OPT_VERBOSE] = &rq->verbose,
		[OPT_DEBUG] = &rq->debug,
		[OPT_DRY_RUN] = &rq->dry_run,
		[OPT_JSON] = &rq->json,
		[OPT_MAKE] = &rq->make,
		[OPT_NINJA] = &rq->ninja,
		[OPT_HOOK] = &rq->hook,
	};

	if (o->id == OPT_DEPRECATED)
		strv_add(&rq->deprecated, o->long_name);
	else if (o->id == OPT_SETTINGS)
		rq->verb = VERB_SETTINGS;
	else if (o->id < COUNT_OF(flags) && flags[o->id])
		*flags[o->id] = true;
}

/* The row for a word, and where its value begins if the word is --opt=value. */
static const struct option_row *find_option(const char *word, const char **ret_value)
{
	size_t n = strcspn(word, "=");

	*ret_value = NULL;
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_table[i];

		if (o->short_name && str_eq(word, o->short_name))
			return o;
		for (int k = 0; k < 2; k++) {
			const char *name = k ? o->alias : o->long_name;

			if (!name)
				continue;
			if (str_eq(word, name))
				return o;
			if (o->value && strlen(name) == n && word[n] == '=' && strncmp(word, name, n) == 0) {
				*ret_value = word + n + 1;
				return o;
			}
		}
	}
	return NULL;
}

static enum verb find_verb(const char *word)
{
	for (size_t i = 0; i < verb_count; i++)
		if (str_eq(word, verb_table[i].name))
			return verb_table[i].verb;
	return VERB_NONE;
}

/* A directory that holds a dkms.conf, or the path of a dkms.conf. NULL: neither; caller frees. */
static char *as_source_tree(const char *word)
{
	CLEAN(free) char *conf = NULL;

	if (str_has_suffix(word, "dkms.conf") && path_is_file(word))
		return path_dir(word);
	if (!path_is_dir(word))
		return NULL;
	conf = path_join(word, "dkms.conf");
	return path_exists(conf) ? xstrdup(word) : NULL;
}

static bool looks_like_path(const char *word)
{
	return str_has_prefix(word, "/") || str_has_prefix(word, "./") || str_has_prefix(word, "../");
}

static int take_operand(struct request *rq, const char *word, struct fail *f)
{
	enum verb verb = find_verb(word);
	CLEAN(free) char *tree = NULL;

	if (verb != VERB_NONE) {
		if (rq->verb != VERB_NONE)
			return fail_set(f, -E_TWO_ACTIONS, "two actions: '%s' and '%s'",
					verb_name(rq->verb), word);
		rq->verb = verb;
		return 0;
	}
	tree = as_source_tree(word);
	if (tree || (path_exists(word) && !path_is_dir(word))) {
		rq->source_kind = tree ? SOURCE_TREE : SOURCE_ARCHIVE;
		str_set(&rq->source, tree ? tree : word);
		return 0;
	}
	if (looks_like_path(word)) {
		fail_set(f, rq->verb == VERB_LDTARBALL ? -E_NO_ARCHIVE : -E_WRONG_PATH,
			 "'%s' is neither a file nor a directory with a dkms.conf", word);
		fail_hint(f, "a source directory needs a dkms.conf in it; check the path");
		return f->code;
	}
	if (!rq->module)
		set_module(rq, word);
	else if (rq->verb == VERB_PLAN)
		strv_add(&rq->modules, word);
	else
		strv_add(&rq->ignored, word);
	return 0;
}

/* Operands are judged after all words were read: what a path may be depends on the action. */
static int take_operands(struct request *rq, const struct strv *words, struct fail *f)
{
	/* actions first, in their order: a second one is told before a wrong path is */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < words->n; i++) {
			bool is_verb = find_verb(words->items[i]) != VERB_NONE;
			int r;

			if (is_verb != (pass == 0))
				continue;
			r = take_operand(rq, words->items[i], f);
			if (r < 0)
				return r;
		}
	return 0;
}

/* A kernel or arch that is missing behind its option is an empty one: request_check tells. Other values have to be
 * there. */
static int missing_value(struct request *rq, const struct option_row *o, const char *word, struct fail *f)
{
	if (o->id == OPT_KERNEL || o->id == OPT_ARCH)
		return apply_value(rq, o->id, "", f);
	return fail_set(f, -E_USAGE, "option '%s' needs a value", word);
}

static int parse_words(int argc, char *const *argv, struct request *rq, struct fail *f)
{
	CLEAN(strv) struct strv operands = { 0 };
	int r = 0;

	for (int i = 1; i < argc && r == 0; i++) {
		const char *word = argv[i], *value;
		const struct option_row *o;

		if (word[0] != '-' || word[1] == '\0') {
			strv_add(&operands, word);
			continue;
		}
		o = find_option(word, &value);
		if (!o) {
			fail_set(f, -E_USAGE, "unknown option '%s'", word);
			fail_hint(f, "dkms --help lists the options");
			return f->code;
		}
		if (o->id == OPT_VERSION || o->id == OPT_HELP) {
			rq->verb = o->id == OPT_HELP ? VERB_HELP : VERB_VERSION;
			return 0;
		}
		if (!o->value)
			apply_flag(rq, o);
		else if (value)
			r = apply_value(rq, o->id, value, f);
		else if (i + 1 < argc)
			r = apply_value(rq, o->id, argv[++i], f);
		else
			r = missing_value(rq, o, word, f);
	}
	return r < 0 ? r : take_operands(rq, &operands, f);
}

int request_parse(int argc, char *const *argv, struct request *rq, struct fail *f)
{
	int r;

	*rq = (struct request){ .jobs = -1 };
	r = parse_words(argc, argv, rq, f);
	drop_doubles(rq);
	/* how an error is told does not depend on what stands behind it */
	for (int i = 1; r < 0 && i < argc; i++) {
		rq->quiet = rq->quiet || str_eq(argv[i], "-q") || str_eq(argv[i], "--quiet");
		rq->json = rq->json || str_eq(argv[i], "--json");
	}
	return r;
}

static bool wants_one_kernel(enum verb v)
{
	return v == VERB_AUTOINSTALL || v == VERB_MATCH || v == VERB_KERNEL_PREINST ||
	       v == VERB_KERNEL_POSTINST || v == VERB_KERNEL_PRERM;
}

static int check_kernel_hook(const struct request *rq, struct fail *f)
{
	bool hook = rq->verb == VERB_KERNEL_PREINST || rq->verb == VERB_KERNEL_POSTINST ||
		    rq->verb == VERB_KERNEL_PRERM;

	if (!hook)
		return 0;
	if (rq->all)
		return fail_set(f, -E_ALL_UNSUPPORTED, "'%s' does not take --all", verb_name(rq->verb));
	if (rq->kernels.n != 1)
		return fail_set(f, -E_ONE_KERNEL, "'%s' needs exactly one kernel, given with -k",
				verb_name(rq->verb));
	return 0;
}

static int check_empty(const struct strv *v, const char *what, struct fail *f)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_is_empty(v->items[i]))
			return fail_set(f, -E_EMPTY_KERNEL, "an empty %s was given", what);
	return 0;
}

/* --all-kernels is for autoinstall and plan, and leaves nothing to choose. */
static int check_all_kernels(const struct request *rq, struct fail *f)
{
	if (!rq->all_kernels)
		return 0;
	if (rq->verb != VERB_AUTOINSTALL && rq->verb != VERB_PLAN)
		return fail_set(f, -E_ALL_UNSUPPORTED, "'%s' does not take --all-kernels", verb_name(rq->verb));
	if (rq->kernels.n > 0 || rq->kernel_source_dir || rq->config_file)
		return fail_set(f, -E_KERNEL_WITH_ALL, "%s and --all-kernels exclude each other",
				rq->kernels.n > 0	? "-k"
				: rq->kernel_source_dir ? "--kernelsourcedir"
							: "--config");
	if (rq->arches.n > 0)
		return fail_set(f, -E_ARCH_WITH_ALL, "-a and --all-kernels exclude each other");
	return 0;
}

/* What a plan is written as. */
static int check_form(const struct request *rq, struct fail *f)
{
	const char *form = rq->make ? "--make" : "--ninja";

	if ((rq->make || rq->ninja) && rq->verb != VERB_PLAN)
		return fail_set(f, -E_USAGE, "'%s' does not take %s", verb_name(rq->verb), form);
	if (rq->result && rq->verb != VERB_PLAN)
		return fail_set(f, -E_USAGE, "'%s' does not take --result", verb_name(rq->verb));
	if (rq->make + rq->ninja + (rq->verb == VERB_PLAN && rq->json) > 1)
		return fail_set(f, -E_USAGE, "of --json, --make and --ninja only one can be had");
	return 0;
}

int request_check(const struct request *rq, struct fail *f)
{
	int r;

	if (rq->binaries_only && rq->source_only)
		return fail_set(f, -E_BOTH_ONLY, "--binaries-only and --source-only exclude each other");
	if (rq->arches.n > 1 && rq->arches.n != rq->kernels.n)
		return fail_set(f, -E_ARCH_COUNT, "%zu kernels but %zu architectures were given",
				rq->kernels.n, rq->arches.n);
	if (rq->all && rq->kernels.n > 0)
		return fail_set(f, -E_KERNEL_WITH_ALL, "-k and --all exclude each other");
	if (rq->all && rq->arches.n > 0)
		return fail_set(f, -E_ARCH_WITH_ALL, "-a and --all exclude each other");
	r = check_kernel_hook(rq, f);
	if (r == 0)
		r = check_all_kernels(rq, f);
	if (r == 0)
		r = check_empty(&rq->kernels, "kernel", f);
	if (r == 0)
		r = check_empty(&rq->arches, "architecture", f);
	if (r == 0)
		r = check_form(rq, f);
	return r;
}

int request_check_one_kernel(const struct request *rq, struct fail *f)
{
	if (!wants_one_kernel(rq->verb))
		return 0;
	if (rq->all)
		return fail_set(f, -E_ALL_UNSUPPORTED, "'%s' does not take --all", verb_name(rq->verb));
	if (rq->kernels.n > 1)
		return fail_set(f, -E_ONE_KERNEL, "'%s' takes one kernel, %zu were given",
				verb_name(rq->verb), rq->kernels.n);
	return 0;
}
