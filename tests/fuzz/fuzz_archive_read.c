/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "fuzz.h"
#include "helper/archive_read.h"
#include "helper/libarchive.h"

static const struct archive_limits limits = { .size = 1 << 20, .members = 200 };

static struct archive *open_bytes(const uint8_t *data, size_t size)
{
	struct archive *a = archive_reader_new();

	if (!a || archive_read_open_memory(a, data, size) == ARCHIVE_OK)
		return a;
	archive_read_free(a);
	return NULL;
}

/* <temp>/in is what is written to; nothing else may appear in <temp>. */
static void unpack(const uint8_t *data, size_t size)
{
	CLEAN(archive_reader) struct archive *a = open_bytes(data, size);
	CLEAN(free) char *temp = xstrdup("/tmp/dkms-fuzz.XXXXXX");
	CLEAN(free) char *in = NULL;
	CLEAN(strv) struct strv names = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	CLEAN(fd) int fd = -1;

	if (!a || !mkdtemp(temp))
		abort();
	in = path_join(temp, "in");
	if (mkdir(in, 0700) < 0)
		abort();
	fd = open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (archive_unpack(a, &limits, fd, &f) < 0 && !f.text)
		abort();
	if (dir_list(temp, &names) < 0 || names.n != 1)
		abort();
	if (tree_remove(temp) < 0)
		abort();
}

/* Any bytes as an archive; what passes the rules is unpacked. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(archive_reader) struct archive *a = open_bytes(data, size);
	CLEAN(fail) struct fail f = { 0 };
	uint64_t total = 0;
	int r;

	if (!a)
		return 0;
	r = archive_scan(a, &limits, &total, &f);
	if (r < 0) {
		if (r != -E_NOT_AN_ARCHIVE || !f.text)
			abort();
		return 0;
	}
	if (total > limits.size)
		abort();
	unpack(data, size);
	return 0;
}
