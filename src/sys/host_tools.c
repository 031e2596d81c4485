/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/host_tools.h"

#include <elf.h>
#include <fcntl.h>

#include "base/mem.h"
#include "base/path.h"
#include "core/cross.h"
#include "sys/run.h"

enum { RUN_MS = 5000, OUTPUT_MAX = 64 << 10 };

/* The e_machine of an ELF file, 0 where it is none. */
static int machine_of(const char *path)
{
	CLEAN(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char h[20];

	if (fd < 0 || pread(fd, h, sizeof(h), 0) != sizeof(h) || memcmp(h, ELFMAG, SELFMAG) != 0)
		return 0;
	return h[EI_DATA] == ELFDATA2MSB ? h[18] << 8 | h[19] : h[19] << 8 | h[18];
}

/* The kernel may have been told to run it by an emulator. Without arguments it prints its usage. */
static bool runs_here(const char *path, const struct strv *environment)
{
	const char *const argv[] = { path, NULL };
	CLEAN(buf) struct buf out = { 0 };
	const struct run r = { .argv = argv,
			       .env = environment,
			       .cwd = "/",
			       .out_fd = RUN_NULL,
			       .err_fd = RUN_AS_OUT,
			       .capture = &out,
			       .capture_max = OUTPUT_MAX,
			       .timeout_ms = RUN_MS };
	struct run_result res = { 0 };

	return run_command(&r, &res, NULL) == 0 && res.status < 126;
}

char *host_tools_foreign(const struct kernel *k, const struct strv *environment)
{
	CLEAN(free) char *path = path_join(k->source_dir, "scripts/basic/fixdep");
	CLEAN(free) char *host = NULL;
	int machine = machine_of(path);

	if (!machine)
		return NULL;
	host = kernel_running_arch();
	return cross_is_foreign(host, machine) && !runs_here(path, environment) ? TAKE_PTR(path)
										: NULL;
}
