/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_SANDBOX_CHOICE_H
#define DKMS_CORE_SANDBOX_CHOICE_H

#include <stdint.h>

#include "base/strv.h"

/*
 * What becomes of a build that failed in its sandbox: the rules of dkms(8), "Sandbox", without the system.
 */

enum sandbox_mode {
	SANDBOX_AUTO,	/* tried again with more allowed when it failed for want of it */
	SANDBOX_STRICT, /* never more allowed */
	SANDBOX_OFF,
};

/* "auto", "strict", "off"; false: none of them. */
bool sandbox_mode_parse(const char *word, enum sandbox_mode *ret);

enum denial_kind {
	DENIED_WRITE,
	DENIED_READ,
	DENIED_NETWORK,
	DENIED_SIGNAL,
	/* more than what a build is allowed: */
	DENIED_SPACE, /* bytes in a place */
	DENIED_FILES, /* files in a place */
	DENIED_SIZE,  /* bytes of a file */
};

/* One thing that was tried and did not work. */
struct denial {
	enum denial_kind kind;
	char *what;	 /* a path, an address, a process id; "": a file of unknown name */
	uint64_t limit;	 /* for the kinds of "more than" */
	char *let_in;	 /* what to make writable or visible to allow it; NULL for other kinds than paths, and for
			    what no try is allowed: a place that is always hidden, the kernel's settings, a secret */
	bool needs_root; /* the build user may not do it wherever it may be done */
	bool is_hidden;	 /* it is in a place that the sandbox replaces by an empty one */
};

struct denials {
	struct denial *items;
	size_t n;
};

enum { DENIALS_MAX = 64 };

/* Takes over the strings of d. The same again, and more than DENIALS_MAX, are dropped. */
void denials_take(struct denials *list, struct denial *d);
void denial_done(struct denial *d);
void denials_done(struct denials *list);
static inline void clean_denials(struct denials *list)
{
	denials_done(list);
}
bool denials_have(const struct denials *list, enum denial_kind kind);
/* Has something reached its limit, or all but (who fails of it may have removed a little)? free_max: how much may
 * be free then, though never more than a part of all. */
bool sandbox_is_full(uint64_t all, uint64_t free, uint64_t free_max);
/* "writing '/etc/x' and using the network (192.0.2.1 port 80)"; the first few; caller frees. NULL: there is none. */
char *denials_text(const struct denials *list);

/* What a try is allowed beyond the rule. */
struct sandbox_grants {
	struct strv write, read; /* paths that are let in */
	bool as_root;
	int tries; /* how many were made with more than the rule allows */
};

void sandbox_grants_done(struct sandbox_grants *g);
static inline void clean_sandbox_grants(struct sandbox_grants *g)
{
	sandbox_grants_done(g);
}

/*
 * After a failed try: may there be another one, and with what? True with io made larger: first by the paths that were
 * denied, then by root's rights; never by the network. False: nothing that could be allowed was denied, or it
 * was all tried. Not for SANDBOX_STRICT and SANDBOX_OFF.
 */
bool sandbox_next_try(const struct denials *denied, struct sandbox_grants *io);

#endif
