/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/sandbox_decoy.h"
#include "sys/sandbox_view.h"
#include "sys/sandbox_watch.h"

struct init {
	const struct sandbox_rules *rules;
	int control;
	struct sandbox_bridge bridge;
	int *watches;
	size_t n;
	int decoys; /* or negative */
	struct denials denied;
};

int sandbox_send(int control, const struct sandbox_message *m, size_t text_len, int fd)
{
	struct iovec iov = { (void *)m, offsetof(struct sandbox_message, text) + text_len };
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { 0 };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		h.msg_control = &c;
		h.msg_controllen = sizeof(c);
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&c.h), &fd, sizeof(int));
	}
	while (sendmsg(control, &h, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int sandbox_receive(int control, struct sandbox_message *ret, int *ret_fd)
{
	struct iovec iov = { ret, sizeof(*ret) };
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { 0 };
	struct msghdr h = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)
	};
	ssize_t n;

	do
		n = recvmsg(control, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)offsetof(struct sandbox_message, text))
		return n < 0 ? -errno : -EPIPE;
	/* the texts are two strings, whatever came */
	memset((char *)ret + n, 0, sizeof(*ret) - (size_t)n);
	ret->text[SANDBOX_MESSAGE_MAX - 1] = ret->text[SANDBOX_MESSAGE_MAX - 2] = '\0';
	if (!ret_fd)
		return 0;
	*ret_fd = -1;
	if (h.msg_controllen >= CMSG_LEN(sizeof(int)) && c.h.cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(&c.h), sizeof(int));
	return 0;
}

static int say(int control, struct sandbox_message *m, const char *what, const char *let_in, int fd)
{
	size_t n = strlen(what) + 1, k = let_in ? strlen(let_in) + 1 : 1;

	if (n + k > SANDBOX_MESSAGE_MAX)
		return -ENAMETOOLONG;
	memcpy(m->text, what, n);
	memcpy(m->text + n, let_in ? let_in : "", k);
	return sandbox_send(control, m, n + k, fd);
}

static void say_ready(int control, int code, unsigned part, const char *text, int fd)
{
	CLEAN(free) struct sandbox_message *m = xcalloc(1, sizeof(*m));

	m->verb = SANDBOX_READY;
	m->code = code;
	m->part = part;
	say(control, m, text, NULL, fd);
}

static void report(struct init *in)
{
	CLEAN(free) struct sandbox_message *m = xcalloc(1, sizeof(*m));

	for (size_t i = 0; i < in->denied.n; i++) {
		const struct denial *d = &in->denied.items[i];

		m->verb = SANDBOX_DENIED;
		m->code = (int)d->kind;
		m->needs_root = d->needs_root;
		m->is_hidden = d->is_hidden;
		say(in->control, m, d->what, d->let_in, -1);
	}
	denials_done(&in->denied);
}

/* Processes of our namespace but us. */
static void list_others(struct strv *ret)
{
	CLEAN(strv) struct strv names = { 0 };

	if (dir_list("/proc", &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		if (strspn(names.items[i], "0123456789") == strlen(names.items[i]) &&
		    !str_eq(names.items[i], "1"))
			strv_add(ret, names.items[i]);
}

/* One that is about to end anyway was not left running. */
static void report_left(struct init *in)
{
	enum { GRACE_USEC = 30000 };
	CLEAN(free) struct sandbox_message *m = xcalloc(1, sizeof(*m));
	CLEAN(strv) struct strv before = { 0 }, after = { 0 };

	m->verb = SANDBOX_LEFT;
	if (in->rules->parts & SANDBOX_PIDS)
		list_others(&before);
	if (before.n == 0)
		return;
	usleep(GRACE_USEC);
	list_others(&after);
	for (size_t i = 0; i < after.n; i++) {
		CLEAN(free) char *file = path_join("/proc", after.items[i], "comm"), *comm = NULL;

		if (strv_has(&before, after.items[i]) && file_read_line(file, &comm) == 0)
			say(in->control, m, comm, NULL, -1);
	}
}

/* False: our maker is gone. */
static bool answer(struct init *in)
{
	CLEAN(free) struct sandbox_message *m = xcalloc(1, sizeof(*m));
	int fd = -1;

	if (sandbox_receive(in->control, m, &fd) < 0)
		return false;
	if (m->verb == SANDBOX_WATCH && fd >= 0) {
		in->watches = xreallocarray(in->watches, in->n + 1, sizeof(int));
		in->watches[in->n++] = fd;
		return true;
	}
	report(in);
	if (m->verb == SANDBOX_LEFT)
		report_left(in);
	say_ready(in->control, 0, 0, "", -1);
	return true;
}

static void drop_watch(struct init *in, size_t i)
{
	close(in->watches[i]);
	in->watches[i] = in->watches[--in->n];
}

__attribute__((noreturn)) static void serve(struct init *in)
{
	for (;;) {
		CLEAN(free) struct pollfd *fds = xcalloc(in->n + 2, sizeof(*fds));
		size_t n = in->n;

		fds[n] = (struct pollfd){ .fd = in->control, .events = POLLIN };
		fds[n + 1] = (struct pollfd){ .fd = in->decoys, .events = POLLIN };
		for (size_t i = 0; i < n; i++)
			fds[i] = (struct pollfd){ .fd = in->watches[i], .events = POLLIN };
		if (poll(fds, n + 2, -1) < 0)
			continue;
		/* from behind: the last takes a dropped one's place */
		for (size_t i = n; i-- > 0;)
			if (fds[i].revents & POLLIN)
				sandbox_watch_serve(in->rules, &in->bridge, in->watches[i], &in->denied);
			else if (fds[i].revents)
				drop_watch(in, i);
		if (fds[n + 1].revents)
			sandbox_decoy_serve(in->decoys, &in->denied);
		if (fds[n].revents && !answer(in))
			_exit(0);
	}
}

void sandbox_close_from(int first)
{
	enum { USUAL_LIMIT = 1024 };

	/* (Linux 5.9) */
	if (syscall(SYS_close_range, first, ~0U, 0) < 0)
		for (int fd = first; fd < USUAL_LIMIT; fd++)
			close(fd);
}

/* Nothing of our maker's stays open here, least of all the pipe that tells its parent of its end. */
static void keep_only(int *control)
{
	enum { AT = 3 };
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; i < AT && null >= 0; i++)
		dup2(null, i);
	if (*control != AT && dup3(*control, AT, O_CLOEXEC) == AT)
		*control = AT;
	sandbox_close_from(*control + 1);
}

/* The part that fails is what the maker goes without, then. */
static int leave_host(unsigned parts, unsigned *ret_part, const char **ret_step)
{
	static const struct {
		unsigned part;
		int flag;
		const char *step;
	} table[] = { { SANDBOX_NET, CLONE_NEWNET, "cannot make a network namespace" },
		      { SANDBOX_IPC, CLONE_NEWIPC, "cannot make an IPC namespace" },
		      { SANDBOX_MOUNTS, CLONE_NEWNS, "cannot make a mount namespace" } };

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		*ret_part = table[i].part;
		*ret_step = table[i].step;
		if ((parts & table[i].part) && unshare(table[i].flag) < 0)
			return -errno;
	}
	return 0;
}

static int open_net(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

void sandbox_init_main(const struct sandbox_rules *rules, int control)
{
	struct init in = { .rules = rules, .control = control, .bridge = { -1, -1 }, .decoys = -1 };
	const char *step = "";
	unsigned part = 0;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "dkms-sandbox");
	setsid();
	signal(SIGCHLD, SIG_IGN);
	keep_only(&in.control);
	umask(022);
	if (rules->net && rules->net->n)
		in.bridge.outside = open_net();
	r = leave_host(rules->parts, &part, &step);
	if (in.bridge.outside >= 0)
		in.bridge.inside = open_net();
	if (r == 0 && rules->has_loopback && (rules->parts & SANDBOX_NET))
		sandbox_net_loopback();
	if (r == 0 && (rules->parts & SANDBOX_MOUNTS)) {
		bool no_proc = false;

		in.decoys = sandbox_decoy_watch();
		r = sandbox_view_make(rules, in.decoys, &no_proc, &step);
		part = no_proc ? SANDBOX_PIDS : SANDBOX_MOUNTS;
	}
	if (chdir("/") < 0)
		_exit(1);
	/* where our end ends all in here, our maker waits for it: see sandbox_let_go */
	say_ready(in.control, r < 0 ? -r : 0, part, step,
		  rules->parts & SANDBOX_PIDS ? in.decoys : -1);
	if (r < 0)
		_exit(1);
	serve(&in);
}
