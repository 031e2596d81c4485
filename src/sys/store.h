/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_STORE_H
#define DKMS_SYS_STORE_H

#include <stdint.h>
#include <time.h>

#include "base/fail.h"
#include "base/strv.h"
#include "core/store_entry.h"

/*
 * A directory of built results:
 *
 *	<store>/<key>/<id>/entry	core/store_entry.h
 *	<store>/<key>/<id>/<file>	what came out
 *
 * The key is a digest of what is known before a build: several entries of one key differ in what their builds read
 * besides. An entry appears by one rename and goes by one rename, and what is in it is believed only as far as its
 * digests say, so any number of processes may use it at once, and nothing has to be synced. Whatever cannot be read,
 * does not fit or is damaged is as good as not there.
 */
struct store {
	char *dir;
	uint64_t max_size; /* bytes */
};

/* Makes the directory if need be. It must be ours, and writable for nobody else: modules come from it. */
int store_open(const char *dir, uint64_t max_size, struct store *ret, struct fail *f);
void store_done(struct store *s);

/*
 * Looks for an entry of the key whose needs are what they were, and copies its files into to_dir, but for "log", whose
 * text goes to log. True: all are there, and have the digests that they should have. False: none is left there.
 */
bool store_fetch(const struct store *s, const char *key, const char *to_dir, struct buf *log, char **ret_id);

/* What a build is kept with. */
struct store_result {
	const char *key;
	const struct strv *needs; /* files that it read; one that is not there must not be there next time either */
	struct timespec since;	  /* when it began: a need that changed after that makes it worthless */
	const char *dir;	  /* all files in it are kept */
	const struct buf *log;
};

/* Keeps a result. Those that were not used for longest go while all of them take more than max_size. 0 or -errno
 * (-ESTALE: something has changed meanwhile): nobody needs to care. */
int store_keep(const struct store *s, const struct store_result *r);

#endif
