/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/depmod_guilty.h"
#include "sys/depmod_shadow.h"
#include "sys/scratch.h"

/* Where depmod -b has to point so that it finds <base>/lib/modules/<kernel>. */
struct base {
	char *dir; /* NULL: the real root, no -b */
	struct scratch made;
};

static void clean_base(struct base *b)
{
	scratch_done(&b->made);
	free(b->dir);
}

static int make_base(const char *install_tree, struct base *ret, struct fail *f)
{
	CLEAN(free) char *clean = path_squeeze(install_tree);
	CLEAN(free) char *lib = NULL, *link = NULL, *real = NULL;
	int r;

	if (str_eq(clean, "/lib/modules"))
		return 0;
	if (str_has_suffix(clean, "/lib/modules")) {
		ret->dir = xstrndup(clean, strlen(clean) - strlen("/lib/modules"));
		return 0;
	}
	real = realpath(clean, NULL);
	if (!real)
		return fail_errno(f, errno, "cannot find the install tree '%s'", clean);
	r = scratch_make("/tmp", "depmod", &ret->made, f);
	if (r < 0)
		return r;
	ret->dir = xstrdup(ret->made.dir);
	lib = path_join(ret->dir, "lib");
	link = path_join(lib, "modules");
	if (mkdir(lib, 0755) < 0 || symlink(real, link) < 0)
		return fail_errno(f, errno, "cannot make a directory for depmod");
	return 0;
}

static int drop_index(const char *dir, struct fail *f)
{
	static const char *const names[] = { "modules.alias",	"modules.dep",
					     "modules.devname", "modules.softdep",
					     "modules.symbols", "modules.weakdep" };
	CLEAN(strv) struct strv files = { 0 };
	int r = dir_list(dir, &files);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", dir);
	for (size_t i = 0; i < files.n; i++) {
		CLEAN(free) char *path = path_join(dir, files.items[i]);
		bool ours = str_has_prefix(files.items[i], "modules.") &&
			    str_has_suffix(files.items[i], ".bin");

		for (size_t k = 0; k < COUNT_OF(names); k++)
			ours = ours || str_eq(files.items[i], names[k]);
		if (ours && unlink(path) < 0 && errno != ENOENT)
			return fail_errno(f, errno, "cannot remove '%s'", path);
	}
	rmdir(dir);
	return DEPMOD_EMPTY;
}

/* depmod writes its index itself, where it always does: one of which nothing is known, or if there
 * is no other way. */
static int index_in_place(const char *install_tree, const struct depmod_job *job, struct fail *f)
{
	CLEAN(base) struct base base = { 0 };
	CLEAN(buf) struct buf said = { 0 };
	int r = make_base(install_tree, &base, f);

	return r < 0 ? r : depmod_tool_run(job->env, base.dir, job->map, job->kernel, &said, f);
}

static int index_and_publish(const char *install_tree, const struct depmod_job *job, struct fail *f)
{
	CLEAN(skeleton_run) struct skeleton_run s = { 0 };
	CLEAN(shadow) struct shadow shadow = { 0 };
	enum skeleton_use use = skeleton_index(job, &s);
	CLEAN(free) char *note = s.why ? xasprintf("depmod: %s", s.why) : xstrdup("skeletons");
	int r;

	if (s.place)
		depmod_cache_note(s.place, note);
	if (use == SKELETON_INDEX)
		return shadow_publish(s.base_dir, job->modules_dir, f);
	r = shadow_index(job, &shadow, f);
	if (r == -ENOTSUP)
		return index_in_place(install_tree, job, f);
	if (r < 0)
		return r;
	if (use == SKELETON_COMPARE)
		skeleton_judge(job, &s, shadow.dir);
	return shadow_publish(shadow.dir, job->modules_dir, f);
}

/* A job, and what it points to. */
struct task {
	struct depmod_job job;
	struct depmod_tool tool;
	char *real, *map;
};

static void clean_task(struct task *t)
{
	depmod_tool_done(&t->tool);
	free(t->real);
	free(t->map);
}

/* t stays where it is. */
static int begin(struct task *t, const char *dir, const char *kernel, const struct strv *environment,
		 struct fail *f)
{
	t->map = xasprintf("/boot/System.map-%s", kernel);
	t->real = realpath(dir, NULL);
	if (!t->real)
		return fail_errno(f, errno, "cannot find '%s'", dir);
	depmod_tool_find(environment, &t->tool);
	t->job = (struct depmod_job){ .modules_dir = t->real,
				      .kernel = kernel,
				      .map = path_is_file(t->map) ? t->map : NULL,
				      .env = environment,
				      .tool = &t->tool,
				      .cache = CACHE_DIR "/depmod" };
	return 0;
}

int depmod_run(const char *install_tree, const char *kernel, const struct strv *environment,
	       struct fail *f)
{
	CLEAN(free) char *dir = path_join(install_tree, kernel);
	CLEAN(free) char *index = path_join(dir, "modules.dep");
	CLEAN(task) struct task t = { 0 };
	struct stat st;
	int r;

	r = path_probe(index);
	if (r < 0)
		return fail_errno(f, r, "cannot look for '%s'", index);
	if (r == 0)
		return DEPMOD_NO_INDEX;
	r = begin(&t, dir, kernel, environment, f);
	if (r < 0)
		return r;
	r = t.tool.version ? index_and_publish(install_tree, &t.job, f)
			   : index_in_place(install_tree, &t.job, f);
	if (r < 0)
		return r;
	if (stat(index, &st) < 0)
		return errno == ENOENT ? DEPMOD_DONE : fail_errno(f, errno, "cannot look at '%s'", index);
	if (st.st_size != 0)
		return DEPMOD_DONE;
	skeleton_forget(&t.job);
	return drop_index(dir, f);
}

void depmod_blame(const char *install_tree, const char *kernel, const struct strv *environment,
		  const struct strv *ours, struct strv *ret_paths)
{
	CLEAN(free) char *raw = path_join(install_tree, kernel), *dir = path_squeeze(raw);
	CLEAN(strv) struct strv suspects = { 0 };
	CLEAN(task) struct task t = { 0 };

	if (begin(&t, dir, kernel, environment, NULL) < 0 || !t.tool.version)
		return;
	for (size_t i = 0; i < ours->n; i++) {
		CLEAN(free) char *path = path_squeeze(ours->items[i]);

		if (path_is_below(path, dir) && !str_eq(path, dir))
			strv_add(&suspects, path + strlen(dir) + 1);
	}
	depmod_guilty_find(&t.job, &suspects, ret_paths);
}
