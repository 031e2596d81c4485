/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure ROUNDS [-n TIMES COMMAND ARGS... --]...
 *
 * Runs the commands in turn, ROUNDS times over, each TIMES times a round, and prints for each one line:
 * the shortest wall time in microseconds and the largest resident size, in KiB, that one of its processes
 * had. Output goes to /dev/null; a command that fails ends it all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct command {
	int times;
	char **argv;
	long best;
	long kib;
};

enum { MAX_COMMANDS = 16 };

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void run_once(struct command *c)
{
	struct rusage usage;
	long begun = now();
	int status = 0;

	pid_t pid = vfork();
	if (pid == 0) {
		execvp(c->argv[0], c->argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
		fprintf(stderr, "measure: %s failed (%d)\n", c->argv[0], status);
		exit(1);
	}
	long took = now() - begun;
	if (c->best == 0 || took < c->best)
		c->best = took;
	if (usage.ru_maxrss > c->kib)
		c->kib = usage.ru_maxrss;
}

static int parse(char **argv, struct command *commands)
{
	int n = 0;

	for (; *argv && n < MAX_COMMANDS; n++) {
		commands[n] = (struct command){ .times = 1 };
		if (strcmp(*argv, "-n") == 0 && argv[1]) {
			commands[n].times = atoi(argv[1]);
			argv += 2;
		}
		commands[n].argv = argv;
		while (*argv && strcmp(*argv, "--") != 0)
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct command commands[MAX_COMMANDS];

	if (argc < 3)
		return 2;
	int n = parse(argv + 2, commands);
	int out = dup(1);
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	for (int round = 0; round < atoi(argv[1]); round++)
		for (int i = 0; i < n; i++)
			for (int k = 0; k < commands[i].times; k++)
				run_once(&commands[i]);
	for (int i = 0; i < n; i++)
		dprintf(out, "%ld %ld\n", commands[i].best, commands[i].kib);
	return 0;
}
