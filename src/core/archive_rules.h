/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_ARCHIVE_RULES_H
#define DKMS_CORE_ARCHIVE_RULES_H

#include <stdint.h>

#include "base/fail.h"
#include "base/util.h"

/*
 * Which members an archive from outside may have (dkms(8), "ldtarball"). Members are shown one after
 * the other, in their order; the first that is refused ends it. What passed can be written into an
 * empty directory and touches nothing outside of it, whatever the members are called.
 *
 *	struct archive_rules a;
 *	archive_rules_init(&a, &limits, seed);
 *	for each member: archive_rules_take(&a, &member, &path, f);
 *	archive_rules_done(&a);
 *
 * Refused (-E_NOT_AN_ARCHIVE): absolute names, ".." components, empty and overlong names, anything but
 * files, directories and links; a member below something that is no directory (writing through a
 * link); a name that comes again as something else; a hard link to anything but an earlier file of
 * the archive; more than the limits. A symbolic link may point anywhere: it is a leaf.
 */
enum member_kind {
	MEMBER_FILE,
	MEMBER_DIR,
	MEMBER_SYMLINK,
	MEMBER_HARDLINK,
	MEMBER_OTHER, /* devices, fifos, sockets: refused */
};

struct member {
	const char *name;
	enum member_kind kind;
	const char *target; /* of a link */
	uint64_t size;	    /* of a file, as it will be on the disk */
};

struct archive_limits {
	uint64_t size;	  /* bytes of all files; a hard link counts as a copy */
	uint64_t members; /* directories that are only implied count too */
};

/* Limits that nobody needs to set: bytes of a name, its components, bytes of all names together. */
enum {
	ARCHIVE_NAME_MAX = 1024,
	ARCHIVE_COMPONENT_MAX = 255,
	ARCHIVE_DEPTH_MAX = 64,
	ARCHIVE_TARGET_MAX = 4095,
	ARCHIVE_NAMES_MAX = 32 << 20,
};

struct archive_entry;

struct archive_rules {
	struct archive_limits limits;
	uint64_t seed;
	uint64_t size, members; /* so far */
	size_t names;		/* bytes of names so far, directories that were only implied too */
	struct archive_entry *table;
	size_t n, room;
};

/* `seed` should be random where it matters: nobody can then choose names that collide. */
void archive_rules_init(struct archive_rules *a, const struct archive_limits *limits, uint64_t seed);
void archive_rules_done(struct archive_rules *a);
static inline void clean_archive_rules(struct archive_rules *a)
{
	archive_rules_done(a);
}

/*
 * Judges the next member. 0 with its path, relative and without "." components ("" for the archive's
 * root), in ret_path, and for a hard link the target's in ret_target (else NULL); caller frees both.
 */
int archive_rules_take(struct archive_rules *a, const struct member *m, char **ret_path,
		       char **ret_target, struct fail *f);

/* A name from an archive as it can be shown on a terminal; caller frees. */
char *archive_shown(const char *name);

#endif
