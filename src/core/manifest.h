/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_MANIFEST_H
#define DKMS_CORE_MANIFEST_H

#include <stdint.h>

#include "base/buf.h"

/*
 * <tree>/<m>/<v>/<k>/<a>/.manifest: what dkms remembers of a build. Two parts, each a text of lines
 * with a checksum:
 *
 * The memory: what the conf promised, the built files, where they are installed with the same
 * bytes; and the stat of every file that this rests on. It makes status cheap: where all stats are
 * as they were, nothing has to be read or compared. Whatever does not fit is as good as no
 * manifest, and the answer is found the slow way; it is the same.
 *
 * The record: where the build came from, for `dkms why`. Lines "key value"; see
 * core/build_record.h.
 *
 * The memory comes first; both fit into MANIFEST_READ bytes but for packages of very many modules.
 */
#define MANIFEST_NAME ".manifest"

enum { MANIFEST_READ = 4096, MANIFEST_MAX = 1 << 20 };

/* A file as it was. `is_known` is false for one that must not be believed: not there, or so young
 * when it was looked at that a later change could leave the same stat. */
struct file_stamp {
	bool is_known;
	uint64_t inode, size;
	int64_t mtime_sec, ctime_sec;
	uint32_t mtime_nsec, ctime_nsec;
};

bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b);

struct manifest_override {
	const char *name; /* in /etc/dkms */
	struct file_stamp stamp;
};

/* A module that the conf promised. */
struct manifest_module {
	const char *dest_name;
	const char *dest_location; /* "": the conf says none */
	const char *file;	   /* the name in module/ */
	struct file_stamp built;
	const char *installed; /* the path below <install tree>/<k> that had the same bytes; NULL:
				  none */
	struct file_stamp installed_stamp;
};

/* Strings are borrowed: from whoever made it, or from the text that was parsed. */
struct manifest {
	uint64_t scope;	  /* a hash of the variables that the conf used (sys/conf_load.h) */
	const char *used; /* their names, with blanks between */
	struct file_stamp conf;
	bool needs_config; /* the kernel's configuration decided too */
	struct file_stamp config;
	struct file_stamp dir; /* module/ */
	struct manifest_override *overrides;
	size_t n_overrides;
	struct manifest_module *modules;
	size_t n_modules;
};

void manifest_done(struct manifest *m);
static inline void clean_manifest(struct manifest *m)
{
	manifest_done(m);
}

/* May it be written? Names with control characters cannot be. */
bool manifest_fits(const struct manifest *m);
/* The whole text. record: lines, may be empty. */
void manifest_format(const struct manifest *m, const char *record, struct buf *out);
/*
 * Parses the memory; text, of len bytes with a NUL behind them, is changed and must stay. 0,
 * -EAGAIN where text is only the beginning of it, -EBADMSG for anything else that is no whole
 * manifest.
 */
int manifest_parse(char *text, size_t len, struct manifest *ret);
/* The record of a whole text; borrowed, NULL where there is none or it is damaged. To be asked
 * before manifest_parse. */
const char *manifest_record(const char *text, size_t len);

/* A hash for telling apart, not for keeping out: FNV-1a, 64 bits. Begin with MANIFEST_HASH. */
#define MANIFEST_HASH 0xcbf29ce484222325ULL
uint64_t manifest_hash(uint64_t hash, const void *data, size_t n);

#endif
