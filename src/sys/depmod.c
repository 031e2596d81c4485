/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/run.h"

/* Where depmod -b has to point so that it finds <base>/lib/modules/<kernel>. */
struct base {
	char *dir;  /* NULL: the real root, no -b */
	char *made; /* a private directory to take away afterwards */
};

static void clean_base(struct base *b)
{
	if (b->made)
		tree_remove(b->made);
	free(b->made);
	free(b->dir);
}

static int make_base(const char *install_tree, struct base *ret, struct fail *f)
{
	CLEAN(free) char *clean = path_squeeze(install_tree);
	CLEAN(free) char *lib = NULL, *link = NULL, *real = NULL;

	if (str_eq(clean, "/lib/modules"))
		return 0;
	if (str_has_suffix(clean, "/lib/modules")) {
		ret->dir = xstrndup(clean, strlen(clean) - strlen("/lib/modules"));
		return 0;
	}
	real = realpath(clean, NULL);
	if (!real)
		return fail_errno(f, errno, "cannot find the install tree '%s'", clean);
	ret->made = xstrdup("/tmp/dkms-depmod.XXXXXX");
	if (!mkdtemp(ret->made)) {
		free(TAKE_PTR(ret->made));
		return fail_errno(f, errno, "cannot make a directory for depmod");
	}
	ret->dir = xstrdup(ret->made);
	lib = path_join(ret->made, "lib");
	link = path_join(lib, "modules");
	if (mkdir(lib, 0755) < 0 || symlink(real, link) < 0)
		return fail_errno(f, errno, "cannot make a directory for depmod");
	return 0;
}

static int drop_index(const char *dir)
{
	static const char *const names[] = { "modules.alias",	"modules.dep",	   "modules.devname",
					     "modules.softdep", "modules.symbols", "modules.weakdep" };
	CLEAN(strv) struct strv files = { 0 };

	dir_list(dir, &files);
	for (size_t i = 0; i < files.n; i++) {
		CLEAN(free) char *path = path_join(dir, files.items[i]);
		bool ours = str_has_prefix(files.items[i], "modules.") &&
			    str_has_suffix(files.items[i], ".bin");

		for (size_t k = 0; k < COUNT_OF(names); k++)
			ours = ours || str_eq(files.items[i], names[k]);
		if (ours)
			unlink(path);
	}
	rmdir(dir);
	return DEPMOD_EMPTY;
}

int depmod_run(const char *install_tree, const char *kernel, const struct strv *environment,
	       struct fail *f)
{
	CLEAN(base) struct base base = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	CLEAN(free) char *dir = path_join(install_tree, kernel);
	CLEAN(free) char *index = path_join(dir, "modules.dep");
	CLEAN(free) char *map = xasprintf("/boot/System.map-%s", kernel);
	const char *argv[8] = { "depmod", "-a" };
	struct run run = { .argv = argv, .env = environment, .out_fd = RUN_NULL, .err_fd = RUN_AS_OUT,
			   .capture = &out, .capture_max = 1 << 20, .shielded = true };
	struct run_result res = { 0 };
	struct stat st;
	size_t n = 2;
	int r;

	if (!path_exists(index))
		return DEPMOD_NO_INDEX;
	r = make_base(install_tree, &base, f);
	if (r < 0)
		return r;
	if (base.dir) {
		argv[n++] = "-b";
		argv[n++] = base.dir;
	}
	if (path_is_file(map)) {
		argv[n++] = "-F";
		argv[n++] = map;
	}
	argv[n++] = kernel;
	r = run_command(&run, &res, f);
	if (r < 0)
		return fail_wrap(f, "depmod for kernel %s", kernel), -E_DEPMOD_FAILED;
	if (res.status != 0)
		return fail_set(f, -E_DEPMOD_FAILED, "depmod for kernel %s failed with status %d: %s",
				kernel, res.status, buf_str(&out));
	if (stat(index, &st) == 0 && st.st_size == 0)
		return drop_index(dir);
	return DEPMOD_DONE;
}
