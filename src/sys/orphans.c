/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/orphans.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

/* One that does not even end when it is killed waits for a device: it is left to that. */
enum { GRACE_USEC = 30000, NAP_USEC = 10000, ROUNDS_MAX = 200, LIST_MAX = 1 << 20 };

void orphans_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Those that still run. */
static void list_children(struct strv *ret)
{
	CLEAN(buf) struct buf b = { 0 };

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	/* a kernel may be without that list: nothing can be done there */
	if (file_read(AT_FDCWD, "/proc/thread-self/children", LIST_MAX, &b) == 0)
		strv_split(ret, buf_str(&b), " \n");
}

static void add_name(const char *pid, struct strv *ret)
{
	CLEAN(free) char *file = path_join("/proc", pid, "comm"), *comm = NULL;

	if (file_read_line(file, &comm) == 0 && !strv_has(ret, comm))
		strv_take(ret, TAKE_PTR(comm));
}

/* What it started becomes ours when it has ended. */
static bool end_children(struct strv *ret_names)
{
	CLEAN(strv) struct strv pids = { 0 };
	bool any = false;

	list_children(&pids);
	for (size_t i = 0; i < pids.n; i++) {
		add_name(pids.items[i], ret_names);
		any = kill((pid_t)atoi(pids.items[i]), SIGKILL) == 0 || any;
	}
	return any;
}

void orphans_end(struct strv *ret_names)
{
	CLEAN(strv) struct strv pids = { 0 };

	list_children(&pids);
	if (pids.n)
		usleep(GRACE_USEC);
	for (int i = 0; pids.n && i < ROUNDS_MAX && end_children(ret_names); i++)
		usleep(NAP_USEC);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}
