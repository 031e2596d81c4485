/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for libFuzzer: runs the target on every file of the directories that are given. */
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "fuzz.h"

static int replay(const char *path)
{
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(free) uint8_t *exact = NULL;
	int r = file_read(AT_FDCWD, path, 16 << 20, &b);

	if (r < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
		return 1;
	}
	/* no byte more, so that a sanitizer sees what reads beyond */
	exact = (uint8_t *)xmemdup(buf_str(&b), b.len);
	LLVMFuzzerTestOneInput(exact, b.len);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = 0;
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		CLEAN(strv) struct strv names = { 0 };

		dir_list(argv[i], &names);
		for (size_t k = 0; k < names.n; k++) {
			CLEAN(free) char *path = path_join(argv[i], names.items[k]);

			bad |= replay(path);
		}
		n += names.n;
	}
	printf("%zu inputs\n", n);
	return n == 0 || bad;
}
