/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/sandbox_view.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define OWN_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define OWN_ARCH AUDIT_ARCH_ARM
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define OWN_ARCH AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCH AUDIT_ARCH_RISCV64
#elif defined(__loongarch64) && defined(AUDIT_ARCH_LOONGARCH64)
#define OWN_ARCH AUDIT_ARCH_LOONGARCH64
#endif

enum { PATH_READ_MAX = 4096 };

enum call_kind {
	CALL_OPEN,   /* writes or makes, as its flags say */
	CALL_MAKE,   /* a new name */
	CALL_REMOVE, /* a name that is there */
	CALL_CHANGE, /* what has the name */
	CALL_READ,
	CALL_CONNECT,
	CALL_KILL,
};

/* Numbers of arguments; -1: none. */
struct call {
	int nr;
	enum call_kind kind;
	int dir, path, flags;
};

static const struct call calls[] = {
#ifdef SYS_open
	{ SYS_open, CALL_OPEN, -1, 0, 1 },
	{ SYS_creat, CALL_MAKE, -1, 0, -1 },
	{ SYS_mkdir, CALL_MAKE, -1, 0, -1 },
	{ SYS_rmdir, CALL_REMOVE, -1, 0, -1 },
	{ SYS_unlink, CALL_REMOVE, -1, 0, -1 },
	{ SYS_rename, CALL_MAKE, -1, 1, -1 },
	{ SYS_link, CALL_MAKE, -1, 1, -1 },
	{ SYS_symlink, CALL_MAKE, -1, 1, -1 },
	{ SYS_chmod, CALL_CHANGE, -1, 0, -1 },
	{ SYS_chown, CALL_CHANGE, -1, 0, -1 },
	{ SYS_mknod, CALL_MAKE, -1, 0, -1 },
#endif
	{ SYS_openat, CALL_OPEN, 0, 1, 2 },
	{ SYS_mkdirat, CALL_MAKE, 0, 1, -1 },
	{ SYS_unlinkat, CALL_REMOVE, 0, 1, -1 },
#ifdef SYS_renameat
	{ SYS_renameat, CALL_MAKE, 2, 3, -1 },
#endif
	{ SYS_renameat2, CALL_MAKE, 2, 3, -1 },
	{ SYS_linkat, CALL_MAKE, 2, 3, -1 },
	{ SYS_symlinkat, CALL_MAKE, 1, 2, -1 },
	{ SYS_mknodat, CALL_MAKE, 0, 1, -1 },
	{ SYS_fchmodat, CALL_CHANGE, 0, 1, -1 },
	{ SYS_fchownat, CALL_CHANGE, 0, 1, -1 },
	{ SYS_truncate, CALL_CHANGE, -1, 0, -1 },
	{ SYS_utimensat, CALL_CHANGE, 0, 1, -1 },
	{ SYS_connect, CALL_CONNECT, -1, -1, -1 },
	{ SYS_kill, CALL_KILL, -1, -1, -1 },
};

/* Where a thorough watch looks too. */
static const struct call read_calls[] = {
#ifdef SYS_open
	{ SYS_stat, CALL_READ, -1, 0, -1 },	{ SYS_lstat, CALL_READ, -1, 0, -1 },
	{ SYS_access, CALL_READ, -1, 0, -1 },	{ SYS_readlink, CALL_READ, -1, 0, -1 },
#endif
	{ SYS_execve, CALL_READ, -1, 0, -1 },	{ SYS_chdir, CALL_READ, -1, 0, -1 },
	{ SYS_faccessat, CALL_READ, 0, 1, -1 },
#ifdef SYS_faccessat2
	{ SYS_faccessat2, CALL_READ, 0, 1, -1 },
#endif
#ifdef SYS_newfstatat
	{ SYS_newfstatat, CALL_READ, 0, 1, -1 },
#endif
#ifdef SYS_statx
	{ SYS_statx, CALL_READ, 0, 1, -1 },
#endif
};

static const struct call *find_call(int nr)
{
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if (calls[i].nr == nr)
			return &calls[i];
	for (size_t i = 0; i < COUNT_OF(read_calls); i++)
		if (read_calls[i].nr == nr)
			return &read_calls[i];
	return NULL;
}

/* in the command -------------------------------------------------------------------------------- */

#ifdef OWN_ARCH

enum { FILTER_MAX = 8 + 4 * (COUNT_OF(calls) + COUNT_OF(read_calls)) };

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
};

static void put(struct filter *f, struct sock_filter c)
{
	f->code[f->n++] = c;
}

static void put_load(struct filter *f, size_t offset)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static void put_return(struct filter *f, unsigned what)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

/* Flags are an int in the low half of the argument. */
static size_t low_half(int arg)
{
	size_t at = offsetof(struct seccomp_data, args) + (size_t)arg * sizeof(__u64);

	return at + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(__u32) : 0);
}

static void put_call(struct filter *f, const struct call *c, bool thorough)
{
	const unsigned writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

	if (c->kind == CALL_OPEN && !thorough) {
		put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)c->nr, 0, 4));
		put_load(f, low_half(c->flags));
		put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, writing, 0, 1));
		put_return(f, SECCOMP_RET_USER_NOTIF);
		put_return(f, SECCOMP_RET_ALLOW);
		return;
	}
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)c->nr, 0, 1));
	put_return(f, SECCOMP_RET_USER_NOTIF);
}

static void make_filter(struct filter *f, bool thorough)
{
	put_load(f, offsetof(struct seccomp_data, arch));
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0));
	put_return(f, SECCOMP_RET_ALLOW);
	put_load(f, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		put_call(f, &calls[i], thorough);
	for (size_t i = 0; i < COUNT_OF(read_calls) && thorough; i++)
		put_call(f, &read_calls[i], thorough);
	put_return(f, SECCOMP_RET_ALLOW);
}

/* To let a call go on is an answer that came with 5.5; there is no way to ask for it. */
static bool can_continue(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	return uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 5));
}

static int install(const struct filter *f, unsigned flags)
{
	struct sock_fprog prog = { .len = f->n, .filter = (struct sock_filter *)f->code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

int sandbox_watch_start(bool thorough)
{
	/* compilers do not spy on themselves; kernels before 5.16 slow down whatever has a filter, for fear of it */
	enum { SPEC_ALLOW = 1 << 2, NEW_LISTENER = 1 << 3, WAIT_KILLABLE = 1 << 5 };
	struct filter f = { .n = 0 };
	int fd;

	if (!can_continue())
		return -ENOSYS;
	make_filter(&f, thorough);
	/* without it (before 5.19) a signal can interrupt a call that none interrupted before */
	fd = install(&f, NEW_LISTENER | SPEC_ALLOW | WAIT_KILLABLE);
	if (fd < 0 && errno == EINVAL)
		fd = install(&f, NEW_LISTENER | SPEC_ALLOW);
	if (fd < 0)
		return -errno;
	return fd;
}

#else

int sandbox_watch_start(bool thorough)
{
	return -ENOSYS;
}

#endif

/* in the first process -------------------------------------------------------------------------- */

static ssize_t read_memory(pid_t pid, uint64_t at, void *to, size_t n)
{
	struct iovec local = { to, n }, remote = { (void *)(uintptr_t)at, n };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

/* A string of the command's memory, which ends where a page may end; caller frees; NULL: none. */
static char *read_string(pid_t pid, uint64_t at)
{
	enum { PAGE = 4096 };
	char text[PATH_READ_MAX];
	size_t n = 0;

	while (n < sizeof(text)) {
		size_t step = PAGE - (at + n) % PAGE;
		ssize_t got;

		if (step > sizeof(text) - n)
			step = sizeof(text) - n;
		got = read_memory(pid, at + n, text + n, step);
		if (got <= 0)
			return NULL;
		if (memchr(text + n, '\0', (size_t)got))
			return xstrdup(text);
		n += (size_t)got;
	}
	return NULL;
}

static char *base_of(pid_t pid, int dirfd)
{
	CLEAN(free) char *link = dirfd == AT_FDCWD ? xasprintf("/proc/%d/cwd", (int)pid)
						   : xasprintf("/proc/%d/fd/%d", (int)pid, dirfd);
	char *dir = NULL;

	return link_read(AT_FDCWD, link, &dir) == 0 && dir[0] == '/' ? dir : (free(dir), NULL);
}

/* "." and ".." go as text: what a link before ".." would lead to is not looked at. */
static char *flatten(const char *path)
{
	CLEAN(strv) struct strv in = { 0 };
	struct strv out = { 0 };
	CLEAN(free) char *joined = NULL;

	strv_split(&in, path, "/");
	for (size_t i = 0; i < in.n; i++) {
		if (str_eq(in.items[i], "."))
			continue;
		if (!str_eq(in.items[i], ".."))
			strv_add(&out, in.items[i]);
		else if (out.n > 0) {
			free(out.items[--out.n]);
			out.items[out.n] = NULL;
		}
	}
	joined = out.n ? strv_join(&out, "/") : xstrdup("");
	strv_done(&out);
	return xasprintf("/%s", joined);
}

static char *path_of(const struct seccomp_notif *n, const struct call *c)
{
	CLEAN(free) char *name = read_string((pid_t)n->pid, n->data.args[c->path]);
	CLEAN(free) char *base = NULL, *whole = NULL;

	if (!name || !*name)
		return NULL;
	if (name[0] != '/') {
		base = base_of((pid_t)n->pid, c->dir < 0 ? AT_FDCWD : (int)n->data.args[c->dir]);
		if (!base)
			return NULL;
	}
	whole = base ? path_join(base, name) : xstrdup(name);
	return strstr(whole, "/.") || strstr(whole, "//") ? flatten(whole) : TAKE_PTR(whole);
}

static bool is_users_own(const struct sandbox_rules *r, const char *path)
{
	static const char *const free_places[] = { "/dev", "/proc" };

	if (path_is_below(path, r->build_dir))
		return true;
	for (size_t i = 0; i < COUNT_OF(free_places); i++)
		if (path_is_below(path, free_places[i]) && !sandbox_is_hidden(path))
			return true;
	return false;
}

static bool has_right(const struct sandbox_rules *r, const struct stat *st, unsigned bits)
{
	if (r->as_root || !(r->parts & SANDBOX_USER))
		return true;
	if (st->st_uid == r->uid)
		return (st->st_mode >> 6 & bits) == bits;
	return (st->st_mode >> (st->st_gid == r->gid ? 3 : 0) & bits) == bits;
}

/* What would it take to write to something that is there? */
static bool is_denied_write(const struct sandbox_rules *r, const char *path, const struct stat *st,
			    bool *ret_needs_root)
{
	struct statvfs fs;
	bool is_ro = statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY);

	*ret_needs_root = !has_right(r, st, S_ISDIR(st->st_mode) ? 3 : 2);
	return is_ro || *ret_needs_root;
}

static bool is_closed(const struct sandbox_rules *r, const char *path)
{
	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		CLEAN(free) char *dir = xstrndup(path, (size_t)(p - path));
		struct stat st;

		if (stat(dir, &st) < 0)
			return false;
		if (S_ISDIR(st.st_mode) && !has_right(r, &st, 1))
			return true;
	}
	return false;
}

static void remember(struct denials *list, enum denial_kind kind, const char *what, const char *let_in,
		     bool needs_root, bool is_hidden)
{
	struct denial d = { .kind = kind,
			    .what = xstrdup(what),
			    .let_in = xstrdup(let_in),
			    .needs_root = needs_root,
			    .is_hidden = is_hidden };

	denials_take(list, &d);
}

/* May no try write it? st is NULL where it is not there. */
static bool is_for_nobody(const struct sandbox_rules *r, const char *path, const struct stat *st)
{
	return sandbox_is_kernels(path) || (st && sandbox_is_secret(r, st));
}

static void judge_write(const struct sandbox_rules *r, const char *path, enum call_kind kind,
			struct denials *denied)
{
	CLEAN(free) char *dir = path_dir(path);
	struct stat st, up;
	bool is_there, needs_root = false, by_dir;

	is_there = stat(path, &st) == 0;
	if (stat(dir, &up) < 0) {
		/* perhaps it is only hidden: who knows the outside has the last word */
		if (sandbox_is_hidden(path))
			remember(denied, DENIED_WRITE, path, dir, false, true);
		return;
	}
	by_dir = kind == CALL_REMOVE || (kind == CALL_MAKE && !is_there) || (kind == CALL_OPEN && !is_there);
	if ((kind == CALL_REMOVE || kind == CALL_CHANGE) && !is_there)
		return;
	if (kind == CALL_MAKE && is_there && S_ISDIR(st.st_mode))
		return; /* mkdir -p */
	if (kind == CALL_MAKE)
		by_dir = true;
	if (!is_denied_write(r, by_dir ? dir : path, by_dir ? &up : &st, &needs_root))
		return;
	if (is_for_nobody(r, path, is_there ? &st : NULL))
		remember(denied, DENIED_WRITE, path, NULL, false, false);
	else
		remember(denied, DENIED_WRITE, path, by_dir ? dir : path, needs_root, sandbox_is_hidden(path));
}

static void judge_read(const struct sandbox_rules *r, const char *path, const struct call *c,
		       struct denials *denied)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno == ENOENT && sandbox_is_hidden(path))
			remember(denied, DENIED_READ, path, path, false, true);
		return;
	}
	if (!is_closed(r, path) && (c->kind != CALL_OPEN || has_right(r, &st, 4)))
		return;
	if (sandbox_is_secret(r, &st))
		remember(denied, DENIED_READ, path, NULL, false, false);
	else
		remember(denied, DENIED_READ, path, path, true, false);
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

/* Its length; 0: it cannot be read. */
static size_t read_address(const struct seccomp_notif *n, union address *ret)
{
	size_t len = n->data.args[2] < sizeof(*ret) ? (size_t)n->data.args[2] : sizeof(*ret);

	return read_memory((pid_t)n->pid, n->data.args[1], ret, len) == (ssize_t)len ? len : 0;
}

static bool is_loopback(const union address *a)
{
	return a->any.sa_family == AF_INET && ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static void judge_connect(const struct sandbox_rules *r, const struct seccomp_notif *n,
			  struct denials *denied)
{
	union address a = { 0 };
	CLEAN(free) char *what = NULL;
	char text[INET6_ADDRSTRLEN] = "";

	if (!(r->parts & SANDBOX_NET) || !read_address(n, &a) || (r->has_loopback && is_loopback(&a)))
		return;
	if (a.any.sa_family == AF_INET && inet_ntop(AF_INET, &a.in.sin_addr, text, sizeof(text)))
		what = xasprintf("%s port %d", text, ntohs(a.in.sin_port));
	else if (a.any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &a.in6.sin6_addr, text, sizeof(text)))
		what = xasprintf("%s port %d", text, ntohs(a.in6.sin6_port));
	if (what)
		remember(denied, DENIED_NETWORK, what, NULL, false, false);
}

/* Was the call done instead, and with which errno? */
static bool connect_instead(const struct sandbox_rules *r, const struct sandbox_bridge *bridge, int fd,
			    const struct seccomp_notif *n, int *ret_errno)
{
	const struct call *c = find_call(n->data.nr);
	union address a = { 0 };
	size_t len;

	if (!c || c->kind != CALL_CONNECT || !r->net || !(r->parts & SANDBOX_NET))
		return false;
	len = read_address(n, &a);
	/* what was read may be of another, whose process has the number now */
	return sandbox_net_has(r->net, &a.any, len) && ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) == 0 &&
	       sandbox_net_connect(bridge, fd, n->id, (int)n->pid, (int)n->data.args[0], &a.any, len, ret_errno);
}

static void judge_kill(const struct sandbox_rules *r, const struct seccomp_notif *n,
		       struct denials *denied)
{
	int pid = (int)n->data.args[0];
	char what[16];

	if (!(r->parts & SANDBOX_PIDS) || pid <= 0 || (int)n->data.args[1] == 0 ||
	    (pid != 1 && kill(pid, 0) == 0))
		return;
	snprintf(what, sizeof(what), "%d", pid);
	remember(denied, DENIED_SIGNAL, what, NULL, false, false);
}

static bool is_writing(const struct seccomp_notif *n, const struct call *c)
{
	const unsigned bits = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

	return c->kind != CALL_OPEN || ((unsigned)n->data.args[c->flags] & bits);
}

static void judge_path(const struct sandbox_rules *r, const struct seccomp_notif *n,
		       const struct call *c, struct denials *denied)
{
	CLEAN(free) char *path = path_of(n, c);
	bool is_read = c->kind == CALL_READ || !is_writing(n, c);

	if (!path || (is_users_own(r, path) && (is_read || !sandbox_is_kernels(path))))
		return;
	if (is_read)
		judge_read(r, path, c, denied);
	else
		judge_write(r, path, c->kind, denied);
}

static void judge(const struct sandbox_rules *r, int fd, const struct seccomp_notif *n,
		  struct denials *denied)
{
	const struct call *c = find_call(n->data.nr);
	CLEAN(denials) struct denials found = { 0 };

	if (!c)
		return;
	if (c->kind == CALL_CONNECT)
		judge_connect(r, n, &found);
	else if (c->kind == CALL_KILL)
		judge_kill(r, n, &found);
	else
		judge_path(r, n, c, &found);
	/* what was read from the memory of a process that is gone may be that of another */
	if (found.n && ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) == 0)
		denials_take(denied, &found.items[0]);
}

void sandbox_watch_serve(const struct sandbox_rules *rules, const struct sandbox_bridge *bridge, int fd,
			 struct denials *denied)
{
	union {
		struct seccomp_notif n;
		char room[512];
	} in = { 0 };
	union {
		struct seccomp_notif_resp r;
		char room[512];
	} out = { 0 };
	int err = 0;

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &in) < 0)
		return;
	out.r.id = in.n.id;
	if (connect_instead(rules, bridge, fd, &in.n, &err)) {
		out.r.error = -err;
	} else {
		judge(rules, fd, &in.n, denied);
		out.r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	}
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &out);
}
