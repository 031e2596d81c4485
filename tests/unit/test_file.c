/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "temp_dir.h"

static void expect_text(const struct temp_dir *d, const char *name, const char *want)
{
	CLEAN(free) char *got = temp_dir_get(d, name);

	assert_string_equal(got, want);
}

static void expect_names(const struct temp_dir *d, const char *dir, const char *want)
{
	CLEAN(free) char *path = temp_dir_at(d, dir);
	CLEAN(strv) struct strv names = { 0 };
	CLEAN(free) char *got = NULL;

	assert_int_equal(dir_list(path, &names), 0);
	got = strv_join(&names, " ");
	assert_string_equal(got, want);
}

static void reading(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(buf) struct buf b = { 0 };
	CLEAN(free) char *fifo = NULL, *file = NULL, *empty = NULL, *line = NULL;

	temp_dir_make(&d);
	temp_dir_put(&d, "file", "12345\n67", 0644);
	temp_dir_put(&d, "empty", "", 0644);
	file = temp_dir_at(&d, "file");
	fifo = temp_dir_at(&d, "fifo");
	empty = temp_dir_at(&d, "empty");
	buf_add_str(&b, "so far:");
	assert_int_equal(file_read(AT_FDCWD, file, 8, &b), 0);
	assert_string_equal(buf_str(&b), "so far:12345\n67");
	assert_int_equal(file_read(AT_FDCWD, file, 7, &b), -EFBIG);
	assert_int_equal(file_read(AT_FDCWD, d.path, 8, &b), -EISDIR);
	/* nobody writes to it: this must not wait */
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_read(AT_FDCWD, fifo, 8, &b), -EINVAL);
	assert_int_equal(file_read(AT_FDCWD, "/nonexistent", 8, &b), -ENOENT);
	assert_int_equal(file_read_line(file, &line), 0);
	assert_string_equal(line, "12345");
	assert_int_equal(file_read_line(empty, &line), -ENODATA);
	assert_int_equal(file_read_line(d.path, &line), -EISDIR);
}

static void writing(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *file = NULL, *link = NULL, *dir = NULL, *below = NULL;
	mode_t mask = umask(077);
	struct stat st;

	temp_dir_make(&d);
	file = temp_dir_at(&d, "file");
	link = temp_dir_at(&d, "link");
	dir = temp_dir_at(&d, "dir");
	below = temp_dir_at(&d, "file/below");
	temp_dir_put(&d, ".file.dkms-new", "of one that died", 0600);
	temp_dir_put(&d, "dir/x", "", 0600);
	assert_int_equal(file_write(file, "one", 3, 0644), 0);
	assert_int_equal(file_write(file, "two", 3, 0755), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	expect_text(&d, "file", "two");
	/* a link is replaced, what it points at is left alone */
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(file_write(link, "three", 5, 0600), 0);
	assert_false(path_is_link(link));
	expect_text(&d, "file", "two");
	assert_int_equal(file_write(dir, "x", 1, 0600), -EISDIR);
	assert_int_equal(file_write(below, "x", 1, 0600), -ENOTDIR);
	assert_int_equal(file_write("/nonexistent/x", "x", 1, 0600), -ENOENT);
	expect_names(&d, ".", "dir file link");
	umask(mask);
}

static void links(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *link = NULL, *dir = NULL, *below = NULL, *target = NULL;

	temp_dir_make(&d);
	link = temp_dir_at(&d, "link");
	dir = temp_dir_at(&d, "dir");
	below = temp_dir_at(&d, "link/below");
	temp_dir_put(&d, "link", "a file", 0600);
	temp_dir_put(&d, "dir/x", "", 0600);
	temp_dir_put(&d, ".link.dkms-new", "of one that died", 0600);
	assert_int_equal(link_set("nowhere", link), 0);
	assert_true(path_is_link(link) && path_lexists(link));
	assert_false(path_exists(link) || path_is_file(link) || path_is_dir(link));
	assert_int_equal(link_set("dir", link), 0);
	assert_true(path_is_dir(link));
	assert_int_equal(link_read(AT_FDCWD, link, &target), 0);
	assert_string_equal(target, "dir");
	assert_int_equal(link_set("x", dir), -EISDIR);
	assert_int_equal(link_set("x", "/nonexistent/x"), -ENOENT);
	assert_int_equal(link_set("", link), -ENOENT);
	expect_names(&d, ".", "dir link");
	free(TAKE_PTR(target));
	assert_int_equal(link_read(AT_FDCWD, dir, &target), -EINVAL);
	assert_int_equal(link_read(AT_FDCWD, below, &target), -ENOENT);
}

static void directories(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *deep = NULL, *file = NULL, *below = NULL;
	CLEAN(strv) struct strv names = { 0 };

	temp_dir_make(&d);
	deep = temp_dir_at(&d, "a/b/c");
	file = temp_dir_at(&d, "file");
	below = temp_dir_at(&d, "file/x/y");
	temp_dir_put(&d, "file", "", 0600);
	assert_int_equal(dir_make(deep), 0);
	assert_int_equal(dir_make(deep), 0);
	assert_true(path_is_dir(deep));
	assert_int_equal(dir_make(file), -ENOTDIR);
	assert_int_equal(dir_make(below), -ENOTDIR);
	assert_int_equal(dir_make(""), -ENOENT);
	assert_int_equal(dir_list(file, &names), -ENOTDIR);
	assert_int_equal(tree_sync(d.path), 0);
	assert_int_equal(tree_sync(file), -ENOTDIR);
	assert_int_equal(dir_sync_of(below), -ENOTDIR);
}

/* What is empty goes, up to a directory that stays whatever is in it. */
static void pruning(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *stop = NULL, *deep = NULL, *gone = NULL, *other = NULL;

	temp_dir_make(&d);
	stop = temp_dir_at(&d, "stop");
	deep = temp_dir_at(&d, "stop//a/b/c");
	gone = temp_dir_at(&d, "stop/gone/b/");
	other = temp_dir_at(&d, "other");
	assert_int_equal(dir_make(deep), 0);
	assert_int_equal(dir_make(other), 0);
	temp_dir_put(&d, "stop/a/x", "", 0600);
	assert_int_equal(dir_prune(deep, stop), 0);
	expect_names(&d, "stop/a", "x");
	assert_int_equal(dir_prune(gone, stop), 0);
	assert_int_equal(dir_prune(other, stop), 0);
	expect_names(&d, ".", "other stop");
	temp_dir_put(&d, "stop/a/y/z/file", "", 0600);
	free(TAKE_PTR(deep));
	deep = temp_dir_at(&d, "stop/a/y/empty/deeper");
	assert_int_equal(dir_make(deep), 0);
	free(TAKE_PTR(gone));
	gone = temp_dir_at(&d, "stop/a/link");
	assert_int_equal(symlink(other, gone), 0);
	dir_prune_below(stop);
	expect_names(&d, "stop/a", "link x y");
	expect_names(&d, "stop/a/y", "z");
	dir_prune_below(gone);
	dir_prune_below("/nonexistent");
	expect_names(&d, ".", "other stop");
}

static void removing(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *tree = NULL, *link = NULL, *below = NULL, *keep = NULL;

	temp_dir_make(&d);
	tree = temp_dir_at(&d, "tree");
	keep = temp_dir_at(&d, "keep");
	link = temp_dir_at(&d, "tree/a/link");
	below = temp_dir_at(&d, "keep/x/below");
	temp_dir_put(&d, "tree/a/b/c", "", 0000);
	temp_dir_put(&d, "keep/x", "", 0600);
	assert_int_equal(symlink(keep, link), 0);
	assert_int_equal(tree_remove(tree), 0);
	assert_int_equal(tree_remove(tree), 0);
	assert_int_equal(tree_remove(below), 0);
	expect_names(&d, ".", "keep");
	expect_names(&d, "keep", "x");
}

/* In a child: the mounts are its own. */
static int remove_around_mounts(const struct temp_dir *d)
{
	CLEAN(free) char *tree = temp_dir_at(d, "tree"), *bound = temp_dir_at(d, "tree/bound");
	CLEAN(free) char *other = temp_dir_at(d, "tree/other"), *keep = temp_dir_at(d, "keep");

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    dir_make(bound) < 0 || dir_make(other) < 0)
		return 77;
	if (mount(keep, bound, NULL, MS_BIND, NULL) < 0 || tree_remove(tree) != -EXDEV)
		return 1;
	if (!path_is_dir(bound) || path_is_dir(other))
		return 2;
	/* of another file system, seen from its device number */
	if (dir_make(other) < 0 || mount("tmpfs", other, "tmpfs", 0, NULL) < 0 ||
	    tree_remove(tree) != -EXDEV || !path_is_dir(other))
		return 3;
	return 0;
}

static void removing_does_not_cross_mounts(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	int status = 0;
	pid_t pid;

	temp_dir_make(&d);
	temp_dir_put(&d, "keep/x", "kept", 0600);
	pid = fork();
	if (pid == 0)
		_exit(remove_around_mounts(&d));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	expect_text(&d, "keep/x", "kept");
	if (WEXITSTATUS(status) == 77 && geteuid() != 0)
		skip();
	assert_int_equal(status, 0);
}

static void copying(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *from = NULL, *to = NULL, *dir = NULL;
	CLEAN(buf) struct buf large = { 0 };
	struct stat st;

	temp_dir_make(&d);
	from = temp_dir_at(&d, "from");
	to = temp_dir_at(&d, "to");
	dir = temp_dir_at(&d, "dir");
	for (int i = 0; i < 100000; i++)
		buf_add_str(&large, "0123456789");
	assert_int_equal(file_write(from, large.data, large.len, 0600), 0);
	temp_dir_put(&d, "to", "old", 0600);
	temp_dir_put(&d, "dir/x", "", 0600);
	assert_int_equal(file_copy(from, to, 0755), 0);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(file_same(from, to), 1);
	assert_int_equal(file_copy("/nonexistent", to, 0644), -ENOENT);
	assert_int_equal(file_copy(from, dir, 0644), -EISDIR);
	assert_int_equal(file_copy(from, "/nonexistent/x", 0644), -ENOENT);
	assert_int_equal(file_copy(dir, to, 0644), -EISDIR);
}

/* A few bytes of megabytes take a few blocks in the copy too. */
static void copying_holes(void **state)
{
	enum { SIZE = 8 << 20 };
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *from = NULL, *to = NULL;
	CLEAN(fd) int fd = -1;
	struct stat st;

	temp_dir_make(&d);
	from = temp_dir_at(&d, "from");
	to = temp_dir_at(&d, "to");
	fd = open(from, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(pwrite(fd, "begin", 5, 0), 5);
	assert_int_equal(pwrite(fd, "middle", 6, SIZE / 2 - 3), 6);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	assert_int_equal(file_copy(from, to, 0644), 0);
	assert_int_equal(file_same(from, to), 1);
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_size, SIZE);
	assert_in_range(st.st_blocks, 0, (1 << 20) / 512);
}

/* Where the kernel does not copy, we do. */
static void copying_by_reading(void **state)
{
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *to = NULL;
	CLEAN(fd) int out = -1, full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int p[2];

	temp_dir_make(&d);
	to = temp_dir_at(&d, "to");
	out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(p[1], "through a pipe", 14), 0);
	close(p[1]);
	assert_int_equal(fd_copy(p[0], out), 0);
	expect_text(&d, "to", "through a pipe");
	close(p[0]);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(p[1], "x", 1), 0);
	assert_int_equal(fd_copy(p[0], full), -ENOSPC);
	assert_int_equal(fd_write_all(full, "x", 1), -ENOSPC);
	close(p[0]);
	close(p[1]);
}

static void comparing(void **state)
{
	static const struct {
		const char *a, *b;
		int same;
	} cases[] = {
		{ "one", "one", 1 },	  { "one", "again", 1 },    { "one", "link", 1 },
		{ "one", "two", 0 },	  { "one", "longer", 0 },   { "empty", "empty2", 1 },
		{ "one", "no", -ENOENT }, { "no", "one", -ENOENT }, { "dir", "dir2", -EIO },
	};
	CLEAN(temp_dir) struct temp_dir d = { 0 };
	CLEAN(free) char *link = NULL;

	temp_dir_make(&d);
	temp_dir_put(&d, "one", "one", 0600);
	temp_dir_put(&d, "again", "one", 0600);
	temp_dir_put(&d, "two", "two", 0600);
	temp_dir_put(&d, "longer", "one more", 0600);
	temp_dir_put(&d, "empty", "", 0600);
	temp_dir_put(&d, "empty2", "", 0600);
	temp_dir_put(&d, "dir/x", "", 0600);
	temp_dir_put(&d, "dir2/x", "", 0600);
	link = temp_dir_at(&d, "link");
	assert_int_equal(symlink("again", link), 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(free) char *a = temp_dir_at(&d, cases[i].a), *b = temp_dir_at(&d, cases[i].b);

		if (file_same(a, b) != cases[i].same)
			fail_msg("%s and %s: %d", cases[i].a, cases[i].b, file_same(a, b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(writing),
		cmocka_unit_test(links),
		cmocka_unit_test(directories),
		cmocka_unit_test(pruning),
		cmocka_unit_test(removing),
		cmocka_unit_test(removing_does_not_cross_mounts),
		cmocka_unit_test(copying),
		cmocka_unit_test(copying_holes),
		cmocka_unit_test(copying_by_reading),
		cmocka_unit_test(comparing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
