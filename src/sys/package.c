/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/package.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/layout.h"
#include "core/outcome.h"
#include "core/tarball.h"
#include "sys/archive.h"
#include "sys/package_tools.h"
#include "sys/scratch.h"
#include "sys/tree_copy.h"

enum { TEMPLATE_MAX = 1 << 20, WORDS_MAX = 16 };

/* A package in the making. */
struct making {
	const struct package_job *job;
	struct scratch top;
	char *work;   /* <top>/work */
	char *spec;   /* rpm: <top>/package.spec */
	char *source; /* <tree>/<m>/<v>/source */
	int64_t made;
	struct strv environment;
	char *name, *version, *deb_arch, *date, *rpm_date, *kernel_package,
		*packager; /* what the words stand for */
	struct package_word words[WORDS_MAX];
	size_t n_words;
};

static void clean_making(struct making *m)
{
	scratch_done(&m->top);
	free(m->work);
	free(m->spec);
	free(m->source);
	strv_done(&m->environment);
	free(m->name);
	free(m->version);
	free(m->deb_arch);
	free(m->date);
	free(m->rpm_date);
	free(m->kernel_package);
	free(m->packager);
}

/* times -----------------------------------------------------------------------------------------
 */

static void see_newest(const char *dir, int64_t *newest)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		struct stat st;

		if (lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			see_newest(path, newest);
		else if (S_ISREG(st.st_mode) && st.st_mtim.tv_sec > *newest)
			*newest = st.st_mtim.tv_sec;
	}
}

static int64_t time_of(const struct making *m)
{
	const char *asked = env_get(m->job->environment, "SOURCE_DATE_EPOCH");
	int64_t newest = 0;
	char *end;

	if (!str_is_empty(asked)) {
		long long n;

		errno = 0;
		n = strtoll(asked, &end, 10);
		if (errno == 0 && *end == '\0' && n >= 0)
			return n;
	}
	see_newest(m->source, &newest);
	return newest;
}

/* In English, whatever the locale is. */
static char *date_text(int64_t made, const char *format)
{
	enum { DATE_MAX = 64 };
	CLEAN(free) char *text = xcalloc(1, DATE_MAX);
	time_t when = (time_t)made;
	struct tm tm;

	if (gmtime_r(&when, &tm))
		strftime(text, DATE_MAX, format, &tm);
	return TAKE_PTR(text);
}

/* words -----------------------------------------------------------------------------------------
 */

/* Who packs, as Debian's tools are told: "Name <address>". What could be more than that is not
 * taken. */
static char *find_packager(const struct strv *env)
{
	const char *name = env_get(env, "DEBFULLNAME");
	const char *address = env_get(env, "DEBEMAIL");

	if (str_is_empty(name))
		name = env_get(env, "NAME");
	if (str_is_empty(address))
		address = env_get(env, "EMAIL");
	if (str_is_empty(name) || str_is_empty(address) || strpbrk(name, "<>()@,%\"\\\n\r\t") ||
	    strpbrk(address, "<>()%\"\\ ,\n\r\t") || !strchr(address, '@'))
		return xstrdup("DKMS packages <dkms@packages.invalid>");
	return xasprintf("%s <%s>", name, address);
}

static void add_word(struct making *m, const char *word, const char *text)
{
	m->words[m->n_words++] = (struct package_word){ word, text ? text : "" };
}

static void choose_words(struct making *m)
{
	const struct package_job *job = m->job;
	bool of_kernel = package_is_of_kernel(job->kind);

	m->name = package_name(job->module);
	if (package_is_rpm(job->kind))
		m->version = package_rpm_version(job->version);
	else if (job->kind == PACKAGE_DSC)
		m->version = package_native_version(job->version);
	else
		m->version = package_debian_version(job->version);
	m->deb_arch = of_kernel ? package_debian_arch(job->targets->arch) : xstrdup("all");
	m->date = date_text(m->made, "%a, %d %b %Y %H:%M:%S +0000");
	m->rpm_date = date_text(m->made, "%a %b %d %Y");
	m->kernel_package = of_kernel ? package_name(job->targets->kernel) : NULL;
	m->packager = find_packager(job->environment);
	add_word(m, "DEBIAN_PACKAGE", m->name);
	add_word(m, "DEBIAN_BUILD_ARCH", m->deb_arch);
	add_word(m, "DATE_STAMP", m->date);
	add_word(m, "MODULE_NAME", job->module);
	add_word(m, "MODULE_VERSION", job->version);
	add_word(m, "DKMS_PACKAGER", m->packager);
	if (package_is_rpm(job->kind)) {
		add_word(m, "RPM_VERSION", m->version);
		add_word(m, "RPM_DATE_STAMP", m->rpm_date);
	} else {
		add_word(m, "DEBIAN_VERSION", m->version);
	}
	if (of_kernel) {
		add_word(m, "KERNEL_VERSION", job->targets->kernel);
		add_word(m, "KERNEL_PACKAGE", m->kernel_package);
	}
}

/* The version in Debian's changelog is that of the package, however the template calls it. */
static void use_package_version(struct making *m, const char *path, bool use)
{
	if (package_is_rpm(m->job->kind) || !str_has_suffix(path, "/debian/changelog"))
		return;
	for (size_t i = 0; i < m->n_words; i++)
		if (str_eq(m->words[i].word, "MODULE_VERSION"))
			m->words[i].text = use ? m->version : m->job->version;
}

static int fill_file(struct making *m, const char *path, mode_t mode, struct fail *f)
{
	CLEAN(buf) struct buf text = { 0 }, filled = { 0 };
	int r = file_read(AT_FDCWD, path, TEMPLATE_MAX, &text);

	if (r == 0) {
		use_package_version(m, path, true);
		package_fill(buf_str(&text), text.len, m->words, m->n_words, &filled);
		use_package_version(m, path, false);
		r = file_write(path, buf_str(&filled), filled.len, mode & 0777);
	}
	return r < 0 ? fail_errno(f, r, "cannot fill the template's file '%s'", path) : 0;
}

static int fill_dir(struct making *m, const char *dir, struct fail *f)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(dir, &names);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", dir);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);
		struct stat st;

		if (lstat(path, &st) < 0)
			return fail_errno(f, errno, "cannot read '%s'", path);
		if (S_ISDIR(st.st_mode))
			r = fill_dir(m, path, f);
		else if (S_ISREG(st.st_mode))
			r = fill_file(m, path, st.st_mode, f);
	}
	return r;
}

static char *find_template(const struct package_job *job)
{
	char *own = path_join(job->etc_dir, package_template(job->kind));

	if (path_exists(own))
		return own;
	free(own);
	return path_join(DATA_DIR, package_template(job->kind));
}

/* The tools start debian/rules; who wrote a template need not have made it a program. */
static int make_program(const char *work, struct fail *f)
{
	CLEAN(free) char *rules = path_join(work, "debian/rules");

	if (path_exists(rules) && chmod(rules, 0755) < 0)
		return fail_errno(f, errno, "cannot make '%s' a program", rules);
	return 0;
}

static int use_template(struct making *m, struct fail *f)
{
	CLEAN(free) char *template = find_template(m->job);
	int r;

	if (!path_exists(template))
		return fail_set(f, -E_PACKAGE_FAILED, "there is no template '%s'", template);
	if (!package_is_rpm(m->job->kind)) {
		r = tree_copy(template, m->work, f);
		if (r == 0)
			r = fill_dir(m, m->work, f);
		return r == 0 ? make_program(m->work, f) : r;
	}
	m->spec = path_join(m->top.dir, "package.spec");
	r = dir_make(m->work);
	if (r == 0)
		r = file_copy(template, m->spec, 0644);
	if (r < 0)
		return fail_errno(f, r, "cannot copy the template '%s'", template);
	return fill_file(m, m->spec, 0644, f);
}

/* what goes in ----------------------------------------------------------------------------------
 */

/* A script that the conf names, if it is a file of the source; relative to that; caller frees. */
static char *script_file(const struct making *m, const char *line)
{
	CLEAN(free) char *word = line ? xstrndup(line, strcspn(line, " \t\n")) : NULL;
	CLEAN(free) char *path = NULL;

	if (str_is_empty(word) || *word == '/' || path_has_dotdot(word))
		return NULL;
	path = path_join(m->source, word);
	return path_is_file(path) ? TAKE_PTR(word) : NULL;
}

static int copy_script(const struct making *m, const char *line, const char *to, struct fail *f)
{
	CLEAN(free) char *name = script_file(m, line), *from = NULL, *place = NULL, *dir = NULL;
	int r;

	if (!name)
		return 0;
	from = path_join(m->source, name);
	place = path_join(to, name);
	dir = path_dir(place);
	r = dir_make(dir);
	if (r == 0)
		r = file_copy(from, place, 0755);
	return r < 0 ? fail_errno(f, r, "cannot copy '%s'", from) : 0;
}

/*
 * What counts of a source that stays behind: the dkms.conf, which then says that nothing is to be
 * built, and the scripts that an install runs.
 */
static int put_stub(const struct making *m, const char *to, struct fail *f)
{
	const struct package_job *job = m->job;
	CLEAN(free)
	char *conf = path_join(m->source, "dkms.conf"),
	     *copy = path_join(to, "dkms.conf");
	CLEAN(free) char *line = package_exclusive_line(job->targets, job->n_targets);
	const char *const scripts[] = { job->conf->post_add, job->conf->pre_install,
					job->conf->post_install, job->conf->post_remove };
	CLEAN(buf) struct buf text = { 0 };
	int r = file_read(AT_FDCWD, conf, TEMPLATE_MAX, &text);

	if (r == 0)
		r = dir_make(to);
	if (r == 0) {
		buf_add_fmt(&text, "\n# its source is not in this package\n%s", line);
		r = file_write(copy, buf_str(&text), text.len, 0644);
	}
	if (r < 0)
		return fail_errno(f, r, "cannot copy '%s'", conf);
	for (size_t i = 0; i < COUNT_OF(scripts) && r == 0; i++)
		r = copy_script(m, scripts[i], to, f);
	return r;
}

static int put_source(const struct making *m, struct fail *f)
{
	CLEAN(free) char *name = xasprintf("%s-%s", m->job->module, m->job->version);
	CLEAN(free) char *to = path_join(m->work, name);

	return m->job->binaries_only ? put_stub(m, to, f) : tree_copy(m->source, to, f);
}

/* What a kernel's directory has beside the modules is its log, which is never the same twice, and
 * dot files, of which only the versions of dependencies mean something elsewhere. */
static int leave_out(const char *dir)
{
	CLEAN(strv) struct strv names = { 0 };
	int r = dir_list(dir, &names);

	for (size_t i = 0; i < names.n && r == 0; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (str_eq(names.items[i], "log") ||
		    (names.items[i][0] == '.' && !str_has_prefix(names.items[i], ".dep_")))
			r = tree_remove(path);
	}
	return r;
}

static int stage_build(const struct making *m, const struct target *t, struct archive_job *tarball,
		       struct fail *f)
{
	const struct layout l = { m->job->dkms_tree, m->job->module, m->job->version, t->kernel,
				  t->arch };
	CLEAN(free)
	char *built = layout_built(&l),
	     *to = path_join(m->top.dir, "built", t->kernel, t->arch);
	CLEAN(free) char *up = path_dir(to);
	int r = dir_make(up);

	if (r < 0)
		return fail_errno(f, r, "cannot make '%s'", up);
	r = tree_copy(built, to, f);
	if (r < 0)
		return r;
	r = leave_out(to);
	if (r < 0)
		return fail_errno(f, r, "cannot copy '%s'", built);
	strv_add(&tarball->parts, to);
	strv_add_fmt(&tarball->parts, "./%s/%s/%s", TARBALL_BUILT, t->kernel, t->arch);
	return 0;
}

static int stage_names(const struct making *m, struct archive_job *tarball, struct fail *f)
{
	const struct archive_name names[] = {
		{ "PACKAGE_NAME", m->job->module },
		{ "PACKAGE_VERSION", m->job->version },
	};
	CLEAN(free)
	char *dir = path_join(m->top.dir, "names"),
	     *conf = path_join(m->source, "dkms.conf");
	int r = dir_make(dir);

	if (r < 0)
		return fail_errno(f, r, "cannot make '%s'", dir);
	strv_add(&tarball->parts, dir);
	strv_add(&tarball->parts, "./" TARBALL_BINARIES);
	return archive_stage_names(dir, names, COUNT_OF(names), conf, m->made, f);
}

static int put_tarball(const struct making *m, struct fail *f)
{
	const struct package_job *job = m->job;
	CLEAN(free) char *name = xasprintf("%s-%s.dkms.tar.gz", job->module, job->version);
	CLEAN(free) char *path = path_join(m->work, name);
	struct archive_job tarball = { .path = path,
				       .made = m->made,
				       .environment = &m->environment };
	const char *last = NULL;
	int r = 0;

	strv_add(&tarball.parts, "-");
	strv_add(&tarball.parts, "./" TARBALL_BUILT);
	for (size_t i = 0; i < job->n_targets && r == 0; i++) {
		if (!str_eq(last, job->targets[i].kernel)) {
			strv_add(&tarball.parts, "-");
			strv_add_fmt(&tarball.parts, "./%s/%s", TARBALL_BUILT,
				     job->targets[i].kernel);
		}
		r = stage_build(m, &job->targets[i], &tarball, f);
		last = job->targets[i].kernel;
	}
	if (r == 0)
		r = stage_names(m, &tarball, f);
	if (r == 0)
		r = archive_write(&tarball, f);
	strv_done(&tarball.parts);
	return r;
}

static int put_modules(const struct making *m, struct fail *f)
{
	const struct package_job *job = m->job;

	for (size_t i = 0; i < job->n_modules; i++) {
		CLEAN(free)
		char *to =
			path_join(m->work, "lib/modules", job->targets->kernel, job->modules[i].to);
		CLEAN(free) char *dir = path_dir(to);
		int r = dir_make(dir);

		if (r == 0)
			r = file_copy(job->modules[i].from, to, 0644);
		if (r < 0)
			return fail_errno(f, r, "cannot copy '%s'", job->modules[i].from);
	}
	return 0;
}

static int put_contents(const struct making *m, struct fail *f)
{
	int r;

	if (package_is_of_kernel(m->job->kind))
		return put_modules(m, f);
	r = put_source(m, f);
	if (r == 0 && m->job->n_targets && package_has_modules(m->job->kind))
		r = put_tarball(m, f);
	return r;
}

/* what comes out --------------------------------------------------------------------------------
 */

static bool is_result(enum package_kind kind, const char *name)
{
	if (kind == PACKAGE_DSC)
		return str_has_suffix(name, ".dsc") || strstr(name, ".tar.");
	return str_has_suffix(name, package_is_rpm(kind) ? ".rpm" : ".deb");
}

static int deliver_one(const char *from, const char *dir, struct strv *ret_paths, struct fail *f)
{
	CLEAN(free) char *to = path_join(dir, path_base(from)), *beside = NULL;
	int r;

	beside = xasprintf("%s/.%s.dkms-new", dir, path_base(from));
	r = file_copy(from, beside, 0644);
	if (r == 0)
		r = tree_sync(dir);
	if (r == 0 && rename(beside, to) < 0)
		r = -errno;
	if (r == 0)
		r = dir_sync_of(to);
	if (r < 0) {
		unlink(beside);
		return fail_set(f, -E_PACKAGE_FAILED, "cannot write '%s': %s", to, strerror(-r));
	}
	strv_add(ret_paths, to);
	return 0;
}

static int deliver(const struct making *m, struct strv *ret_paths, struct fail *f)
{
	const struct package_job *job = m->job;
	CLEAN(free)
	char *dir = path_join(job->dkms_tree, job->module, job->version,
			      package_is_rpm(job->kind) ? "rpm" : "deb");
	CLEAN(strv) struct strv names = { 0 };
	size_t n = ret_paths->n;
	int r = dir_make(dir);

	if (r == 0 && faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
		r = -errno;
	if (r < 0)
		return fail_set(f, -E_TARBALL_DIR, "cannot write to the directory '%s': %s", dir,
				strerror(-r));
	r = dir_list(m->top.dir, &names);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		CLEAN(free) char *path = path_join(m->top.dir, names.items[i]);

		if (is_result(job->kind, names.items[i]))
			r = deliver_one(path, dir, ret_paths, f);
	}
	if (r == 0 && ret_paths->n == n)
		r = fail_set(f, -E_PACKAGE_FAILED, "no package came of the template '%s'",
			     package_template(job->kind));
	return r;
}

/* What must not come in from outside: another make's jobs, and what differs between two who run
 * this. */
static void choose_environment(struct making *m)
{
	static const char *const unset[] = { "MAKEFLAGS",	   "MFLAGS",
					     "MAKELEVEL",	   "DEB_BUILD_OPTIONS",
					     "DEB_BUILD_PROFILES", "DEB_RULES_REQUIRES_ROOT" };
	CLEAN(free) char *epoch = xasprintf("%lld", (long long)m->made);

	strv_add_all(&m->environment, m->job->environment);
	for (size_t i = 0; i < COUNT_OF(unset); i++)
		env_unset(&m->environment, unset[i]);
	env_set(&m->environment, "SOURCE_DATE_EPOCH", epoch);
	env_set(&m->environment, "LC_ALL", "C.UTF-8");
	env_set(&m->environment, "TZ", "UTC0");
}

int package_make(const struct package_job *job, struct strv *ret_paths, struct fail *f)
{
	CLEAN(making) struct making m = { .job = job };
	const struct layout l = { job->dkms_tree, job->module, job->version, NULL, NULL };
	struct package_room room = { .environment = &m.environment };
	int r = scratch_make(job->tmp_location, "package", &m.top, f);

	if (r < 0)
		return r;
	m.work = path_join(m.top.dir, "work");
	m.source = layout_source(&l);
	m.made = time_of(&m);
	choose_environment(&m);
	choose_words(&m);
	r = use_template(&m, f);
	if (r == 0)
		r = put_contents(&m, f);
	if (r < 0)
		return r;
	room.top = m.top.dir;
	room.work = m.work;
	room.spec = m.spec;
	if (package_is_of_kernel(job->kind)) {
		room.arch = m.deb_arch;
		room.rpm_arch = job->targets->arch;
	}
	r = package_run(job->kind, &room, f);
	return r == 0 ? deliver(&m, ret_paths, f) : r;
}
