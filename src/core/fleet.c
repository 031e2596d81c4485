/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fleet.h"

#include "base/mem.h"
#include "core/outcome.h"

static void job_done(struct fleet_job *j)
{
	free(j->module);
	free(j->version);
	free(j->kernel);
	free(j->arch);
	free(j->source);
	strv_done(&j->depends);
	free(j->excluded);
	free(j->id);
	free(j->needs);
}

void fleet_done(struct fleet *fl)
{
	for (size_t i = 0; i < fl->n; i++)
		job_done(&fl->jobs[i]);
	free(fl->jobs);
	strv_done(&fl->tree_options);
	strv_done(&fl->build_options);
	free(fl->source_tree);
	*fl = (struct fleet){ 0 };
}

struct fleet_job *fleet_add(struct fleet *fl, const char *module, const char *version,
			    const char *kernel, const char *arch)
{
	struct fleet_job *j;

	fl->jobs = xreallocarray(fl->jobs, fl->n + 1, sizeof(*fl->jobs));
	j = &fl->jobs[fl->n++];
	*j = (struct fleet_job){
		.module = xstrdup(module),
		.version = xstrdup(version),
		.kernel = xstrdup(kernel),
		.arch = xstrdup(arch),
	};
	return j;
}

static bool is_for(const struct fleet_job *j, const char *module, const char *kernel,
		   const char *arch)
{
	return str_eq(j->module, module) && str_eq(j->kernel, kernel) && str_eq(j->arch, arch);
}

const struct fleet_job *fleet_find(const struct fleet *fl, const char *module, const char *kernel,
				   const char *arch)
{
	for (size_t i = 0; i < fl->n; i++)
		if (is_for(&fl->jobs[i], module, kernel, arch))
			return &fl->jobs[i];
	return NULL;
}

/* A name that is the same word to make, ninja, shells and file systems; n > 1: one more of that
 * name. */
static char *plain_id(const struct fleet_job *j, size_t n)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
	char *id =
		n > 1 ? xasprintf("%s-%s-%s-%s_%zu", j->module, j->version, j->kernel, j->arch, n)
		      : xasprintf("%s-%s-%s-%s", j->module, j->version, j->kernel, j->arch);

	for (char *p = id; *p; p++)
		if (!strchr(plain, *p) || (p == id && strchr("+-.", *p)))
			*p = '_';
	return id;
}

static bool id_is_taken(const struct fleet *fl, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(fl->jobs[i].id, id))
			return true;
	return false;
}

static void name_jobs(struct fleet *fl)
{
	for (size_t i = 0; i < fl->n_jobs; i++) {
		char *id = plain_id(&fl->jobs[i], 1);

		for (size_t n = 2; id_is_taken(fl, i, id); n++) {
			free(id);
			id = plain_id(&fl->jobs[i], n);
		}
		fl->jobs[i].id = id;
	}
}

/* What speaks against the job among what it depends on; NULL: nothing. Caller frees. */
static char *missing_need(const struct fleet *fl, const struct fleet_job *j)
{
	for (size_t i = 0; i < j->depends.n; i++) {
		const char *name = j->depends.items[i];
		const struct fleet_job *on = fleet_find(fl, name, j->kernel, j->arch);

		if (!on)
			return xasprintf("it waits for %s, which dkms does not know", name);
		if (on->excluded)
			return xasprintf("it waits for %s, which is left out", name);
	}
	return NULL;
}

static void exclude_hopeless(struct fleet *fl)
{
	for (bool progress = true; progress;) {
		progress = false;
		for (size_t i = 0; i < fl->n; i++) {
			struct fleet_job *j = &fl->jobs[i];

			if (j->excluded)
				continue;
			j->excluded = missing_need(fl, j);
			progress = progress || j->excluded;
		}
	}
}

/* The place of a module's job among the first n of `sorted`; n: it has none yet. */
static size_t place_of(const struct fleet_job *sorted, size_t n, const char *module,
		       const struct fleet_job *j)
{
	size_t i = 0;

	while (i < n && !is_for(&sorted[i], module, j->kernel, j->arch))
		i++;
	return i;
}

/* Moves a job behind the first n of `sorted` if all that it needs is among them. */
static bool try_place(struct fleet_job *j, struct fleet_job *sorted, size_t n)
{
	struct fleet_job *to = &sorted[n];

	for (size_t i = 0; i < j->depends.n; i++)
		if (place_of(sorted, n, j->depends.items[i], j) == n)
			return false;
	j->needs = xcalloc(j->depends.n, sizeof(*j->needs));
	for (size_t i = 0; i < j->depends.n; i++) {
		size_t need = place_of(sorted, n, j->depends.items[i], j);

		j->needs[j->n_needs++] = need;
		if (j->level <= sorted[need].level)
			j->level = sorted[need].level + 1;
	}
	*to = *j;
	*j = (struct fleet_job){ 0 };
	return true;
}

/* Moves what can be placed, in rounds, in the order that they have. */
static size_t place_all(struct fleet *fl, struct fleet_job *sorted)
{
	size_t n = 0;

	for (bool progress = true; progress;) {
		progress = false;
		for (size_t i = 0; i < fl->n; i++)
			if (fl->jobs[i].module && !fl->jobs[i].excluded &&
			    try_place(&fl->jobs[i], sorted, n)) {
				n++;
				progress = true;
			}
	}
	return n;
}

int fleet_order(struct fleet *fl, struct fail *f)
{
	struct fleet_job *sorted = xcalloc(fl->n + 1, sizeof(*sorted));
	CLEAN(strv) struct strv circle = { 0 };
	CLEAN(free) char *names = NULL;
	size_t n;

	exclude_hopeless(fl);
	fl->n_jobs = n = place_all(fl, sorted);
	for (size_t i = 0; i < fl->n; i++) {
		if (!fl->jobs[i].module)
			continue;
		if (!fl->jobs[i].excluded && !strv_has(&circle, fl->jobs[i].module))
			strv_add(&circle, fl->jobs[i].module);
		sorted[n++] = fl->jobs[i];
	}
	free(fl->jobs);
	fl->jobs = sorted;
	name_jobs(fl);
	if (circle.n == 0)
		return 0;
	names = strv_join(&circle, " ");
	fail_set(f, -E_DEPENDS_MISSING, "modules wait for each other in a circle: %s", names);
	fail_hint(f, "look at BUILD_DEPENDS in their dkms.conf");
	return f->code;
}
