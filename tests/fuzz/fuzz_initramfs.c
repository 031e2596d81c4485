/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"
#include "helper/initramfs.h"

/* Any bytes as an initramfs: it is listed, or there is a word on why not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char wanted[] = "hello";
	char *names[] = { wanted };
	CLEAN(fd) int fd = memfd_create("image", MFD_CLOEXEC);
	CLEAN(fail) struct fail f = { 0 };
	int r;

	if (!freopen("/dev/null", "w", stdout) || fd < 0 || fd_write_all(fd, data, size) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	r = initramfs_list(fd, "6.1.0", names, 1, &f);
	if (r > 0 || (r < 0 && !f.text))
		abort();
	return 0;
}
