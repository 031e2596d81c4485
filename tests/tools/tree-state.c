/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the cases about dying at every point ask of a tree, each in one process.
 *
 *   tree-state digest DIR [LEAVE_OUT...]
 *
 * prints a line for all that is below DIR, sorted: kind, mode, and a digest of the contents or the target of a link. Of
 * files whose contents are never the same twice (logs, records of failures), only that they are there. What may be lost
 * at any time (.manifest), and what is below DIR/LEAVE_OUT, is left out. The first line is a digest of all, with the
 * manifests, and with numbers of processes taken for equal: two trees with the same one are the same to who comes next.
 *
 *   tree-state restore SAVED DIR NEW
 *
 * makes DIR what SAVED is, times and attributes too, touching only what differs. Below DIR/NEW all is as good as new to who
 * remembers stats: what is remembered there is never right, so that each run has to do the same.
 *
 *   tree-state agrees DKMS_TREE INSTALL_TREE <STATUS
 *
 * Is what `dkms status` said what is on the disk? Prints what is not, also of manifests that are neither whole nor empty.
 *
 *   tree-state without-manifests DKMS_TREE COMMAND...
 *
 * runs COMMAND where there are no manifests; then they are back. (The times of directories stay: they go into tarballs.)
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"

enum { FILE_MAX = 64 << 20 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tree-state: %s: %m\n", what);
	exit(125);
}

static struct strv found;

static void find_all(const char *dir, int (*see)(const char *, const struct stat *, int, struct FTW *))
{
	nftw(dir, see, 64, FTW_PHYS);
	strv_sort(&found);
}

/* digest ---------------------------------------------------------------------------------------- */

static const char *top;
static char **left_out;
static uint64_t key;

static bool is_never_the_same(const char *path)
{
	return str_has_suffix(path, "make.log") || str_has_suffix(path, "/record") || str_has_suffix(path, "/log");
}

/* FNV-1a */
static uint64_t digest(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

/* A number of a process is as good as another. */
static uint64_t digest_of_text(uint64_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t digits = strspn(s + i, "0123456789");

		if (digits > 2)
			i += digits - 1;
		h = digest(h, digits > 2 ? "#" : s + i, 1);
	}
	return h;
}

/* Of the names and values of user's and security's attributes; 0: none. */
static uint64_t digest_of_attributes(const char *path)
{
	char names[4096], value[4096];
	ssize_t n = llistxattr(path, names, sizeof(names));
	uint64_t h = 0;

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t m = lgetxattr(path, names + i, value, sizeof(value));

		h += digest(digest(0xcbf29ce484222325, names + i, strlen(names + i)), value, m > 0 ? (size_t)m : 0);
	}
	return h;
}

static uint64_t digest_of_file(const char *path, bool is_private)
{
	CLEAN(buf) struct buf b = { 0 };

	if (file_read(AT_FDCWD, path, FILE_MAX, &b) < 0)
		return 0;
	if (is_private)
		return digest_of_text(0xcbf29ce484222325, buf_str(&b), b.len);
	return digest(0xcbf29ce484222325, b.data, b.len);
}

static int see_line(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	CLEAN(free) char *target = NULL;
	const char *name = path + strlen(top) + 1;
	unsigned mode = st->st_mode & 07777;

	(void)kind;
	if (at->level == 0)
		return 0;
	for (char **l = left_out; *l; l++)
		if (path_is_below(name, *l))
			return 0;
	if (S_ISLNK(st->st_mode) && link_read(AT_FDCWD, path, &target) == 0)
		strv_add_fmt(&found, "%s link %s", name, target);
	else if (S_ISDIR(st->st_mode))
		strv_add_fmt(&found, "%s dir %o", name, mode);
	else if (!S_ISREG(st->st_mode))
		strv_add_fmt(&found, "%s special %o", name, st->st_mode);
	else if (str_eq(path_base(name), ".manifest"))
		strv_add_fmt(&found, "%s file %o %d", name, mode, st->st_size > 0);
	else if (is_never_the_same(path))
		strv_add_fmt(&found, "%s file %o", name, mode);
	else
		strv_add_fmt(&found, "%s file %o %016llx", name, mode,
			     (unsigned long long)(digest_of_file(path, strstr(name, ".dkms/") != NULL) ^
						  digest_of_attributes(path)));
	return 0;
}

static bool is_shown(const char *line)
{
	return !strstr(line, "/.manifest file ") && !strstr(line, "/.loaded file ");
}

static int print_digest(const char *dir, char **leave_out)
{
	top = dir;
	left_out = leave_out;
	find_all(dir, see_line);
	key = 0xcbf29ce484222325;
	for (size_t i = 0; i < found.n; i++) {
		const char *line = found.items[i];
		bool is_private = strstr(line, ".dkms/") || strncmp(line, "tmp/", 4) == 0;

		key = is_private ? digest_of_text(key, line, strlen(line)) : digest(key, line, strlen(line));
	}
	printf("%016llx\n", (unsigned long long)key);
	for (size_t i = 0; i < found.n; i++)
		if (is_shown(found.items[i]))
			puts(found.items[i]);
	return 0;
}

/* restore --------------------------------------------------------------------------------------- */

static const char *all_new;

static bool is_taken_over(const char *now, const struct stat *want)
{
	struct stat is;

	return lstat(now, &is) == 0 && is.st_uid == want->st_uid && is.st_gid == want->st_gid &&
	       is.st_mode == want->st_mode && is.st_mtim.tv_sec == want->st_mtim.tv_sec &&
	       is.st_mtim.tv_nsec == want->st_mtim.tv_nsec;
}

static void take_over(const char *now, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (lchown(now, st->st_uid, st->st_gid) < 0 ||
	    (!S_ISLNK(st->st_mode) && chmod(now, st->st_mode & 07777) < 0) ||
	    utimensat(AT_FDCWD, now, times, AT_SYMLINK_NOFOLLOW) < 0)
		die(now);
}

static void copy_attributes(const char *saved, const char *now)
{
	char names[4096], value[4096];
	ssize_t n = llistxattr(saved, names, sizeof(names));

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t m = lgetxattr(saved, names + i, value, sizeof(value));

		if (m < 0 || lsetxattr(now, names + i, value, (size_t)m, 0) < 0)
			die(now);
	}
}

static void make_link(const char *saved, const char *now)
{
	CLEAN(free) char *want = NULL, *is = NULL;

	if (link_read(AT_FDCWD, saved, &want) < 0)
		die(saved);
	if (link_read(AT_FDCWD, now, &is) == 0 && str_eq(is, want))
		return;
	unlink(now);
	if (symlink(want, now) < 0)
		die(now);
}

static void make_file(const char *saved, const struct stat *want, const char *now, const struct stat *is)
{
	if (is && is->st_size == want->st_size && is->st_nlink == 1 && file_same(saved, now) == 1 &&
	    digest_of_attributes(saved) == digest_of_attributes(now))
		return;
	unlink(now);
	if (file_copy(saved, now, 0600) < 0)
		die(now);
	copy_attributes(saved, now);
}

static void make_same(const char *saved, const char *now);

static void make_dir(const char *saved, const char *now, bool is_there)
{
	CLEAN(strv) struct strv want = { 0 }, is = { 0 };

	if (!is_there && mkdir(now, 0700) < 0)
		die(now);
	if (dir_list(saved, &want) < 0 || dir_list(now, &is) < 0)
		die(now);
	for (size_t i = 0; i < is.n; i++) {
		CLEAN(free) char *path = path_join(now, is.items[i]);

		if (!strv_has(&want, is.items[i]) && tree_remove(path) < 0)
			die(path);
	}
	for (size_t i = 0; i < want.n; i++) {
		CLEAN(free) char *from = path_join(saved, want.items[i]), *to = path_join(now, want.items[i]);

		make_same(from, to);
	}
}

static void make_same(const char *saved, const char *now)
{
	struct stat want, is;
	bool is_there;

	if (lstat(saved, &want) < 0)
		die(saved);
	is_there = lstat(now, &is) == 0;
	if (is_there && (is.st_mode & S_IFMT) != (want.st_mode & S_IFMT)) {
		if (tree_remove(now) < 0)
			die(now);
		is_there = false;
	}
	if (S_ISDIR(want.st_mode))
		make_dir(saved, now, is_there);
	else if (S_ISLNK(want.st_mode))
		make_link(saved, now);
	else if (S_ISREG(want.st_mode))
		make_file(saved, &want, now, is_there ? &is : NULL);
	else if (!S_ISFIFO(want.st_mode) || (!is_there && mkfifo(now, 0600) < 0))
		die(saved);
	if (path_is_below(now, all_new) || !is_taken_over(now, &want))
		take_over(now, &want);
}

/* agrees ---------------------------------------------------------------------------------------- */

static const char *wanted_name, *wanted_file;
static bool is_same_somewhere;
static int n_wrong;

static void wrong(const char *line, const char *what, const char *name)
{
	printf("status says '%s', but %s: %s\n", line, what, name);
	n_wrong++;
}

static int see_same(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)kind;
	(void)at;
	if (!S_ISDIR(st->st_mode) && str_eq(path_base(path), wanted_name) && file_same(wanted_file, path) == 1)
		is_same_somewhere = true;
	return 0;
}

/* The names of modules in a conf of the cases: BUILT_MODULE_NAME[n]="name" */
static void promised(const char *version_dir, struct strv *ret)
{
	CLEAN(free) char *path = path_join(version_dir, "source/dkms.conf");
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(strv) struct strv lines = { 0 };

	if (file_read(AT_FDCWD, path, FILE_MAX, &text) < 0)
		return;
	strv_split(&lines, buf_str(&text), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char name[256];

		if (sscanf(lines.items[i], "BUILT_MODULE_NAME[%*d]=\"%255[^\"]\"", name) == 1)
			strv_add(ret, name);
	}
}

static bool is_module_of(const char *file, const char *name)
{
	size_t n = strlen(name);

	return strncmp(file, name, n) == 0 && strncmp(file + n, ".ko", 3) == 0;
}

struct line {
	char module[128], version[128], kernel[128], arch[64], state[32];
};

static void check_build(const char *text, const struct line *l, const char *dkms_tree, const char *install_tree)
{
	CLEAN(free) char *version = path_join(dkms_tree, l->module, l->version);
	CLEAN(free) char *dir = path_join(version, l->kernel, l->arch, "module");
	CLEAN(free) char *originals = path_join(dkms_tree, l->module, "original_module", l->kernel, l->arch);
	CLEAN(free) char *kernel = path_join(install_tree, l->kernel);
	CLEAN(strv) struct strv names = { 0 }, built = { 0 };
	bool missing = strstr(text, "(Built modules are missing"), differs = strstr(text, "(Differences between");
	bool is_installed = str_eq(l->state, "installed"), lacks = false, differs_really = false;

	promised(version, &names);
	dir_list(dir, &built);
	for (size_t i = 0; i < names.n; i++) {
		size_t b = 0;

		while (b < built.n && !is_module_of(built.items[b], names.items[i]))
			b++;
		if (b == built.n) {
			lacks = true;
			if (!missing)
				wrong(text, "this is not built", names.items[i]);
			continue;
		}
		CLEAN(free) char *file = path_join(dir, built.items[b]);

		wanted_name = built.items[b];
		wanted_file = file;
		is_same_somewhere = false;
		nftw(kernel, see_same, 64, FTW_PHYS);
		differs_really |= !is_same_somewhere;
		if (is_installed && !missing && !differs && !is_same_somewhere)
			wrong(text, "this is not installed, or another", built.items[b]);
	}
	if (names.n == 0)
		wrong(text, "what should be there is not known", dir);
	if (missing && !lacks)
		wrong(text, "nothing is missing", dir);
	if (differs && !differs_really)
		wrong(text, "nothing differs", dir);
	if ((strstr(text, "(Original modules exist)") != NULL) != path_is_dir(originals))
		wrong(text, "see", originals);
}

static void check_line(const char *text, const char *dkms_tree, const char *install_tree)
{
	struct line l = { 0 };

	if (sscanf(text, "%127[^/]/%127[^,], %127[^,], %63[^:]: %31s", l.module, l.version, l.kernel, l.arch, l.state) ==
	    5) {
		check_build(text, &l, dkms_tree, install_tree);
	} else if (sscanf(text, "%127[^/]/%127[^:]: %31s", l.module, l.version, l.state) == 3) {
		CLEAN(free) char *conf = path_join(dkms_tree, l.module, l.version, "source/dkms.conf");

		if (str_eq(l.state, "added") && !path_is_file(conf))
			wrong(text, "there is no", conf);
	} else {
		wrong(text, "who knows what", "that is");
	}
}

static int see_manifest(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	if (kind == FTW_F && str_eq(path_base(path), ".manifest"))
		strv_add(&found, path);
	return 0;
}

/* All that its first line promises is there. (One that was only just made may be empty.) */
static bool is_whole(const char *path)
{
	CLEAN(buf) struct buf b = { 0 };
	int format;
	size_t memory, record;

	if (file_read(AT_FDCWD, path, FILE_MAX, &b) < 0)
		return false;
	return b.len == 0 || (sscanf(buf_str(&b), "dkms-manifest %d %*s %zu %*s %zu", &format, &memory, &record) == 3 &&
			      format == 1 && b.len >= 67 + memory + record);
}

static int check_status(const char *dkms_tree, const char *install_tree)
{
	char text[1024];

	while (fgets(text, sizeof(text), stdin)) {
		text[strcspn(text, "\n")] = '\0';
		if (*text)
			check_line(text, dkms_tree, install_tree);
	}
	find_all(dkms_tree, see_manifest);
	for (size_t i = 0; i < found.n; i++)
		if (!is_whole(found.items[i])) {
			printf("a manifest is neither old nor new: %s\n", found.items[i]);
			n_wrong++;
		}
	return n_wrong > 0;
}

/* without-manifests ----------------------------------------------------------------------------- */

static void move_manifest(const char *path, bool away)
{
	CLEAN(free) char *other = xasprintf("%s-away", path), *dir = path_dir(path);
	struct stat st;

	if (stat(dir, &st) < 0 || rename(away ? path : other, away ? other : path) < 0)
		die(path);
	take_over(dir, &st);
}

static int run_without(const char *dkms_tree, char **argv)
{
	int status = 0;
	pid_t pid;

	find_all(dkms_tree, see_manifest);
	for (size_t i = 0; i < found.n; i++)
		move_manifest(found.items[i], true);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die(argv[0]);
	for (size_t i = 0; i < found.n; i++)
		move_manifest(found.items[i], false);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int r = 125;

	if (str_eq(what, "digest") && argc >= 3) {
		r = print_digest(argv[2], argv + 3);
	} else if (str_eq(what, "restore") && argc == 5) {
		CLEAN(free) char *new = path_join(argv[3], argv[4]);

		all_new = new;
		make_same(argv[2], argv[3]);
		r = 0;
	} else if (str_eq(what, "agrees") && argc == 4) {
		r = check_status(argv[2], argv[3]);
	} else if (str_eq(what, "without-manifests") && argc > 3) {
		r = run_without(argv[2], argv + 3);
	}
	strv_done(&found);
	return r;
}
