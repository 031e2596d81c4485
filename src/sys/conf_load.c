/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/conf_load.h"

#include <errno.h>
#include <fcntl.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/conf_closed.h"
#include "core/name.h"
#include "core/outcome.h"
#include "sys/conf_read.h"
#include "sys/stamp.h"

static void add_var(struct strv *vars, const char *name, const char *value)
{
	struct buf b = { 0 };

	buf_add_str(&b, name);
	buf_add_char(&b, '=');
	buf_add_str(&b, value ? value : "");
	strv_take(vars, buf_take(&b));
}

static void visible_vars(const struct conf_request *rq, struct strv *vars)
{
	add_var(vars, "kernelver", rq->target.kernel);
	add_var(vars, "arch", rq->target.arch);
	add_var(vars, "kernel_source_dir", rq->kernel_source_dir);
	add_var(vars, "kernel_config", rq->kernel_config);
	add_var(vars, "dkms_tree", rq->dkms_tree);
	add_var(vars, "source_tree", rq->source_tree);
	add_var(vars, "install_tree", rq->install_tree);
	add_var(vars, "tmp_location", rq->tmp_location);
	add_var(vars, "module", rq->target.module);
	add_var(vars, "module_version", rq->target.version);
	strv_add_fmt(vars, "parallel_jobs=%d", rq->parallel_jobs);
}

/* ---- what loads share ---- */

void conf_cache_done(struct conf_cache *c)
{
	strv_done(&c->env);
	free(c->etc_dir);
	strv_done(&c->overrides);
	free(c->path);
	buf_done(&c->text);
	*c = (struct conf_cache){ 0 };
}

static const struct strv *cached_environment(struct conf_cache *c)
{
	CLEAN(strv) struct strv ours = { 0 };

	if (!c->has_env) {
		env_copy(&ours, environ);
		conf_read_environment(&ours, &conf_names, &c->env);
		c->has_env = true;
	}
	return &c->env;
}

static int cached_text(struct conf_cache *c, const char *path, struct fail *f)
{
	int r;

	if (str_eq(c->path, path))
		return 0;
	free(c->path);
	c->path = NULL;
	buf_reset(&c->text);
	r = conf_read_open(path, &c->text, f);
	if (r >= 0)
		c->path = xstrdup(path);
	return r;
}

/* Most machines have no override at all: one look at the directory saves six for every load. */
static const struct strv *cached_overrides(struct conf_cache *c, const char *etc_dir)
{
	CLEAN(strv) struct strv names = { 0 };

	if (str_eq(c->etc_dir, etc_dir))
		return &c->overrides;
	str_set(&c->etc_dir, etc_dir);
	strv_done(&c->overrides);
	dir_list(etc_dir, &names);
	for (size_t i = 0; i < names.n; i++)
		if (str_has_suffix(names.items[i], ".conf") &&
		    !str_eq(names.items[i], "framework.conf"))
			strv_add(&c->overrides, names.items[i]);
	return &c->overrides;
}

/* ---- the files ---- */

/* The administrator's files beside dkms.conf, in the order in which later ones win. */
static void override_names(const struct conf_target *t, const char *m, const char *v,
			   struct strv *ret)
{
	const char *k = t->kernel, *a = t->arch;

	if (!name_is_valid(m) || !name_is_valid(v))
		return;
	strv_add_fmt(ret, "%s.conf", m);
	strv_add_fmt(ret, "%s-%s.conf", m, v);
	if (!name_is_valid(k))
		return;
	strv_add_fmt(ret, "%s-%s-%s.conf", m, v, k);
	if (name_is_valid(a))
		strv_add_fmt(ret, "%s-%s-%s-%s.conf", m, v, k, a);
	strv_add_fmt(ret, "%s--%s.conf", m, k);
	if (name_is_valid(a))
		strv_add_fmt(ret, "%s--%s-%s.conf", m, k, a);
}

/* ---- what a load rests on ---- */

void conf_trace_done(struct conf_trace *t)
{
	strv_done(&t->used);
	strv_done(&t->overrides);
	free(t->override_stamps);
	*t = (struct conf_trace){ 0 };
}

bool conf_is_steered(void)
{
	for (char **e = environ; *e; e++)
		if (str_has_prefix(*e, "DKMS_DIRECTIVE"))
			return true;
	return false;
}

static void trace_override(struct conf_trace *t, const char *path)
{
	if (!t)
		return;
	t->override_stamps = xreallocarray(t->override_stamps, t->overrides.n + 1,
					   sizeof(*t->override_stamps));
	stamp_keep(AT_FDCWD, path, false, &t->override_stamps[t->overrides.n]);
	strv_add(&t->overrides, path_base(path));
}

/* r: what reading the file answered; bash read it where that is 0. */
static void trace_reader(struct conf_trace *t, int r, const struct buf *text)
{
	if (t && r == 0 && !conf_is_closed(buf_str(text), text->len, &t->used))
		t->is_open = true;
}

static uint64_t hash_string(uint64_t hash, const char *s)
{
	return s ? manifest_hash(hash, s, strlen(s) + 1) : manifest_hash(hash, "\1", 1);
}

static uint64_t hash_used(uint64_t hash, const struct conf_scope *scope, const char *used)
{
	CLEAN(strv) struct strv names = { 0 };

	strv_split(&names, used, " ");
	for (size_t i = 0; i < names.n; i++) {
		hash = hash_string(hash, names.items[i]);
		hash = hash_string(hash, conf_scope_get(scope, names.items[i], strlen(names.items[i])));
	}
	return hash;
}

uint64_t conf_scope_hash(const struct conf_request *rq, const char *used)
{
	CLEAN(conf_cache) struct conf_cache own = { 0 };
	CLEAN(strv) struct strv vars = { 0 };
	struct conf_scope scope = { .vars = &vars };
	uint64_t hash = hash_string(MANIFEST_HASH, rq->distro_dest);

	if (str_is_empty(used))
		return hash;
	visible_vars(rq, &vars);
	scope.env = cached_environment(rq->cache ? rq->cache : &own);
	return hash_used(hash, &scope, used);
}

void conf_override_names(const struct conf_request *rq, struct strv *ret)
{
	CLEAN(conf_cache) struct conf_cache own = { 0 };
	const struct strv *there = cached_overrides(rq->cache ? rq->cache : &own, rq->etc_dir);
	CLEAN(strv) struct strv names = { 0 };

	if (there->n == 0)
		return;
	override_names(&rq->target, rq->target.module, rq->target.version, &names);
	for (size_t i = 0; i < names.n; i++)
		if (strv_has(there, names.items[i]))
			strv_add(ret, names.items[i]);
}

static int read_overrides(const struct conf_request *rq, const struct strv *there,
			  const struct conf_reader *reader, struct conf_values *io, struct fail *f)
{
	const char *m = rq->target.module, *v = rq->target.version;
	CLEAN(strv) struct strv names = { 0 };

	if (there->n == 0)
		return 0;
	override_names(&rq->target, m ? m : conf_values_get(io, CONF_PACKAGE_NAME, 0),
		       v ? v : conf_values_get(io, CONF_PACKAGE_VERSION, 0), &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = NULL;
		CLEAN(buf) struct buf text = { 0 };
		int r;

		if (!strv_has(there, names.items[i]))
			continue;
		path = path_join(rq->etc_dir, names.items[i]);
		trace_override(rq->trace, path);
		r = conf_read_open(path, &text, f);
		if (r == 0)
			r = conf_read_text(path, &text, reader, io, f);
		if (r < 0 && r != -ENOENT)
			return r;
		trace_reader(rq->trace, r, &text);
	}
	return 0;
}

/* What the command line changed is not worth remembering: without a stamp nobody believes it. */
static void finish_trace(const struct conf_request *rq, struct conf_trace *t)
{
	CLEAN(free) char *used = strv_join(&t->used, " ");

	t->scope = conf_scope_hash(rq, used);
	if (t->is_open || rq->conf_file || (rq->directives && rq->directives->n) || conf_is_steered())
		t->conf.is_known = false;
}

static int load_values(const struct conf_request *rq, struct conf_cache *cache,
		       struct conf_values *ret, struct fail *f)
{
	CLEAN(free) char *own = rq->conf_file ? NULL : path_join(rq->source_dir, "dkms.conf");
	const char *path = rq->conf_file ? rq->conf_file : own;
	CLEAN(strv) struct strv vars = { 0 };
	struct conf_reader reader = { .scope = { &vars, cached_environment(cache) },
				      .only_bash = rq->only_bash,
				      .debug = rq->debug };
	struct conf_trace *trace = rq->trace;
	int r;

	if (trace) {
		reader.scope.used = &trace->used;
		stamp_keep(AT_FDCWD, path, false, &trace->conf);
	}
	r = cached_text(cache, path, f);
	if (r == -ENOENT)
		return fail_set(f, -E_NO_CONF, "'%s' is not there", path);
	if (r < 0)
		return r;
	visible_vars(rq, &vars);
	r = conf_read_text(path, &cache->text, &reader, ret, f);
	trace_reader(trace, r, &cache->text);
	if (r >= 0 && rq->etc_dir)
		r = read_overrides(rq, cached_overrides(cache, rq->etc_dir), &reader, ret, f);
	if (r < 0)
		return r;
	for (size_t i = 0; rq->directives && i < rq->directives->n; i++)
		conf_values_set_text(ret, rq->directives->items[i]);
	if (trace)
		finish_trace(rq, trace);
	return 0;
}

int conf_load_values(const struct conf_request *rq, struct conf_values *ret, struct fail *f)
{
	CLEAN(conf_cache) struct conf_cache own = { 0 };

	return load_values(rq, rq->cache ? rq->cache : &own, ret, f);
}

int conf_load(const struct conf_request *rq, struct conf *ret, struct fail *f)
{
	CLEAN(conf_values) struct conf_values values = { 0 };
	int r;

	conf_values_init(&values, &conf_names);
	r = conf_load_values(rq, &values, f);
	if (r < 0)
		return r;
	conf_build(&values, &rq->target, rq->distro_dest, ret);
	return 0;
}
