/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/manifest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/build_record.h"
#include "sys/digest.h"
#include "sys/install_tree.h"
#include "sys/stamp.h"

/* What a manifest's borrowed strings belong to while it is written. */
struct writing {
	const struct manifest_facts *facts;
	char *dir; /* module/ */
	struct strv strings;
	struct manifest m;
};

static void clean_writing(struct writing *w)
{
	free(w->dir);
	strv_done(&w->strings);
	manifest_done(&w->m);
}

static const char *keep(struct writing *w, char *s)
{
	strv_take(&w->strings, s);
	return s;
}

/* The first of the places where status looks that has the same bytes. */
static void find_installed(struct writing *w, const char *built, struct manifest_module *x)
{
	const struct manifest_facts *facts = w->facts;
	const char *const places[] = { facts->distro_dest, x->dest_location };

	for (size_t i = 0; i < COUNT_OF(places) && !x->installed; i++) {
		CLEAN(free) char *below = NULL, *path = NULL;

		if (str_is_empty(places[i]))
			continue;
		below = path_join(places[i], x->file);
		path = path_join(facts->kernel->install_dir, below);
		/* in this order: a change in between shows */
		stamp_keep(AT_FDCWD, path, true, &x->installed_stamp);
		if (x->installed_stamp.is_known && file_same(built, path) == 1)
			x->installed = keep(w, xstrdup(below + strspn(below, "/")));
	}
}

static bool add_module(struct writing *w, const struct conf_module *cm)
{
	CLEAN(strv) struct strv built = { 0 };
	struct manifest_module *x = &w->m.modules[w->m.n_modules];

	module_files_in(w->dir, cm->dest_name, &built);
	if (built.n == 0)
		return false;
	*x = (struct manifest_module){
		.dest_name = cm->dest_name,
		.dest_location = cm->dest_location ? cm->dest_location : "",
		.file = keep(w, xstrdup(path_base(built.items[0]))),
	};
	stamp_keep(AT_FDCWD, built.items[0], w->facts->is_installed, &x->built);
	if (w->facts->is_installed)
		find_installed(w, built.items[0], x);
	w->m.n_modules++;
	return true;
}

static bool add_modules(struct writing *w)
{
	const struct conf *c = w->facts->conf;
	const struct conf_exclusion *x = w->facts->exclusion;

	w->m.modules = xcalloc(c->n_modules, sizeof(*w->m.modules));
	for (size_t i = 0; i < c->n_modules; i++)
		if (!(x && x->modules && x->modules[i]) && !add_module(w, &c->modules[i]))
			return false;
	return true;
}

static bool needs_config(const struct conf *c)
{
	for (size_t i = 0; i < c->n_exclusives; i++)
		if (c->exclusives[i].config)
			return true;
	return false;
}

static void add_trace(struct writing *w)
{
	const struct manifest_facts *facts = w->facts;
	const struct conf_trace *t = facts->trace;

	w->m.scope = t->scope;
	w->m.used = keep(w, strv_join(&t->used, " "));
	w->m.conf = t->conf;
	w->m.needs_config = needs_config(facts->conf);
	if (w->m.needs_config && facts->kernel->config_path)
		stamp_keep(AT_FDCWD, facts->kernel->config_path, false, &w->m.config);
	w->m.overrides = xcalloc(t->overrides.n, sizeof(*w->m.overrides));
	for (size_t i = 0; i < t->overrides.n; i++)
		w->m.overrides[w->m.n_overrides++] =
			(struct manifest_override){ t->overrides.items[i], t->override_stamps[i] };
	/* what went wrong is told each time */
	if (facts->conf->errors.n)
		w->m.conf.is_known = false;
}

/*
 * Over what is there: a temporary file would be one more thing to be left behind. One write, cut to length
 * after it: who reads meanwhile, or comes after a kill, finds the old one, the new one (what is behind it does
 * not count), or, where a long one was torn, by its checksum none.
 */
static int write_over(const char *dir, const struct buf *text)
{
	CLEAN(free) char *path = path_join(dir, MANIFEST_NAME);
	CLEAN(fd)
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, text->data, text->len);

	if (r == 0 && ftruncate(fd, (off_t)text->len) < 0)
		r = -errno;
	return r;
}

int manifest_write(const struct manifest_facts *facts)
{
	CLEAN(writing) struct writing w = { .facts = facts };
	CLEAN(buf) struct buf text = { 0 };

	w.dir = path_join(facts->built, "module");
	add_trace(&w);
	/* a file that is missing shall be missed each time */
	if (!add_modules(&w))
		w.m.conf.is_known = false;
	stamp_keep(AT_FDCWD, w.dir, !facts->is_passing, &w.m.dir);
	if (!manifest_fits(&w.m))
		return -EINVAL;
	manifest_format(&w.m, facts->record, &text);
	return write_over(facts->built, &text);
}

int manifest_read(int dirfd, const char *path, struct buf *text, struct manifest *ret)
{
	CLEAN(fd)
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	buf_reset(text);
	n = read(fd, buf_reserve(text, MANIFEST_READ), MANIFEST_READ);
	if (n <= 0)
		return n < 0 ? -errno : -EBADMSG;
	text->len = (size_t)n;
	text->data[n] = '\0';
	r = manifest_parse(text->data, text->len, ret);
	if (r != -EAGAIN)
		return r;
	r = fd_read_all(fd, MANIFEST_MAX, text);
	return r < 0 ? r : manifest_parse(text->data, text->len, ret);
}

/* It was copied from what is built there, not from what was built before with the same bytes. */
static bool came_after(const struct manifest_module *x)
{
	const struct file_stamp *there = &x->installed_stamp, *built = &x->built;

	return x->installed && there->is_known && built->is_known &&
	       (there->ctime_sec > built->ctime_sec ||
		(there->ctime_sec == built->ctime_sec && there->ctime_nsec >= built->ctime_nsec));
}

int manifest_placed(const char *built, const char *below)
{
	CLEAN(free) char *path = path_join(built, MANIFEST_NAME);
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(manifest) struct manifest m = { 0 };
	int r = manifest_read(AT_FDCWD, path, &text, &m);

	if (r < 0)
		return r;
	r = -ENODATA;
	for (size_t i = 0; i < m.n_modules && r != 1; i++)
		if (came_after(&m.modules[i]))
			r = str_eq(m.modules[i].installed, below);
	return r;
}

char *manifest_read_record(const char *built)
{
	CLEAN(free) char *path = path_join(built, MANIFEST_NAME);
	CLEAN(buf) struct buf text = { 0 };
	const char *record;

	if (file_read(AT_FDCWD, path, MANIFEST_MAX, &text) < 0)
		return xstrdup("");
	record = manifest_record(buf_str(&text), text.len);
	return xstrdup(record ? record : "");
}

static void add_output(struct buf *record, const char *dir, const char *name)
{
	CLEAN(free) char *path = path_join(dir, name), *line = NULL;
	char hex[SHA256_HEX];
	struct stat st;

	if (stat(path, &st) < 0 || digest_file(path, hex) < 0)
		return;
	line = xasprintf("%lld %s %s", (long long)st.st_size, hex, name);
	build_record_add(record, "output", line);
}

void manifest_add_outputs(struct buf *record, const char *dir)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++)
		add_output(record, dir, names.items[i]);
}

int manifest_renew_outputs(const char *built, const char *certificate)
{
	static const char *const renewed[] = { "output", "signer", NULL };
	CLEAN(free) char *was = manifest_read_record(built), *dir = path_join(built, "module");
	const struct manifest no_memory = { .used = "" };
	CLEAN(buf) struct buf record = { 0 }, text = { 0 };

	if (str_is_empty(was))
		return 0;
	build_record_add_others(&record, was, renewed);
	build_record_add(&record, "signer", certificate);
	manifest_add_outputs(&record, dir);
	manifest_format(&no_memory, buf_str(&record), &text);
	return write_over(built, &text);
}
