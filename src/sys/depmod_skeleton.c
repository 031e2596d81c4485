/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod_skeleton.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/depmod_fill.h"

/* Below this many compressed modules unpacking them is not worth keeping anything. */
enum { PAYS = 100, INDEX_MAX = 64 << 20 };

/* What depmod reads besides the modules. */
static const char *const inputs[] = { "modules.order", "modules.builtin",
				      "modules.builtin.modinfo" };

void skeleton_run_done(struct skeleton_run *s)
{
	depmod_cache_done(&s->cache);
	free(s->place);
	free(s->base);
	free(s->base_dir);
	free(s->why);
	*s = (struct skeleton_run){ 0 };
}

bool is_index_file(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(inputs); i++)
		if (str_eq(name, inputs[i]))
			return false;
	/* a depmod that was killed leaves modules.dep.<pid>.<time> */
	return str_has_prefix(name, "modules.") && strcspn(name, "0123456789") == strlen(name);
}

static enum skeleton_use no(struct skeleton_run *s, const char *why)
{
	str_set(&s->why, why);
	return SKELETON_NO;
}

/* --- was the index that is there made by this depmod, and of what? --- */

static bool inputs_are_older(const struct depmod_job *job, int64_t than)
{
	for (size_t i = 0; i < COUNT_OF(inputs); i++) {
		CLEAN(free) char *path = path_join(job->modules_dir, inputs[i]);
		struct file_id id;
		struct stat st;

		if (lstat(path, &st) < 0)
			continue;
		file_id_of(&st, &id);
		if (id.ctime >= than)
			return false;
	}
	return true;
}

/* Every module in the index is still there, and is still the same. */
static bool indexed_are_older(const struct module_tree *real, char *dep, int64_t than)
{
	for (char *line = dep, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *colon = strchr(line, ':');
		const struct tree_module *m;

		if (!colon || colon > end)
			return false;
		*colon = '\0';
		m = module_tree_find(real, line);
		if (!m || m->id.ctime >= than)
			return false;
	}
	return true;
}

/* The time of the index if all that it was made of is as it was then, but for modules that came
 * later; else 0. */
static int64_t provable_index(const struct depmod_job *job, const struct module_tree *real)
{
	CLEAN(free) char *path = path_join(job->modules_dir, "modules.dep");
	CLEAN(buf) struct buf dep = { 0 };
	struct file_id id;
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	file_id_of(&st, &id);
	if (id.mtime <= job->tool->newest || !inputs_are_older(job, id.mtime) ||
	    file_read(AT_FDCWD, path, INDEX_MAX, &dep) < 0 ||
	    !indexed_are_older(real, dep.data, id.mtime))
		return 0;
	return id.mtime;
}

/* --- running depmod on the base --- */

static int link_inputs(const struct depmod_job *job, const struct skeleton_run *s)
{
	CLEAN(free) char *usr = path_join(s->base, "usr");
	CLEAN(free) char *usr_lib = path_join(usr, "lib");
	int r = dir_make(usr);

	/* a depmod may be made for /usr/lib/modules */
	if (r == 0 && !path_is_link(usr_lib))
		r = link_set("../lib", usr_lib);
	for (size_t i = 0; r == 0 && i < COUNT_OF(inputs); i++) {
		CLEAN(free) char *target = path_join(job->modules_dir, inputs[i]);
		CLEAN(free) char *link = path_join(s->base_dir, inputs[i]);
		CLEAN(free) char *now = NULL;

		if (link_read(AT_FDCWD, link, &now) < 0 || !str_eq(now, target))
			r = link_set(target, link);
	}
	return r;
}

/* Out of the way, or away. */
static void drop_index(const char *dir, const char *to)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (str_has_prefix(names.items[i], "modules.") && path_is_file(path) &&
		    !path_is_link(path)) {
			CLEAN(free) char *moved = to ? path_join(to, names.items[i]) : NULL;

			if (!moved || rename(path, moved) < 0)
				unlink(path);
		}
	}
}

/* 0, or negative where depmod has something to say: the real one says it better. */
static int index_base(const struct depmod_job *job, const struct skeleton_run *s)
{
	CLEAN(free) char *dep = path_join(s->base_dir, "modules.dep");
	CLEAN(buf) struct buf said = { 0 };
	int r = link_inputs(job, s);

	if (r < 0)
		return r;
	drop_index(s->base_dir, NULL);
	r = depmod_tool_run(job->env, s->base, job->map, job->kernel, &said, NULL);
	if (r == 0 && (said.len || !path_is_file(dep)))
		r = -EBADMSG;
	return r;
}

static bool has_same_index(const char *made, const char *wanted)
{
	CLEAN(strv) struct strv names = { 0 };
	size_t n = 0;

	dir_list(made, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *a = path_join(made, names.items[i]);
		CLEAN(free) char *b = path_join(wanted, names.items[i]);

		if (!is_index_file(names.items[i]))
			continue;
		if (file_same(a, b) != 1)
			return false;
		n++;
	}
	return n > 0;
}

/* --- proof --- */

/* Takes what came after the index out of depmod's sight, or back. */
static int hide_newer(const struct skeleton_run *s, const struct module_tree *real, int64_t than,
		      bool hide)
{
	for (size_t i = 0; i < real->n; i++) {
		CLEAN(free) char *path = path_join(s->base_dir, real->items[i].path);
		CLEAN(free) char *hidden = xasprintf("%s.dkms-hidden", path);

		if (real->items[i].id.ctime < than)
			continue;
		if (rename(hide ? path : hidden, hide ? hidden : path) < 0)
			return -errno;
	}
	return 0;
}

/* Compares with the index that is there. Negative: the base is not what it should be. */
static int prove(const struct depmod_job *job, struct skeleton_run *s,
		 const struct module_tree *real, int64_t index_time)
{
	int r = hide_newer(s, real, index_time, true);
	bool same =
		r == 0 && index_base(job, s) == 0 && has_same_index(s->base_dir, job->modules_dir);

	if (r == 0)
		r = hide_newer(s, real, index_time, false);
	if (r == 0 && same)
		s->cache.verdict = VERDICT_TRUSTED;
	return r;
}

/* --- bringing the skeletons up to date --- */

static bool is_own(const struct skeleton *k, const struct tree_module *in_base)
{
	return in_base && k->own.size == in_base->id.size && k->own.mtime == in_base->id.mtime &&
	       k->own.inode == in_base->id.inode;
}

/* After a crash of the machine what was written before may not be what is there. True if that was
 * to be looked at. */
static bool distrust_unwritten(struct skeleton_run *s)
{
	CLEAN(free) char *boot = boot_id();

	if (str_eq(boot, s->cache.boot) && *boot)
		return false;
	for (size_t i = 0; i < s->cache.n; i++) {
		struct skeleton *k = &s->cache.items[i];
		CLEAN(free) char *path = path_join(s->base_dir, k->path);
		CLEAN(buf) struct buf b = { 0 };

		if (file_read(AT_FDCWD, path, INDEX_MAX, &b) < 0 ||
		    hash_bytes(b.data, b.len) != k->hash)
			k->real.inode = 0;
	}
	return true;
}

static void drop_skeleton(const struct skeleton_run *s, const char *module)
{
	CLEAN(free) char *path = path_join(s->base_dir, module);
	CLEAN(free) char *dir = path_dir(path);

	unlink(path);
	dir_prune(dir, s->base_dir);
}

/* True if there was any. */
static bool drop_vanished(const struct skeleton_run *s, const struct module_tree *real,
			  const struct module_tree *base)
{
	bool any = false;

	for (size_t i = 0; i < base->n; i++) {
		if (module_tree_find(real, base->items[i].path))
			continue;
		drop_skeleton(s, base->items[i].path);
		any = true;
	}
	return any;
}

struct todo {
	const struct tree_module **items;
	size_t n, n_packed;
};

static void clean_todo(struct todo *t)
{
	free(t->items);
}

/* base may be NULL: the skeletons themselves are looked at elsewhere. */
static void find_todo(const struct skeleton_run *s, const struct module_tree *real,
		      const struct module_tree *base, struct todo *ret)
{
	ret->items = xcalloc(real->n + 1, sizeof(struct tree_module *));
	for (size_t i = 0; i < real->n; i++) {
		const struct tree_module *m = &real->items[i];
		const struct skeleton *k = depmod_cache_find(&s->cache, m->path);

		if (k && file_id_is(&k->real, &m->id) &&
		    (!base || is_own(k, module_tree_find(base, m->path))))
			continue;
		ret->items[ret->n++] = m;
		if (*module_packing(m->path))
			ret->n_packed++;
	}
}

/* The state after: what is still true, and what was made. */
static void renew_state(struct skeleton_run *s, const struct module_tree *real,
			const struct todo *todo, const struct skeleton *made)
{
	struct depmod_cache old = s->cache;
	size_t next = 0;

	s->cache.items = NULL;
	s->cache.n = s->cache.room = 0;
	for (size_t i = 0; i < real->n; i++) {
		bool done = next < todo->n && todo->items[next] == &real->items[i];
		const struct skeleton *k =
			done ? &made[next++] : depmod_cache_find(&old, real->items[i].path);

		if (k && k->path)
			depmod_cache_add(&s->cache, k);
	}
	for (size_t i = 0; i < old.n; i++)
		free(old.items[i].path);
	free(old.items);
}

/* Makes what is missing; the state is saved also if some cannot be made. */
static int renew(const struct depmod_job *job, struct skeleton_run *s,
		 const struct module_tree *real, const struct todo *todo, struct fail *f)
{
	CLEAN(free) struct skeleton *made = xcalloc(todo->n + 1, sizeof(*made));
	int r = depmod_fill(job->modules_dir, s->base_dir, todo->items, todo->n, job->tool, made,
			    f);

	renew_state(s, real, todo, made);
	return r;
}

/* --- all together --- */

static const char *find_oddity(const struct depmod_job *job, const struct module_tree *real)
{
	if (real->oddity)
		return real->oddity;
	return job->tool->oddity;
}

/* Opens what is kept for the kernel, or begins it where that is worth it. */
static int open_cache(const struct depmod_job *job, struct skeleton_run *s,
		      const struct module_tree *real)
{
	bool make = real->n_packed >= PAYS && !find_oddity(job, real) && provable_index(job, real);
	CLEAN(free)
	char *place = depmod_cache_place(job->cache, job->modules_dir, job->kernel, make);
	int r;

	if (!place)
		return -ENOENT;
	if (!make && !path_is_dir(place))
		return -ENOENT;
	r = depmod_cache_open(place, job->modules_dir, &s->cache);
	if (r < 0)
		return r;
	s->place = TAKE_PTR(place);
	s->base = path_join(s->place, "base");
	s->base_dir = path_join(s->base, "lib/modules", job->kernel);
	return dir_make(s->base_dir);
}

/* True if the verdict was about another depmod, or other settings; it is void then. */
static bool check_judge(const struct depmod_job *job, struct skeleton_run *s)
{
	if (str_eq(s->cache.judge, job->tool->identity))
		return false;
	str_set(&s->cache.judge, job->tool->identity);
	s->cache.verdict = VERDICT_NONE;
	return true;
}

/* Does depmod find the modules of one name in the same order? */
static bool is_alike(const struct depmod_job *job, const struct module_tree *real,
		     const struct module_tree *base)
{
	/* these find modules of one priority in an order of their own, whatever that of the
	 * directories is */
	bool ordered = job->tool->version >= 26 && job->tool->version <= 34;

	return !base->oddity && module_tree_same_order(real, base, !ordered);
}

static enum skeleton_use use(const struct depmod_job *job, struct skeleton_run *s,
			     const struct module_tree *real)
{
	CLEAN(module_tree) struct module_tree base = { 0 };

	module_tree_read(s->base_dir, &base);
	if (!is_alike(job, real, &base))
		return no(s, "modules of one name in directories of another order");
	if (index_base(job, s) < 0)
		return no(s, "depmod has something to say");
	if (s->cache.verdict == VERDICT_TRUSTED)
		return SKELETON_INDEX;
	str_set(&s->why, "not compared yet");
	return SKELETON_COMPARE;
}

/* --- at once: what is known is believed, and looked at while depmod runs on it --- */

/* Skeletons of modules that are gone; true if there was any. */
static bool drop_known(const struct skeleton_run *s, const struct module_tree *real)
{
	bool any = false;

	for (size_t i = 0; i < s->cache.n; i++)
		if (!module_tree_find(real, s->cache.items[i].path)) {
			drop_skeleton(s, s->cache.items[i].path);
			any = true;
		}
	return any;
}

/* The skeletons are those that are known, one for each module, and no others. */
static bool is_as_known(const struct depmod_job *job, const struct skeleton_run *s,
			const struct module_tree *real)
{
	CLEAN(module_tree) struct module_tree base = { 0 };

	module_tree_read(s->base_dir, &base);
	for (size_t i = 0; i < base.n; i++) {
		const struct skeleton *k = depmod_cache_find(&s->cache, base.items[i].path);

		if (!k || !is_own(k, &base.items[i]))
			return false;
	}
	return is_alike(job, real, &base);
}

/* A child that looks at them, and does what may be done meanwhile. */
static pid_t start_check(const struct depmod_job *job, struct skeleton_run *s,
			 const struct module_tree *real, const char *old, bool is_changed)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		bool good;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		good = is_as_known(job, s, real);
		good = (!is_changed || depmod_cache_save(&s->cache) == 0) && good;
		tree_remove(old);
		_exit(!good);
	}
	return pid;
}

static bool was_good(pid_t pid)
{
	int status = -1;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* False: all has to be done in its order; ret_changed: the state is another than before. */
static bool index_at_once(const struct depmod_job *job, struct skeleton_run *s,
			  const struct module_tree *real, bool *ret_changed, enum skeleton_use *ret)
{
	CLEAN(free) char *old = path_join(s->base, "old");
	CLEAN(todo) struct todo todo = { 0 };
	bool is_made;
	pid_t pid;

	find_todo(s, real, NULL, &todo);
	if (todo.n_packed >= PAYS)
		return false;
	*ret_changed = drop_known(s, real) || todo.n;
	if (*ret_changed && renew(job, s, real, &todo, NULL) < 0)
		return false;
	/* to remove it takes longer than to move it */
	dir_make(old);
	drop_index(s->base_dir, old);
	pid = start_check(job, s, real, old, *ret_changed);
	is_made = index_base(job, s) == 0;
	if (!was_good(pid))
		return false;
	*ret = is_made ? SKELETON_INDEX : no(s, "depmod has something to say");
	return true;
}

static enum skeleton_use index_known(const struct depmod_job *job, struct skeleton_run *s,
				     const struct module_tree *real)
{
	CLEAN(module_tree) struct module_tree base = { 0 };
	CLEAN(todo) struct todo todo = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	enum verdict before = s->cache.verdict;
	bool other = check_judge(job, s);
	bool dirty = distrust_unwritten(s) || other;
	enum skeleton_use at_once;
	int64_t index_time = 0;
	int r;

	if (!dirty && s->cache.verdict == VERDICT_TRUSTED && index_at_once(job, s, real, &dirty, &at_once))
		return at_once;
	module_tree_read(s->base_dir, &base);
	find_todo(s, real, &base, &todo);
	if (todo.n_packed >= PAYS)
		s->cache.verdict = VERDICT_NONE;
	if (s->cache.verdict == VERDICT_DIFFERS)
		return no(s, "an index of skeletons was not the same");
	if (s->cache.verdict == VERDICT_NONE)
		index_time = provable_index(job, real);
	if (todo.n_packed >= PAYS && !index_time)
		return no(s, "many modules changed");
	dirty = drop_vanished(s, real, &base) || todo.n || dirty;
	r = renew(job, s, real, &todo, &f);
	if (r == 0 && index_time)
		r = prove(job, s, real, index_time);
	if ((dirty || s->cache.verdict != before) && depmod_cache_save(&s->cache) < 0 && r == 0)
		r = -EIO;
	if (r < 0)
		return no(s, f.text ? f.text : "cannot keep skeletons");
	return use(job, s, real);
}

/* Are there skeletons, or would it pay to have some? All modules are not looked at for that. */
static bool is_of_use(const struct depmod_job *job)
{
	CLEAN(free) char *path = path_join(job->modules_dir, "modules.dep");
	CLEAN(free) char *place =
		depmod_cache_place(job->cache, job->modules_dir, job->kernel, false);
	CLEAN(buf) struct buf dep = { 0 };
	size_t n = 0;

	if (place && path_is_dir(place))
		return true;
	/* where it does not tell of them there is no index to prove anything by */
	if (file_read(AT_FDCWD, path, INDEX_MAX, &dep) < 0)
		return false;
	for (const char *line = buf_str(&dep), *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *colon = memchr(line, ':', (size_t)(end - line));

		n += colon && colon - line > 3 && memcmp(colon - 3, ".ko", 3) != 0;
	}
	return n >= PAYS;
}

enum skeleton_use skeleton_index(const struct depmod_job *job, struct skeleton_run *ret)
{
	CLEAN(module_tree) struct module_tree real = { 0 };
	const char *oddity;
	int r;

	*ret = (struct skeleton_run){ 0 };
	if (!is_of_use(job))
		return no(ret, "nothing is kept");
	module_tree_read(job->modules_dir, &real);
	r = open_cache(job, ret, &real);
	if (r < 0)
		return no(ret,
			  r == -ENOENT ? "nothing is kept" : "the cache is busy or cannot be used");
	oddity = find_oddity(job, &real);
	if (oddity)
		return no(ret, oddity);
	return index_known(job, ret, &real);
}

void skeleton_judge(const struct depmod_job *job, struct skeleton_run *s, const char *index_dir)
{
	bool same = has_same_index(s->base_dir, index_dir);

	s->cache.verdict = same ? VERDICT_TRUSTED : VERDICT_DIFFERS;
	depmod_cache_save(&s->cache);
}

void skeleton_forget(const struct depmod_job *job)
{
	CLEAN(free)
	char *place = depmod_cache_place(job->cache, job->modules_dir, job->kernel, false);

	if (place)
		tree_remove(place);
}
