/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * no-syscall ERRNO NAME[,NAME...] COMMAND...: runs a command for which some system calls fail, as in a container or with an
 * older kernel, or on another file system. ERRNO is one of the names below. "unshare" and "renameat2" may be given as
 * unshare:FLAG (hexadecimal): only calls with that flag.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/strv.h"

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

static const struct {
	const char *name;
	int nr;
	size_t flags; /* which argument has them */
} table[] = {
	{ "unshare", SYS_unshare, 0 },
	{ "renameat2", SYS_renameat2, 4 },
	{ "setns", SYS_setns, 0 },
	{ "mount", SYS_mount, 0 },
	{ "mount_setattr", SYS_mount_setattr, 0 },
	{ "open_tree", SYS_open_tree, 0 },
	{ "seccomp", SYS_seccomp, 0 },
	{ "setresuid", SYS_setresuid, 0 },
	{ "setgroups", SYS_setgroups, 0 },
	{ "fanotify_init", SYS_fanotify_init, 0 },
	{ "fanotify_mark", SYS_fanotify_mark, 0 },
};

static const struct {
	const char *name;
	unsigned err;
} errors[] = { { "EPERM", EPERM }, { "ENOSYS", ENOSYS }, { "EINVAL", EINVAL }, { "EXDEV", EXDEV }, { "EIO", EIO },
	       { "ENOSPC", ENOSPC }, { "EROFS", EROFS } };

static struct sock_filter code[64];
static unsigned short n;

static unsigned find_error(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(errors); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].err;
	fprintf(stderr, "no-syscall: '%s' is none of its errors\n", name);
	exit(2);
}

static void put(unsigned short op, unsigned char yes, unsigned char no, unsigned k)
{
	code[n++] = (struct sock_filter){ op, yes, no, k };
}

static void put_word(const char *word, unsigned err)
{
	const char *flag = strchr(word, ':');
	size_t len = strcspn(word, ":");

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (strncmp(table[i].name, word, len) != 0 || table[i].name[len])
			continue;
		put(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
		put(BPF_JMP | BPF_JEQ | BPF_K, 0, flag ? 3 : 1, (unsigned)table[i].nr);
		if (flag) {
			put(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args) + table[i].flags * 8);
			put(BPF_JMP | BPF_JSET | BPF_K, 0, 1, (unsigned)strtoul(flag + 1, NULL, 16));
		}
		put(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | err);
		return;
	}
	fprintf(stderr, "no-syscall: '%s' is not in the table\n", word);
	exit(2);
}

int main(int argc, char **argv)
{
	CLEAN(strv) struct strv words = { 0 };
	struct sock_fprog prog = { .filter = code };

	if (argc < 4)
		return 2;
	strv_split(&words, argv[2], ",");
	for (size_t i = 0; i < words.n; i++)
		put_word(words.items[i], find_error(argv[1]));
	put(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	prog.len = n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0) {
		perror("no-syscall: seccomp");
		return 2;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
