/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sys/sandbox_decoy.h"
#include "sys/sandbox_init.h"
#include "sys/sandbox_view.h"
#include "sys/sandbox_watch.h"

/* in a command, before its exec ----------------------------------------------------------------- */

static int join(int fd, int flag)
{
	return fd >= 0 && setns(fd, flag) < 0 ? -errno : 0;
}

static int set_limits(const struct sandbox_rules *r)
{
	for (size_t i = 0; i < r->n_limits; i++) {
		struct rlimit now, l = { r->limits[i].value, r->limits[i].value };

		/* never more than we have ourselves */
		if (getrlimit((__rlimit_resource_t)r->limits[i].resource, &now) == 0 &&
		    now.rlim_max < l.rlim_max)
			l = (struct rlimit){ now.rlim_max, now.rlim_max };
		setrlimit((__rlimit_resource_t)r->limits[i].resource, &l);
	}
	return 0;
}

/* Those over files stay, for what works as root only. */
static void limit_root(void)
{
	static const int kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
				    CAP_FSETID, CAP_KILL, CAP_SETGID, CAP_SETUID };

	for (int cap = 0; cap < 64; cap++) {
		bool keep = false;

		for (size_t i = 0; i < COUNT_OF(kept); i++)
			keep |= kept[i] == cap;
		if (!keep && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno == EINVAL)
			return;
	}
}

static int become(const struct sandbox_rules *r)
{
	if (r->as_root || !(r->parts & SANDBOX_USER))
		limit_root();
	else if (setgroups(0, NULL) < 0 || setresgid(r->gid, r->gid, r->gid) < 0 ||
		 setresuid(r->uid, r->uid, r->uid) < 0)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* changing the user has cleared it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* Without a watch there is only less to tell. */
static void be_watched(const struct sandbox *s)
{
	CLEAN(fd) int fd = sandbox_watch_start(s->is_thorough);
	const struct sandbox_message m = { .verb = SANDBOX_WATCH };

	/* a call that nobody watches is refused: then this process cannot go on */
	if (fd >= 0 && sandbox_send(s->control, &m, 2, fd) < 0)
		_exit(126);
}

static int enter(void *ctx)
{
	const struct sandbox *s = ctx;
	int r = join(s->net, CLONE_NEWNET);

	if (r == 0)
		r = join(s->ipc, CLONE_NEWIPC);
	if (r == 0)
		r = join(s->mounts, CLONE_NEWNS);
	/* that was to the root of all mounts; in a chroot the way back is ours to go */
	if (r == 0 && s->root >= 0 && (fchdir(s->root) < 0 || chroot(".") < 0))
		r = -errno;
	if (r < 0)
		return r;
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	set_limits(&s->rules);
	r = become(&s->rules);
	if (r == 0)
		be_watched(s);
	return r;
}

/* outside --------------------------------------------------------------------------------------- */

static void forget(struct sandbox *s)
{
	const int fds[] = { s->control, s->own_pids, s->pids, s->mounts, s->net, s->ipc, s->root };

	for (size_t i = 0; i < COUNT_OF(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	s->control = s->own_pids = s->pids = s->mounts = s->net = s->ipc = s->root = -1;
	s->init = 0;
}

static void close_decoys(struct sandbox *s)
{
	close(s->decoys);
	s->decoys = -1;
}

/* It waits for all in its namespace, and on old kernels who opens a decoy waits for an answer even when killed. One
 * that the first process had read, and not answered, is answered by the end of the watch. */
static void await_init(struct sandbox *s)
{
	CLEAN(denials) struct denials late = { 0 };
	struct pollfd p = { .fd = s->decoys, .events = POLLIN };
	enum { NAP_MS = 1, NAPS_MAX = 50 };
	int naps = 0;

	for (;;) {
		pid_t r = waitpid(s->init, NULL, s->decoys < 0 ? 0 : WNOHANG);

		if (r > 0 || (r < 0 && errno != EINTR))
			return;
		if (s->decoys >= 0 && poll(&p, 1, NAP_MS) > 0)
			sandbox_decoy_serve(s->decoys, &late);
		else if (s->decoys >= 0 && ++naps > NAPS_MAX)
			close_decoys(s);
	}
}

static void end_init(struct sandbox *s)
{
	kill(s->init, SIGKILL);
	await_init(s);
	forget(s);
}

static void await_closer(struct sandbox *s)
{
	while (s->closer > 0 && waitpid(s->closer, NULL, 0) < 0 && errno == EINTR)
		;
	s->closer = 0;
}

/* The last descriptor of a fanotify group is closed when no processor can be looking at its marks any more, which
 * takes some ticks of the clock. So that the one who closes it last is not us, the child naps. */
void sandbox_let_go(struct sandbox *s)
{
	enum { NAP_USEC = 2000 };

	if (s->decoys <= 0) /* 0: it was never open */
		return;
	await_closer(s);
	fflush(NULL);
	s->closer = fork();
	if (s->closer == 0) {
		dup2(s->decoys, STDIN_FILENO);
		sandbox_close_from(STDIN_FILENO + 1);
		usleep(NAP_USEC);
		_exit(0);
	}
	close_decoys(s);
}

static int open_ns(pid_t pid, const char *name)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/ns/%s", (int)pid, name);

	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The first child after unshare() is the first process of the new PID namespace. */
static int start_init(struct sandbox *s, unsigned *ret_part, const char **ret_step)
{
	bool pids = s->rules.parts & SANDBOX_PIDS;
	int pair[2], err;

	*ret_part = SANDBOX_PIDS;
	*ret_step = "cannot make a PID namespace";
	s->own_pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (pids && (s->own_pids < 0 || unshare(CLONE_NEWPID) < 0))
		return -errno;
	*ret_part = 0;
	*ret_step = "cannot start its first process";
	err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? errno : 0;
	if (!err) {
		s->init = fork();
		err = s->init < 0 ? errno : 0;
		if (s->init == 0) {
			close(pair[0]);
			sandbox_init_main(&s->rules, pair[1]);
		}
		close(pair[1]);
		s->control = pair[0];
	}
	if (pids && setns(s->own_pids, CLONE_NEWPID) < 0 && !err)
		err = errno;
	return -err;
}

static int hold_root(struct sandbox *s)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/root", (int)s->init);

	s->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return s->root < 0 ? -errno : 0;
}

static int hold_namespaces(struct sandbox *s)
{
	struct {
		unsigned part;
		const char *name;
		int *fd;
	} table[] = { { SANDBOX_PIDS, "pid", &s->pids },
		      { SANDBOX_MOUNTS, "mnt", &s->mounts },
		      { SANDBOX_NET, "net", &s->net },
		      { SANDBOX_IPC, "ipc", &s->ipc } };

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (!(s->rules.parts & table[i].part))
			continue;
		*table[i].fd = open_ns(s->init, table[i].name);
		if (*table[i].fd < 0)
			return -errno;
	}
	return s->mounts >= 0 ? hold_root(s) : 0;
}

/* One attempt with s->rules.parts; on failure the part that it failed for. */
static int attempt(struct sandbox *s, unsigned *ret_part, char **ret_why)
{
	CLEAN(free) struct sandbox_message *m = xcalloc(1, sizeof(*m));
	const char *step = "";
	int r = start_init(s, ret_part, &step);

	if (r == 0) {
		r = sandbox_receive(s->control, m, &s->decoys);
		if (r == 0 && m->code) {
			r = -m->code;
			*ret_part = m->part;
			step = m->text;
		}
	}
	if (r == 0)
		r = hold_namespaces(s);
	if (r == 0)
		return 0;
	if (s->init > 0)
		end_init(s);
	else
		forget(s);
	sandbox_let_go(s);
	*ret_why = xasprintf("%s: %s", step, strerror(-r));
	return r;
}

/* Without mounts of its own a PID namespace would see the processes of another /proc. */
static unsigned parts_without(unsigned parts, unsigned part)
{
	return parts & ~(part == SANDBOX_MOUNTS ? SANDBOX_MOUNTS | SANDBOX_PIDS : part);
}

int sandbox_open(struct sandbox *s, const struct sandbox_rules *rules, char **ret_missing)
{
	CLEAN(strv) struct strv missing = { 0 };
	unsigned part = 0;
	int r;

	await_closer(s);
	*s = (struct sandbox){ .rules = *rules, .control = -1, .own_pids = -1, .pids = -1,
			       .mounts = -1, .net = -1, .ipc = -1, .decoys = -1, .root = -1 };
	do {
		CLEAN(free) char *why = NULL;

		if (!(s->rules.parts & SANDBOX_MOUNTS) && !sandbox_view_is_open(&s->rules))
			s->rules.parts &= ~(unsigned)SANDBOX_USER;
		part = 0;
		r = attempt(s, &part, &why);
		if (r == 0)
			break;
		strv_add(&missing, why);
		s->rules.parts = parts_without(s->rules.parts, part);
	} while (part && s->rules.parts);
	clock_gettime(CLOCK_REALTIME_COARSE, &s->since);
	*ret_missing = missing.n ? strv_join(&missing, "; ") : NULL;
	return r;
}

void sandbox_place(struct sandbox *s, struct run *r)
{
	s->place = (struct run_place){ .pids = s->pids, .own_pids = s->own_pids, .enter = enter, .ctx = s };
	r->place = &s->place;
}

static void take_denial(const struct sandbox_message *m, struct denials *ret)
{
	const char *let_in = m->text + strlen(m->text) + 1;
	struct denial d = { .kind = (enum denial_kind)m->code,
			    .what = xstrdup(m->text),
			    .let_in = *let_in ? xstrdup(let_in) : NULL,
			    .needs_root = m->needs_root,
			    .is_hidden = m->is_hidden };

	denials_take(ret, &d);
}

static void ask(struct sandbox *s, enum sandbox_verb verb, struct denials *ret, struct strv *left)
{
	CLEAN(free) struct sandbox_message *m = xcalloc(1, sizeof(*m));

	m->verb = (char)verb;
	if (sandbox_send(s->control, m, 2, -1) < 0)
		return;
	while (sandbox_receive(s->control, m, NULL) == 0 && m->verb != SANDBOX_READY) {
		if (m->verb == SANDBOX_DENIED && ret)
			take_denial(m, ret);
		else if (m->verb == SANDBOX_LEFT && left && !strv_has(left, m->text))
			strv_add(left, m->text);
	}
}

void sandbox_denied(struct sandbox *s, struct denials *ret)
{
	if (s->init > 0)
		ask(s, SANDBOX_REPORT, ret, NULL);
}

void sandbox_end(struct sandbox *s, struct strv *ret_left)
{
	if (s->init <= 0)
		return;
	ask(s, SANDBOX_LEFT, NULL, ret_left);
	end_init(s);
}

void sandbox_close(struct sandbox *s)
{
	sandbox_end(s, NULL);
	sandbox_let_go(s);
	await_closer(s);
}
