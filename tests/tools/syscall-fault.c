/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   syscall-fault [-c FILE] [-s FILE] [-t FILE] [-p NAME] [-r DIR | -m] MODE N COMMAND...
 *
 * runs COMMAND and counts the points: the system calls that change something in a file system, made by programs whose
 * file name begins with NAME (dkms), the command itself or what it started. What other programs do (bash, make, depmod)
 * is no point. At the N-th, counted from 1, and before that call is made:
 *
 *   count      nothing (N does not matter)
 *   kill       all processes of NAME get SIGKILL; their children live on
 *   kill-main  only COMMAND itself does
 *   ENOSPC, EIO, EROFS, ESTALE, ENOMEM
 *              the call is not made and returns this
 *   ENOSPC+, EROFS+, ENOMEM+
 *              and so does every such call from then on: ENOSPC those that need space, the others all
 *
 * With -r the points are those that look at what is below DIR instead: at names, contents, links. With -m those that
 * want memory: for data or for a process.
 *
 * -c FILE gets the number of points that there were, -s FILE how often one was struck, -t FILE a line for each point.
 * Ends when COMMAND and all that it left behind have ended, with COMMAND's exit status, 128 + n for signal n.
 *
 * How: a seccomp filter that asks this process about these calls; children inherit it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "base/util.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#error "add the audit name of this architecture"
#endif

enum { NONE = -1, PATH_LEN = 4096, OPEN_TO_WRITE = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC };

/* Where a call has what is asked about it: the number of an argument, or NONE. */
struct call {
	int nr;
	const char *name;
	int path, flags, fd;
	bool needs_space;
};

#define CALL(name, path, flags, fd, needs_space) { SYS_##name, #name, path, flags, fd, needs_space }

static const struct call calls[] = {
#ifdef SYS_open
	CALL(open, 0, 1, NONE, true),
	CALL(creat, 0, NONE, NONE, true),
	CALL(mkdir, 0, NONE, NONE, true),
	CALL(rmdir, 0, NONE, NONE, false),
	CALL(rename, 1, NONE, NONE, false),
	CALL(link, 1, NONE, NONE, true),
	CALL(unlink, 0, NONE, NONE, false),
	CALL(symlink, 1, NONE, NONE, true),
	CALL(mknod, 0, NONE, NONE, true),
	CALL(chmod, 0, NONE, NONE, false),
	CALL(chown, 0, NONE, NONE, false),
	CALL(renameat, 3, NONE, NONE, false),
#endif
	CALL(openat, 1, 2, NONE, true),
	CALL(openat2, 1, NONE, NONE, true),
	CALL(mkdirat, 1, NONE, NONE, true),
	CALL(renameat2, 3, NONE, NONE, false),
	CALL(linkat, 3, NONE, NONE, true),
	CALL(unlinkat, 1, NONE, NONE, false),
	CALL(symlinkat, 2, NONE, NONE, true),
	CALL(mknodat, 1, NONE, NONE, true),
	CALL(fchmodat, 1, NONE, NONE, false),
	CALL(fchownat, 1, NONE, NONE, false),
	CALL(utimensat, 1, NONE, NONE, false),
	CALL(truncate, 0, NONE, NONE, false),
	CALL(fchmod, NONE, NONE, 0, false),
	CALL(fchown, NONE, NONE, 0, false),
	CALL(setxattr, 0, NONE, NONE, true),
	CALL(lsetxattr, 0, NONE, NONE, true),
	CALL(fsetxattr, NONE, NONE, 0, true),
	CALL(removexattr, 0, NONE, NONE, false),
	CALL(lremovexattr, 0, NONE, NONE, false),
	CALL(fremovexattr, NONE, NONE, 0, false),
	CALL(ftruncate, NONE, NONE, 0, false),
	CALL(write, NONE, NONE, 0, true),
	CALL(pwrite64, NONE, NONE, 0, true),
	CALL(writev, NONE, NONE, 0, true),
	CALL(copy_file_range, NONE, NONE, 2, true),
	CALL(sendfile, NONE, NONE, 0, true),
	CALL(fallocate, NONE, NONE, 0, true),
	CALL(fsync, NONE, NONE, 0, false),
	CALL(fdatasync, NONE, NONE, 0, false),
	CALL(syncfs, NONE, NONE, 0, false),
	CALL(mount, 1, NONE, NONE, false),
	CALL(umount2, 0, NONE, NONE, false),
	CALL(unshare, NONE, NONE, NONE, false),
};

static const struct call looks[] = {
#ifdef SYS_open
	CALL(open, 0, NONE, NONE, false),
	CALL(stat, 0, NONE, NONE, false),
	CALL(lstat, 0, NONE, NONE, false),
	CALL(readlink, 0, NONE, NONE, false),
	CALL(access, 0, NONE, NONE, false),
#endif
	CALL(openat, 1, NONE, NONE, false),
	CALL(newfstatat, 1, NONE, NONE, false),
	CALL(statx, 1, NONE, NONE, false),
	CALL(readlinkat, 1, NONE, NONE, false),
	CALL(faccessat, 1, NONE, NONE, false),
	CALL(faccessat2, 1, NONE, NONE, false),
	CALL(read, NONE, NONE, 0, false),
	CALL(pread64, NONE, NONE, 0, false),
	CALL(getdents64, NONE, NONE, 0, false),
};

static const struct call wants[] = {
#ifdef SYS_open
	CALL(fork, NONE, NONE, NONE, false),
	CALL(vfork, NONE, NONE, NONE, false),
#endif
	CALL(brk, NONE, NONE, NONE, false),
	CALL(mmap, NONE, NONE, NONE, false),
	CALL(mremap, NONE, NONE, NONE, false),
	CALL(clone, NONE, NONE, NONE, false),
	CALL(clone3, NONE, NONE, NONE, false),
};

struct fault {
	const struct call *list; /* of what may be a point */
	size_t n_list;
	const char *below; /* only what is about things there; NULL: all */
	const char *program; /* whose calls are points */
	bool kills, kills_main_only;
	int error; /* 0: none */
	bool goes_on;
	unsigned long at, seen, struck;
	FILE *trace;
	pid_t child;
	int listener;
};

/* the filter ------------------------------------------------------------------------------------ */

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (__u32)offset);
}

static struct sock_filter verdict(__u32 what)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what);
}

/* For each call: is it that one? Where flags tell: opened to write? Then ask. All numbers are little-endian. */
static int install_filter(const struct call *list, size_t n_calls)
{
	struct sock_filter code[8 * COUNT_OF(calls) + 8];
	struct sock_fprog prog = { .filter = code };
	unsigned short n = 0;

	code[n++] = load(offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
	code[n++] = verdict(SECCOMP_RET_ALLOW);
	code[n++] = load(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n_calls; i++) {
		bool has_flags = list[i].flags != NONE;

		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)list[i].nr, 0,
							 has_flags ? 4 : 1);
		if (has_flags) {
			code[n++] = load(offsetof(struct seccomp_data, args) + (size_t)list[i].flags * 8);
			code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, OPEN_TO_WRITE, 1,
								 0);
			code[n++] = verdict(SECCOMP_RET_ALLOW);
		}
		code[n++] = verdict(SECCOMP_RET_USER_NOTIF);
	}
	code[n++] = verdict(SECCOMP_RET_ALLOW);
	prog.len = n;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

static void send_fd(int to, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	sendmsg(to, &m, 0);
}

static int receive_fd(int from)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static int start(struct fault *f, char **argv)
{
	int pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	f->child = fork();
	if (f->child == 0) {
		fd = install_filter(f->list, f->n_list);
		if (fd < 0) {
			perror("syscall-fault: seccomp");
			_exit(125);
		}
		send_fd(pair[1], fd);
		close(fd);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pair[1]);
	f->listener = f->child < 0 ? -1 : receive_fd(pair[0]);
	close(pair[0]);
	return f->listener < 0 ? -1 : 0;
}

/* what is asked --------------------------------------------------------------------------------- */

static bool read_link(pid_t pid, const char *name, char *ret)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, ret, PATH_LEN - 1);
	ret[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

static bool is_ours(const struct fault *f, pid_t pid)
{
	char exe[PATH_LEN];
	const char *base;

	if (!read_link(pid, "exe", exe))
		return false;
	base = strrchr(exe, '/');
	return base && strncmp(base + 1, f->program, strlen(f->program)) == 0;
}

static void read_string(pid_t pid, __u64 at, char *ret)
{
	struct iovec here = { ret, PATH_LEN - 1 }, there = { (void *)(uintptr_t)at, PATH_LEN - 1 };
	ssize_t n;

	/* a page at a time: the next one may not be there */
	there.iov_len = here.iov_len = 4096 - at % 4096 < PATH_LEN - 1 ? 4096 - at % 4096 : PATH_LEN - 1;
	n = process_vm_readv(pid, &here, 1, &there, 1, 0);
	ret[n < 0 ? 0 : n] = '\0';
	if (n > 0 && strnlen(ret, (size_t)n) == (size_t)n && (size_t)n < PATH_LEN - 1) {
		here = (struct iovec){ ret + n, PATH_LEN - 1 - (size_t)n };
		there = (struct iovec){ (void *)(uintptr_t)(at + (__u64)n), here.iov_len };
		n += process_vm_readv(pid, &here, 1, &there, 1, 0);
		ret[n < 0 ? 0 : n] = '\0';
	}
}

static bool opens_to_write(pid_t pid, __u64 at)
{
	struct open_how how = { 0 };
	struct iovec here = { &how, sizeof(how) }, there = { (void *)(uintptr_t)at, sizeof(how) };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) > 0 && (how.flags & OPEN_TO_WRITE);
}

/* Does the call reach a file system? *ret_path is what it is about. */
static bool is_point(const struct fault *f, const struct seccomp_notif *q, const struct call *c, char *ret_path)
{
	pid_t pid = (pid_t)q->pid;
	char fd[32];

	*ret_path = '\0';
	if (!is_ours(f, pid))
		return false;
	if (c->nr == SYS_openat2 && !opens_to_write(pid, q->data.args[2]))
		return false;
	if (c->path != NONE && q->data.args[c->path])
		read_string(pid, q->data.args[c->path], ret_path);
	if (c->fd != NONE) {
		/* what it says goes wherever its caller wants */
		if ((c->nr == SYS_write || c->nr == SYS_writev) && q->data.args[c->fd] <= STDERR_FILENO)
			return false;
		snprintf(fd, sizeof(fd), "fd/%d", (int)q->data.args[c->fd]);
		if (!read_link(pid, fd, ret_path) || *ret_path != '/')
			return false;
	}
	/* .gcda: what a coverage build writes when it ends */
	return strncmp(ret_path, "/dev/", 5) != 0 && strncmp(ret_path, "/proc/", 6) != 0 &&
	       !strstr(ret_path, ".gcda");
}

/* The same for -r. */
static bool is_look(const struct fault *f, const struct seccomp_notif *q, const struct call *c, char *ret_path)
{
	char fd[32], rest[PATH_LEN], dir[PATH_LEN];
	int at = c->fd != NONE ? c->fd : c->path - 1;
	pid_t pid = (pid_t)q->pid;

	*ret_path = '\0';
	if (!is_ours(f, pid))
		return false;
	if ((c->nr == SYS_openat && (q->data.args[2] & OPEN_TO_WRITE)) ||
	    (c->path == 0 && str_eq(c->name, "open") && (q->data.args[1] & OPEN_TO_WRITE)))
		return false;
	rest[0] = '\0';
	if (c->path != NONE && q->data.args[c->path])
		read_string(pid, q->data.args[c->path], rest);
	if (rest[0] == '/') {
		snprintf(ret_path, PATH_LEN, "%s", rest);
	} else if (at >= 0 && (int)q->data.args[at] >= 0) {
		snprintf(fd, sizeof(fd), "fd/%d", (int)q->data.args[at]);
		if (!read_link(pid, fd, dir))
			return false;
		snprintf(ret_path, PATH_LEN, "%.2000s%s%.2000s", dir, *rest ? "/" : "", rest);
	}
	return strncmp(ret_path, f->below, strlen(f->below)) == 0;
}

/* The same for -m. (A question for where the end of memory is cannot fail.) */
static bool is_want(const struct fault *f, const struct seccomp_notif *q, char *ret_path)
{
	*ret_path = '\0';
	return is_ours(f, (pid_t)q->pid) && (q->data.nr != SYS_brk || q->data.args[0] != 0);
}

static bool is_wanted_point(const struct fault *f, const struct seccomp_notif *q, const struct call *c,
			    char *ret_path)
{
	if (f->list == wants)
		return is_want(f, q, ret_path);
	return f->list == looks ? is_look(f, q, c, ret_path) : is_point(f, q, c, ret_path);
}

static const struct call *find_call(const struct fault *f, int nr)
{
	for (size_t i = 0; i < f->n_list; i++)
		if (f->list[i].nr == nr)
			return &f->list[i];
	return NULL;
}

/* what is done ---------------------------------------------------------------------------------- */

static void kill_below(const struct fault *f, pid_t pid)
{
	char path[64];
	FILE *children;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	children = fopen(path, "re");
	/* what was read before its parent died is still to be found */
	if (is_ours(f, pid))
		kill(pid, SIGKILL);
	while (children && fscanf(children, "%d", &child) == 1)
		kill_below(f, child);
	if (children)
		fclose(children);
}

static int list_children(pid_t pid, pid_t *ret, int max)
{
	char path[64];
	FILE *children;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	children = fopen(path, "re");
	while (children && n < max && fscanf(children, "%d", &ret[n]) == 1)
		n++;
	if (children)
		fclose(children);
	return n;
}

static void kill_all(const struct fault *f)
{
	pid_t below[256];
	int n = list_children(f->child, below, COUNT_OF(below));

	kill(f->child, SIGKILL);
	if (f->kills_main_only)
		return;
	for (int i = 0; i < n; i++)
		kill_below(f, below[i]);
}

static bool is_struck(const struct fault *f, const struct call *c)
{
	if (f->seen == f->at)
		return true;
	if (!f->goes_on || f->seen < f->at)
		return false;
	return f->error == ENOSPC ? c->needs_space : c->nr != SYS_unshare && c->nr != SYS_mount;
}

static void judge(struct fault *f, const struct seccomp_notif *q, struct seccomp_notif_resp *a)
{
	char path[PATH_LEN];
	const struct call *c = find_call(f, q->data.nr);

	a->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (!c || !is_wanted_point(f, q, c, path))
		return;
	f->seen++;
	if (f->trace)
		fprintf(f->trace, "%lu %s%s %s\n", f->seen, (pid_t)q->pid == f->child ? "" : "worker ", c->name,
			path);
	if (!f->at || !is_struck(f, c))
		return;
	f->struck++;
	if (f->kills || f->kills_main_only)
		kill_all(f);
	/* who was killed might still make its call, was it let */
	if (!f->error && !f->kills && (pid_t)q->pid != f->child)
		return;
	a->flags = 0;
	/* brk has no errors: it returns an end that is not the one that was asked for */
	a->error = c->nr == SYS_brk ? 0 : -(f->error ? f->error : EINTR);
}

static void answer(struct fault *f)
{
	struct seccomp_notif q = { 0 };
	struct seccomp_notif_resp a = { 0 };

	if (ioctl(f->listener, SECCOMP_IOCTL_NOTIF_RECV, &q) < 0)
		return; /* it was killed meanwhile */
	a.id = q.id;
	judge(f, &q, &a);
	ioctl(f->listener, SECCOMP_IOCTL_NOTIF_SEND, &a);
}

/* Until there are no children any more: orphans become ours. */
static int serve(struct fault *f)
{
	struct pollfd p[2] = { { .fd = f->listener, .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo info;
	int status = 0, ours = 0;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p[1].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == f->child)
				ours = status;
		if (pid < 0)
			break;
		poll(p, 2, -1);
		if (p[0].revents & POLLIN)
			answer(f);
		if (p[1].revents && read(p[1].fd, &info, sizeof(info)) < 0)
			p[1].revents = 0;
		if (p[0].revents & ~POLLIN)
			p[0].fd = -1;
	}
	return WIFEXITED(ours) ? WEXITSTATUS(ours) : 128 + WTERMSIG(ours);
}

static int take_mode(struct fault *f, const char *mode)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EROFS", EROFS }, { "ESTALE", ESTALE },
			{ "ENOMEM", ENOMEM } };

	f->kills = strcmp(mode, "kill") == 0;
	f->kills_main_only = strcmp(mode, "kill-main") == 0;
	if (f->kills || f->kills_main_only)
		return 0;
	if (strcmp(mode, "count") == 0) {
		f->at = 0;
		return 0;
	}
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		size_t n = strlen(errors[i].name);

		if (strncmp(mode, errors[i].name, n) != 0)
			continue;
		f->error = errors[i].error;
		f->goes_on = strcmp(mode + n, "+") == 0;
		return 0;
	}
	return -1;
}

static void write_number(const char *file, unsigned long n)
{
	FILE *out = file ? fopen(file, "we") : NULL;

	if (!out)
		return;
	fprintf(out, "%lu\n", n);
	fclose(out);
}

int main(int argc, char **argv)
{
	struct fault f = { .list = calls, .n_list = COUNT_OF(calls), .program = "dkms", .listener = -1 };
	const char *count = NULL, *struck = NULL;
	int opt, status;

	while ((opt = getopt(argc, argv, "+c:s:t:p:r:m")) >= 0) {
		if (opt == 'c')
			count = optarg;
		else if (opt == 's')
			struck = optarg;
		else if (opt == 't')
			f.trace = fopen(optarg, "we");
		else if (opt == 'p')
			f.program = optarg;
		else if (opt == 'r')
			f.below = optarg, f.list = looks, f.n_list = COUNT_OF(looks);
		else if (opt == 'm')
			f.list = wants, f.n_list = COUNT_OF(wants);
		else
			return 125;
	}
	if (argc - optind < 3)
		return 125;
	f.at = strtoul(argv[optind + 1], NULL, 10);
	if (take_mode(&f, argv[optind]) < 0)
		return 125;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (start(&f, argv + optind + 2) < 0)
		return 125;
	status = serve(&f);
	if (f.trace)
		fclose(f.trace);
	write_number(count, f.seen);
	write_number(struck, f.struck);
	return status;
}
