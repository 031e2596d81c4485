/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   peak FILE COMMAND...
 *
 * runs COMMAND and writes to FILE, in KiB, the most memory that it or one of the processes it waited for has
 * had. Exits as COMMAND does; 128 + n for signal n.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/util.h"

int main(int argc, char **argv)
{
	CLEAN(file) FILE *f = argc > 2 ? fopen(argv[1], "we") : NULL;
	struct rusage use;
	pid_t pid;
	int status;

	if (!f)
		return 125;
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &use) < 0)
		return 125;
	fprintf(f, "%ld\n", use.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
