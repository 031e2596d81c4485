/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_STORE_ENTRY_H
#define DKMS_CORE_STORE_ENTRY_H

#include <stdint.h>

#include "base/buf.h"
#include "core/conf.h"
#include "core/sha256.h"

/*
 * The store of built results (sys/store.h): what is in one entry. A text with a checksum: the files that the build
 * read beside its source, with their digests, and the files that came out.
 */
struct store_need {
	const char *path;
	uint64_t stamp; /* a hash of its stat: as long as it is the same nothing has to be read */
	const char *digest; /* "-": too large, only the stamp counts */
};

struct store_file {
	const char *name; /* as in module/; "log" is the log */
	uint64_t size;
	const char *digest;
};

/* Strings are borrowed: from whoever made it, or from the text that was parsed. */
struct store_entry {
	struct store_need *needs;
	size_t n_needs;
	struct store_file *files;
	size_t n_files;
};

void store_entry_done(struct store_entry *e);
static inline void clean_store_entry(struct store_entry *e)
{
	store_entry_done(e);
}

/* False where a name cannot be written. */
bool store_entry_format(const struct store_entry *e, struct buf *out);
/* text, with a NUL behind it, is changed and must stay. False for anything that is no whole entry. */
bool store_entry_parse(char *text, size_t len, struct store_entry *ret);
/* What tells entries of one key apart: a digest of needs and their digests. */
void store_entry_id(const struct store_entry *e, char ret[SHA256_HEX]);

/*
 * May the result of a build be stored and taken from the store? What its inputs say must be all of it: so only the
 * default make command, no scripts and no other modules that it is built against, unless the conf opts in with
 * BUILD_STORE=yes; with BUILD_DEPENDS never.
 */
bool store_may_keep(const struct conf *c);
/* Does the variable (NAME=VALUE) of the environment count for what make makes? Not that of a login or of whoever
 * called dkms. */
bool store_env_counts(const char *assignment);

#endif
