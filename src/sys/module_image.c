/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/module_image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/mem.h"
#include "sys/module_file.h"

enum { LARGE = 1 << 20, SMALL_MAX = 8 << 20 };

static int map(int fd, struct module_image *ret, struct fail *f)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) < 0 || st.st_size == 0)
		return fail_set(f, -EBADMSG, "it is empty");
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return fail_errno(f, errno, "cannot map it");
	*ret = (struct module_image){ .data = data, .len = (size_t)st.st_size, .large = data };
	return 0;
}

static void take_small(struct buf *b, struct module_image *ret)
{
	*ret = (struct module_image){ .small = *b };
	*b = (struct buf){ 0 };
	ret->data = buf_str(&ret->small);
	ret->len = ret->small.len;
}

static int unpack_large(const struct buf *raw, struct module_image *ret, struct fail *f)
{
	CLEAN(fd) int fd = memfd_create("dkms-module", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return fail_errno(f, errno, "cannot unpack it");
	r = module_file_unpack_to(raw->data, raw->len, MODULE_FILE_MAX, fd, f);
	return r < 0 ? r : map(fd, ret, f);
}

int module_image_unpack(struct buf *raw, struct module_image *ret, struct fail *f)
{
	CLEAN(buf) struct buf small = { 0 };
	CLEAN(fail) struct fail why = { 0 };
	int r;

	if (!module_file_is_packed(raw->data, raw->len)) {
		take_small(raw, ret);
		return 0;
	}
	if (raw->len >= LARGE)
		return unpack_large(raw, ret, f);
	r = module_file_unpack(raw->data, raw->len, SMALL_MAX, &small, &why);
	if (r == -EFBIG)
		return unpack_large(raw, ret, f);
	if (r == 0)
		take_small(&small, ret);
	fail_move(f, &why);
	return r;
}

/* A copy, not the file itself: that may get shorter under our eyes. 1: it is none of these. */
static int copy_large(const char *path, struct module_image *ret, struct fail *f)
{
	CLEAN(fd) int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEAN(fd) int to = -1;
	char magic[8] = "";
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < LARGE ||
	    st.st_size > MODULE_FILE_MAX)
		return 1;
	if (pread(from, magic, sizeof(magic), 0) != sizeof(magic) ||
	    module_file_is_packed(magic, sizeof(magic)))
		return 1;
	to = memfd_create("dkms-module", MFD_CLOEXEC);
	if (to < 0)
		return 1;
	r = fd_copy(from, to);
	return r < 0 ? fail_errno(f, r, "cannot read '%s'", path) : map(to, ret, f);
}

int module_image_read(const char *path, struct module_image *ret, struct fail *f)
{
	CLEAN(buf) struct buf raw = { 0 };
	int r = copy_large(path, ret, f);

	if (r <= 0)
		return r;
	r = file_read(AT_FDCWD, path, MODULE_FILE_MAX, &raw);
	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", path);
	r = module_image_unpack(&raw, ret, f);
	if (r < 0)
		fail_wrap(f, "cannot unpack '%s'", path);
	return r;
}

void module_image_done(struct module_image *m)
{
	buf_done(&m->small);
	if (m->large)
		munmap(m->large, m->len);
	*m = (struct module_image){ 0 };
}
