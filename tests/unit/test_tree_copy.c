/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "sys/tree_copy.h"
#include "temp_dir.h"

/* Where the tests copy from and to. */
struct place {
	struct temp_dir dir;
	char *from, *to;
};

static void place_set_up(struct place *p)
{
	temp_dir_make(&p->dir);
	p->from = temp_dir_at(&p->dir, "from");
	p->to = temp_dir_at(&p->dir, "to");
	assert_int_equal(mkdir(p->from, 0755), 0);
}

static void clean_place(struct place *p)
{
	clean_temp_dir(&p->dir);
	free(p->from);
	free(p->to);
}

static struct stat stat_of(const struct place *p, const char *name)
{
	CLEAN(free) char *path = temp_dir_at(&p->dir, name);
	struct stat st = { 0 };

	if (lstat(path, &st) < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return st;
}

static void set_time(const struct place *p, const char *name, time_t sec, long nsec)
{
	CLEAN(free) char *path = temp_dir_at(&p->dir, name);
	struct timespec t[2] = { { sec, nsec }, { sec, nsec } };

	assert_int_equal(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW), 0);
}

static void assert_same_time(const struct place *p, const char *a, const char *b)
{
	struct stat x = stat_of(p, a), y = stat_of(p, b);

	assert_int_equal(x.st_mtim.tv_sec, y.st_mtim.tv_sec);
	assert_int_equal(x.st_mtim.tv_nsec, y.st_mtim.tv_nsec);
}

static void assert_text(const struct place *p, const char *name, const char *text)
{
	CLEAN(free) char *got = temp_dir_get(&p->dir, name);

	assert_string_equal(got, text);
}

static void keeps_times_and_modes(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(free) char *suid = NULL;

	place_set_up(&p);
	temp_dir_put(&p.dir, "from/sub/run.sh", "#!/bin/sh\n", 0755);
	temp_dir_put(&p.dir, "from/read only", "x", 0444);
	temp_dir_put(&p.dir, "from/suid", "x", 0755);
	suid = temp_dir_at(&p.dir, "from/suid");
	assert_int_equal(chmod(suid, 06755), 0);
	set_time(&p, "from/sub/run.sh", 1000000000, 123456789);
	set_time(&p, "from/sub", 1000000001, 1);
	set_time(&p, "from", 1000000002, 999999999);
	assert_int_equal(tree_copy(p.from, p.to, NULL), 0);
	assert_same_time(&p, "from/sub/run.sh", "to/sub/run.sh");
	assert_same_time(&p, "from/sub", "to/sub");
	assert_same_time(&p, "from", "to");
	assert_int_equal(stat_of(&p, "to/sub/run.sh").st_mode & 07777, 0755);
	assert_int_equal(stat_of(&p, "to/read only").st_mode & 07777, 0444);
	assert_int_equal(stat_of(&p, "to/suid").st_mode & 07777, 0755);
	assert_text(&p, "to/sub/run.sh", "#!/bin/sh\n");
}

static void links_stay_as_they_are(void **state)
{
	static const char *const targets[] = { "../../outside", "/etc/passwd", "nowhere", "." };
	CLEAN(place) struct place p = { 0 };

	place_set_up(&p);
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		CLEAN(free) char *path = xasprintf("%s/l%zu", p.from, i);

		assert_int_equal(symlink(targets[i], path), 0);
	}
	set_time(&p, "from/l0", 5, 6);
	assert_int_equal(tree_copy(p.from, p.to, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		CLEAN(free) char *path = xasprintf("%s/l%zu", p.to, i);
		CLEAN(free) char *target = NULL;

		assert_int_equal(link_read(AT_FDCWD, path, &target), 0);
		assert_string_equal(target, targets[i]);
	}
	assert_same_time(&p, "from/l0", "to/l0");
}

static void link_at_the_top_is_followed(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(free) char *link = NULL;

	place_set_up(&p);
	temp_dir_put(&p.dir, "from/f", "text", 0644);
	link = temp_dir_at(&p.dir, "link");
	assert_int_equal(symlink("from", link), 0);
	assert_int_equal(tree_copy(link, p.to, NULL), 0);
	assert_text(&p, "to/f", "text");
}

static void odd_names(void **state)
{
	static const char *const names[] = { "from/ ",	      "from/-rf",     "from/new\nline",
					     "from/\377\376", "from/*",	      "from/%s",
					     "from/.hidden",  "from/d ir/'\"" };
	CLEAN(place) struct place p = { 0 };

	place_set_up(&p);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		temp_dir_put(&p.dir, names[i], names[i], 0644);
	assert_int_equal(tree_copy(p.from, p.to, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CLEAN(free) char *copy = path_join("to", names[i] + strlen("from/"));

		assert_text(&p, copy, names[i]);
	}
}

static void what_is_no_file_is_left_out(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(free) char *fifo = NULL, *copy = NULL;

	place_set_up(&p);
	fifo = temp_dir_at(&p.dir, "from/fifo");
	copy = temp_dir_at(&p.dir, "to/fifo");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(tree_copy(p.from, p.to, NULL), 0);
	assert_false(path_lexists(copy));
}

static void merges_over_what_is_there(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(free) char *link = NULL;

	place_set_up(&p);
	temp_dir_put(&p.dir, "from/a", "new", 0644);
	temp_dir_put(&p.dir, "from/d/b", "new", 0644);
	temp_dir_put(&p.dir, "to/d/b", "old and longer", 0444);
	temp_dir_put(&p.dir, "to/d/keep", "old", 0644);
	temp_dir_put(&p.dir, "outside", "untouched", 0644);
	link = temp_dir_at(&p.dir, "to/a");
	assert_int_equal(symlink("../outside", link), 0);
	assert_int_equal(tree_copy(p.from, p.to, NULL), 0);
	assert_text(&p, "to/a", "new");
	assert_text(&p, "to/d/b", "new");
	assert_text(&p, "to/d/keep", "old");
	assert_text(&p, "outside", "untouched");
}

static void never_writes_through_a_link(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	CLEAN(free) char *link = NULL, *outside = NULL;

	place_set_up(&p);
	temp_dir_put(&p.dir, "from/d/b", "new", 0644);
	temp_dir_put(&p.dir, "outside/x", "", 0644);
	temp_dir_put(&p.dir, "to/x", "", 0644);
	link = temp_dir_at(&p.dir, "to/d");
	outside = temp_dir_at(&p.dir, "outside/b");
	assert_int_equal(symlink("../outside", link), 0);
	assert_true(tree_copy(p.from, p.to, &f) < 0);
	assert_non_null(strstr(f.text, "/from/d'"));
	assert_false(path_lexists(outside));
}

static void copy_into_itself_ends(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(free) char *inside = NULL;

	place_set_up(&p);
	temp_dir_put(&p.dir, "from/a", "x", 0644);
	inside = temp_dir_at(&p.dir, "from/in");
	assert_int_equal(tree_copy(p.from, inside, NULL), 0);
	assert_text(&p, "from/in/a", "x");
	assert_text(&p, "from/in/in/a", "");
}

static void missing_source_is_told(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(fail) struct fail f = { 0 };

	place_set_up(&p);
	assert_int_equal(tree_copy("/no/such/dir", p.to, &f), -ENOENT);
	assert_non_null(strstr(f.text, "'/no/such/dir'"));
	assert_false(path_lexists(p.to));
}

static void full_disk_is_told_with_the_path(void **state)
{
	CLEAN(place) struct place p = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	struct rlimit old, small = { 10, 10 };

	place_set_up(&p);
	temp_dir_put(&p.dir, "from/sub/big", "more than ten bytes of text", 0644);
	/* the nearest to a full disk that a test can have: a limit on the size of files */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(tree_copy(p.from, p.to, &f), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(f.text, "/from/sub/big'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_times_and_modes),
		cmocka_unit_test(links_stay_as_they_are),
		cmocka_unit_test(link_at_the_top_is_followed),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(what_is_no_file_is_left_out),
		cmocka_unit_test(merges_over_what_is_there),
		cmocka_unit_test(never_writes_through_a_link),
		cmocka_unit_test(copy_into_itself_ends),
		cmocka_unit_test(missing_source_is_told),
		cmocka_unit_test(full_disk_is_told_with_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
