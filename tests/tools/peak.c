/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   peak [-p NAME] FILE COMMAND...
 *
 * runs COMMAND and writes to FILE, in KiB, the most memory that it or one of the processes it waited for has
 * had. With -p: that one of the processes below it has had whose program's file name begins with NAME; what it
 * started does not count. Exits as COMMAND does; 128 + n for signal n.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"

static bool is_named(pid_t pid, const char *name)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/exe", (int)pid), *exe = NULL;

	return link_read(AT_FDCWD, path, &exe) == 0 && str_has_prefix(path_base(exe), name);
}

static long high_water_mark(pid_t pid)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/status", (int)pid);
	CLEAN(file) FILE *f = fopen(path, "re");
	char line[256];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	return kib;
}

/* Looks at each process of that name in the moment in which it ends, or becomes another program. */
static long watch(pid_t child, const char *name, int *ret_status)
{
	long most = 0;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		int event = status >> 16, sig = 0;

		if (pid < 0)
			continue;
		if (!WIFSTOPPED(status)) {
			if (pid == child)
				*ret_status = status;
			continue;
		}
		if (event == PTRACE_EVENT_EXIT && is_named(pid, name)) {
			long kib = high_water_mark(pid);

			most = kib > most ? kib : most;
		}
		if (event == 0)
			sig = WSTOPSIG(status);
		ptrace(PTRACE_CONT, pid, 0, sig);
	}
	return most;
}

static pid_t start(char **argv, const char *name)
{
	const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
	pid_t pid = fork();

	if (pid == 0) {
		if (name)
			raise(SIGSTOP);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || !name)
		return pid;
	waitpid(pid, NULL, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0) {
		kill(pid, SIGKILL);
		return -1;
	}
	kill(pid, SIGCONT);
	return pid;
}

int main(int argc, char **argv)
{
	const char *name = argc > 3 && strcmp(argv[1], "-p") == 0 ? argv[2] : NULL;
	char **args = argv + (name ? 3 : 1);
	CLEAN(file) FILE *f = args[0] && args[1] ? fopen(args[0], "we") : NULL;
	struct rusage use;
	int status = 0;
	long kib = 0;
	pid_t pid;

	if (!f)
		return 125;
	pid = start(args + 1, name);
	if (pid < 0)
		return 125;
	if (name)
		kib = watch(pid, name, &status);
	else if (waitpid(pid, &status, 0) < 0)
		return 125;
	else if (getrusage(RUSAGE_CHILDREN, &use) == 0)
		kib = use.ru_maxrss;
	fprintf(f, "%ld\n", kib);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
