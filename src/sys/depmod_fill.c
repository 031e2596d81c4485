/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/depmod_fill.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/elf_skeleton.h"
#include "sys/module_file.h"
#include "sys/module_image.h"
#include "sys/run.h"

enum { WORKERS_MAX = 16, PER_WORKER = 16 };
/* A file that changed less than this ago could change again without its times showing it: they go
 * in ticks. */
static const int64_t racy_ns = 100000000;

/* What a worker tells of a module, in memory that it shares with us. */
struct made {
	bool done;
	struct file_id real, own;
	uint64_t hash;
	char why[256];
};

struct filling {
	const char *modules_dir, *base_dir;
	const struct tree_module *const *modules;
	size_t n;
	const struct depmod_tool *tool;
	struct made *made;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The content decides, for depmod too. */
static bool is_readable(const struct depmod_tool *t, const struct buf *raw)
{
	const struct {
		const char *magic;
		size_t n;
		bool can;
	} packings[] = { { "\x1f\x8b", 2, t->gz },
			 { "\xfd"
			   "7zXZ\0",
			   6, t->xz },
			 { "\x28\xb5\x2f\xfd", 4, t->zst } };

	for (size_t i = 0; i < COUNT_OF(packings); i++)
		if (raw->len >= packings[i].n &&
		    memcmp(raw->data, packings[i].magic, packings[i].n) == 0)
			return packings[i].can;
	return true;
}

static int stat_id(const char *path, struct file_id *ret)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	file_id_of(&st, ret);
	return 0;
}

static int read_module(const char *path, const struct depmod_tool *tool, struct module_image *ret,
		       struct fail *f)
{
	CLEAN(buf) struct buf raw = { 0 };
	int r = file_read(AT_FDCWD, path, MODULE_FILE_MAX, &raw);

	if (r < 0)
		return fail_errno(f, r, "cannot read it");
	if (!is_readable(tool, &raw))
		return fail_set(f, -ENOTSUP, "depmod does not read this compression");
	return module_image_unpack(&raw, ret, f);
}

static int write_skeleton(const char *path, const struct buf *b, struct file_id *ret)
{
	CLEAN(free) char *dir = path_dir(path);
	CLEAN(fd) int fd = -1;
	int r = 0;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT) {
		r = dir_make(dir);
		fd = r < 0 ? -1
			   : open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return r < 0 ? r : -errno;
	r = fd_write_all(fd, b->data, b->len);
	return r < 0 ? r : stat_id(path, ret);
}

static int make_one(const struct filling *fill, size_t i, struct fail *f)
{
	const struct tree_module *m = fill->modules[i];
	struct made *made = &fill->made[i];
	CLEAN(free) char *from = path_join(fill->modules_dir, m->path);
	CLEAN(free) char *to = path_join(fill->base_dir, m->path);
	CLEAN(module_image) struct module_image elf = { 0 };
	CLEAN(buf) struct buf skeleton = { 0 };
	int64_t began = now_ns();
	struct file_id after;
	int r = read_module(from, fill->tool, &elf, f);

	if (r == 0)
		r = elf_skeleton_make(elf.data, elf.len, &skeleton, f);
	if (r < 0)
		return r;
	if (stat_id(from, &after) < 0 || !file_id_is(&after, &m->id))
		return fail_set(f, -EAGAIN, "it changed meanwhile");
	r = write_skeleton(to, &skeleton, &made->own);
	if (r < 0)
		return fail_errno(f, r, "cannot write its skeleton");
	made->real = m->id;
	if (m->id.ctime > began - racy_ns)
		made->real.inode = 0;
	made->hash = hash_bytes(skeleton.data, skeleton.len);
	return 0;
}

__attribute__((noreturn)) static void work(const struct filling *fill, size_t first, size_t step)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = first; i < fill->n && !run_pending_signal(); i += step) {
		struct fail f = { 0 };

		if (make_one(fill, i, &f) < 0)
			snprintf(fill->made[i].why, sizeof(fill->made[i].why), "%s", f.text);
		else
			fill->made[i].done = true;
		fail_done(&f);
	}
	_exit(0);
}

static size_t count_workers(size_t n)
{
	cpu_set_t set;
	size_t cpus = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (size_t)CPU_COUNT(&set);
	size_t most = (n + PER_WORKER - 1) / PER_WORKER;

	if (cpus > WORKERS_MAX)
		cpus = WORKERS_MAX;
	return cpus < most ? cpus : most;
}

static void run_workers(const struct filling *fill)
{
	size_t n = count_workers(fill->n), started = 0;
	pid_t pids[WORKERS_MAX];

	fflush(NULL);
	for (size_t i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			work(fill, i, n);
		if (pid > 0)
			pids[started++] = pid;
	}
	for (size_t i = 0; i < started; i++)
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
}

int depmod_fill(const char *modules_dir, const char *base_dir,
		const struct tree_module *const *modules, size_t n, const struct depmod_tool *tool,
		struct skeleton *ret, struct fail *f)
{
	struct filling fill = { modules_dir, base_dir, modules, n, tool, NULL };
	size_t size = n * sizeof(*fill.made);
	int r = 0;

	if (n == 0)
		return 0;
	fill.made = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fill.made == MAP_FAILED)
		return fail_errno(f, errno, "cannot make skeletons");
	run_workers(&fill);
	for (size_t i = 0; i < n; i++) {
		const struct made *m = &fill.made[i];

		if (m->done)
			ret[i] = (struct skeleton){ modules[i]->path, m->real, m->own, m->hash };
		else if (r == 0)
			r = fail_set(f, -EBADMSG, "no skeleton: %s: %s", modules[i]->path,
				     *m->why ? m->why : "not made");
	}
	munmap(fill.made, size);
	return r;
}
