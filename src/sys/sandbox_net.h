/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_SANDBOX_NET_H
#define DKMS_SYS_SANDBOX_NET_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/strv.h"

/*
 * What of the network is let into a sandbox that has none: connections to some addresses. The sandbox keeps its own
 * network namespace, where there is nothing. When a command calls connect for one of them, the first process makes that
 * connection outside and puts it in the place of the command's socket (seccomp's addfd, Linux 5.9). So nothing else
 * gets out: no names, no datagrams, no other port.
 */
struct sandbox_address {
	int family;	   /* AF_INET or AF_INET6 */
	uint8_t bytes[16]; /* in network order; the first 4 of AF_INET */
	unsigned bits;	   /* how many of them count */
	uint16_t port;	   /* 0: any */
};

struct sandbox_net {
	struct sandbox_address *items;
	size_t n;
	struct strv sockets; /* paths of local ones */
};

/*
 * Words between blanks or commas: ADDRESS, ADDRESS:PORT, ADDRESS/BITS, ADDRESS/BITS:PORT, an IPv6 address with a port
 * in brackets, a host name instead of an address, the absolute path of a socket. What cannot be understood is added to
 * ret_bad, the rest counts.
 */
void sandbox_net_parse(const char *text, struct sandbox_net *ret, struct strv *ret_bad);
void sandbox_net_done(struct sandbox_net *net);
bool sandbox_net_has(const struct sandbox_net *net, const struct sockaddr *to, size_t len);

/* The two sides, in the first process; both -1 where nothing can be let in. */
struct sandbox_bridge {
	int outside, inside; /* network namespaces */
};

/*
 * The stream socket `fd` of process `pid` (as the watch `listener` named it, in its call `id`) becomes one that is
 * connected to `to`, or is being connected if it does not block. *ret_errno is what connect is to return then. False:
 * that cannot be done here.
 */
bool sandbox_net_connect(const struct sandbox_bridge *bridge, int listener, uint64_t id, int pid, int fd,
			 const struct sockaddr *to, size_t len, int *ret_errno);

/* The loopback interface of this process's own network namespace is switched on. */
void sandbox_net_loopback(void);

#endif
