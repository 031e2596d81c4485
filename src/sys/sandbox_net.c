/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sandbox_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/mem.h"

enum { CONNECT_MS = 3000, STATUS_MAX = 16 << 10 };

/* addresses ------------------------------------------------------------------------------------- */

static unsigned all_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* A decimal number up to max, and nothing else. */
static bool take_number(const char *text, unsigned max, unsigned *ret)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits])
		return false;
	*ret = (unsigned)atoi(text);
	return *ret <= max;
}

static void add_address(struct sandbox_net *net, const struct sandbox_address *a)
{
	net->items = xreallocarray(net->items, net->n + 1, sizeof(*net->items));
	net->items[net->n++] = *a;
}

static bool add_names(struct sandbox_net *net, const char *name, uint16_t port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return false;
	for (const struct addrinfo *i = list; i; i = i->ai_next) {
		struct sandbox_address a = { .family = i->ai_family, .bits = all_bits(i->ai_family), .port = port };

		if (i->ai_family == AF_INET)
			memcpy(a.bytes, &((const struct sockaddr_in *)(const void *)i->ai_addr)->sin_addr, 4);
		else if (i->ai_family == AF_INET6)
			memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)i->ai_addr)->sin6_addr, 16);
		else
			continue;
		add_address(net, &a);
	}
	freeaddrinfo(list);
	return true;
}

/* Cuts the port off; more than one colon without brackets is an IPv6 address. False: it is none. */
static bool cut_port(char *word, unsigned *ret)
{
	char *closing = strchr(word, ']'), *colon = strrchr(closing ? closing : word, ':');

	*ret = 0;
	if (colon && !closing && strchr(word, ':') != colon)
		return true;
	if (colon && !take_number(colon + 1, UINT16_MAX, ret))
		return false;
	if (colon)
		*colon = '\0';
	return true;
}

static bool add_word(struct sandbox_net *net, const char *text)
{
	CLEAN(free) char *word = xstrdup(text);
	struct sandbox_address a = { 0 };
	unsigned port, bits;
	char *host = word, *slash;

	if (*word == '/') {
		strv_add(&net->sockets, word);
		return true;
	}
	if (!cut_port(word, &port))
		return false;
	if (*host == '[') {
		char *closing = strchr(++host, ']');

		if (closing)
			memmove(closing, closing + 1, strlen(closing));
	}
	slash = strchr(host, '/');
	if (slash)
		*slash++ = '\0';
	a.port = (uint16_t)port;
	a.family = inet_pton(AF_INET, host, a.bytes) == 1 ? AF_INET : AF_INET6;
	if (a.family == AF_INET6 && inet_pton(AF_INET6, host, a.bytes) != 1)
		return *host && !slash && add_names(net, host, a.port);
	bits = all_bits(a.family);
	if (slash && !take_number(slash, bits, &bits))
		return false;
	a.bits = bits;
	add_address(net, &a);
	return true;
}

void sandbox_net_parse(const char *text, struct sandbox_net *ret, struct strv *ret_bad)
{
	CLEAN(strv) struct strv words = { 0 };

	strv_split(&words, text, " \t\n,");
	for (size_t i = 0; i < words.n; i++)
		if (!add_word(ret, words.items[i]))
			strv_add(ret_bad, words.items[i]);
}

void sandbox_net_done(struct sandbox_net *net)
{
	free(net->items);
	strv_done(&net->sockets);
	*net = (struct sandbox_net){ 0 };
}

static bool fits(const struct sandbox_address *a, int family, const uint8_t *bytes, uint16_t port)
{
	unsigned whole = a->bits / 8, rest = a->bits % 8;

	if (a->family != family || (a->port && a->port != port) || memcmp(a->bytes, bytes, whole) != 0)
		return false;
	return rest == 0 || (a->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}

bool sandbox_net_has(const struct sandbox_net *net, const struct sockaddr *to, size_t len)
{
	const struct sockaddr_in *in = (const void *)to;
	const struct sockaddr_in6 *in6 = (const void *)to;
	const uint8_t *bytes = NULL;
	uint16_t port = 0;

	if (len >= sizeof(*in) && to->sa_family == AF_INET) {
		bytes = (const uint8_t *)&in->sin_addr;
		port = ntohs(in->sin_port);
	} else if (len >= sizeof(*in6) && to->sa_family == AF_INET6) {
		bytes = in6->sin6_addr.s6_addr;
		port = ntohs(in6->sin6_port);
	}
	for (size_t i = 0; bytes && i < net->n; i++)
		if (fits(&net->items[i], to->sa_family, bytes, port))
			return true;
	return false;
}

/* connections ----------------------------------------------------------------------------------- */

#if defined(SECCOMP_IOCTL_NOTIF_ADDFD) && defined(SYS_pidfd_getfd)

/* Calls are of threads, descriptors of processes. */
static int process_of(int thread)
{
	CLEAN(free) char *path = xasprintf("/proc/%d/status", thread);
	CLEAN(buf) struct buf text = { 0 };
	const char *at;

	if (file_read(AT_FDCWD, path, STATUS_MAX, &text) < 0)
		return thread;
	at = strstr(buf_str(&text), "\nTgid:");
	return at ? atoi(at + strlen("\nTgid:")) : thread;
}

static int get_socket(int pid, int fd)
{
	CLEAN(fd) int process = (int)syscall(SYS_pidfd_open, process_of(pid), 0);

	return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

/* Of the same kind as theirs, but outside. */
static int make_socket(const struct sandbox_bridge *bridge, int theirs, int family)
{
	int type = 0, domain = 0, fd;
	socklen_t n = sizeof(int);

	if (getsockopt(theirs, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_STREAM ||
	    getsockopt(theirs, SOL_SOCKET, SO_DOMAIN, &domain, &n) < 0 || domain != family ||
	    setns(bridge->outside, CLONE_NEWNET) < 0)
		return -1;
	fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* an init that stayed outside would look after nothing else; nor would what it starts be shut in */
	if (setns(bridge->inside, CLONE_NEWNET) < 0)
		_exit(1);
	return fd;
}

/* 0 or an errno. The watch serves nobody meanwhile, so not for long. */
static int connect_socket(int fd, const struct sockaddr *to, size_t len, bool waits)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int err = 0;
	socklen_t n = sizeof(err);

	if (connect(fd, to, (socklen_t)len) == 0)
		return 0;
	if (errno != EINPROGRESS || !waits)
		return errno;
	if (poll(&p, 1, CONNECT_MS) <= 0)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0 ? errno : err;
}

bool sandbox_net_connect(const struct sandbox_bridge *bridge, int listener, uint64_t id, int pid, int fd,
			 const struct sockaddr *to, size_t len, int *ret_errno)
{
	CLEAN(fd) int theirs = bridge->outside >= 0 && bridge->inside >= 0 ? get_socket(pid, fd) : -1;
	CLEAN(fd) int ours = theirs >= 0 ? make_socket(bridge, theirs, to->sa_family) : -1;
	int flags = theirs >= 0 ? fcntl(theirs, F_GETFL) : -1;
	struct seccomp_notif_addfd add = { .id = id,
					   .flags = SECCOMP_ADDFD_FLAG_SETFD,
					   .newfd = (unsigned)fd,
					   .newfd_flags = O_CLOEXEC };

	if (ours < 0 || flags < 0)
		return false;
	*ret_errno = connect_socket(ours, to, len, !(flags & O_NONBLOCK));
	if (*ret_errno && *ret_errno != EINPROGRESS)
		return true;
	if (fcntl(ours, F_SETFL, flags) < 0)
		return false;
	add.srcfd = (unsigned)ours;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}

#else

bool sandbox_net_connect(const struct sandbox_bridge *bridge, int listener, uint64_t id, int pid, int fd,
			 const struct sockaddr *to, size_t len, int *ret_errno)
{
	return false;
}

#endif

void sandbox_net_loopback(void)
{
	CLEAN(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd >= 0)
		ioctl(fd, SIOCSIFFLAGS, &lo);
}
