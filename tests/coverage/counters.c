/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In every program of a coverage build. As gcc does it, a process writes its counters when it
 * exits, to a hundred files in the build directory. Here that would lose what matters: processes
 * that are killed, that end with _exit, that gave up the right to write or cannot see the build
 * directory. And where it works it changes what is tested: it takes system calls that the fault
 * injection counts, and in a sandbox it is what was denied.
 *
 * So the counters of a program (counters.ld puts them on pages of their own) are a file, mapped as
 * soon as the program starts and shared by all its processes. Nothing is written at exit. When all
 * is over, tests/coverage/collect starts each program once more with DKMS_COVERAGE_DUMP set: then
 * it gives the counters to gcov, and ends.
 */
#include <fcntl.h>
#include <gcov.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern char coverage_begin[], coverage_end[];

/* instead of what gcc calls when a program ends */
void __wrap___gcov_exit(void);
void __wrap___gcov_exit(void)
{
}

static int open_counters(void)
{
	char *self = realpath("/proc/self/exe", NULL), *file;
	const char *name = self ? strrchr(self, '/') : NULL;
	int fd;

	/* a copy called dkms.real is a dkms */
	if (!name || asprintf(&file, "%s%.*s", COUNTERS_DIR, (int)strcspn(name, "."), name) < 0)
		return -1;
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		mkdir(COUNTERS_DIR, 0755);
		fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		/* nobody counts too */
		if (fd >= 0)
			fchmod(fd, 0666);
	}
	free(self);
	free(file);
	return fd;
}

__attribute__((constructor)) static void share_counters(void)
{
	size_t size = (size_t)(coverage_end - coverage_begin);
	bool is_dump = getenv("DKMS_COVERAGE_DUMP");
	int fd = open_counters();

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		/* (gcov adds what other programs have counted) */
		mmap(coverage_begin, size, PROT_READ | PROT_WRITE,
		     (is_dump ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (is_dump) {
		__gcov_dump();
		_exit(0);
	}
}
