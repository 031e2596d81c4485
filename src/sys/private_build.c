/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/private_build.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

static int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

bool private_build_is_possible(void)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(own_mounts() < 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static char *all_private_dirs(const struct layout *l)
{
	CLEAN(free) char *version = layout_version(l);

	return path_join(version, ".build");
}

char *private_build_dir(const struct layout *l)
{
	CLEAN(free) char *all = all_private_dirs(l);
	CLEAN(free) char *name = xasprintf("%s-%s", l->kernel, l->arch);

	return path_join(all, name);
}

/* While builds run, the log of the newest is found where people look for it. */
static void point_to_log(const struct layout *l, const char *build)
{
	CLEAN(free) char *link = path_join(build, "make.log");
	CLEAN(free) char *target = xasprintf("../.build/%s-%s/make.log", l->kernel, l->arch);

	link_set(target, link);
}

int private_build_enter(const struct layout *l, struct fail *f)
{
	CLEAN(free) char *build = layout_build_dir(l), *own = private_build_dir(l);
	int r = tree_remove(own);

	if (r == 0)
		r = dir_make(own);
	if (r == 0)
		r = dir_make(build);
	if (r == 0)
		point_to_log(l, build);
	if (r == 0)
		r = own_mounts();
	if (r == 0 && mount(own, build, NULL, MS_BIND, NULL) < 0)
		r = -errno;
	return r < 0 ? fail_errno(f, r, "cannot make a private build directory '%s'", own) : 0;
}

int private_build_settle(const struct layout *l, const char *failed, struct fail *f)
{
	CLEAN(free) char *build = layout_build_dir(l), *all = all_private_dirs(l);
	bool was_moved = failed && !path_lexists(failed);
	int r = was_moved ? 0 : tree_remove(build);

	if (r == 0 && failed && !was_moved && rename(failed, build) < 0)
		r = -errno;
	if (r == 0)
		r = tree_remove(all);
	return r < 0 ? fail_errno(f, r, "cannot tidy up '%s'", build) : 0;
}
