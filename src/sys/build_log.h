/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_BUILD_LOG_H
#define DKMS_SYS_BUILD_LOG_H

#include <stdint.h>

#include "base/buf.h"
#include "core/layout.h"

/*
 * The log of one build: two header lines, then for each command a block of its description, the
 * command, its output, exit code and elapsed time. Other programs read it, so nothing else goes
 * into it. All is appended through one descriptor, which children get as stdout and stderr; what a
 * build does to the file's name does not matter.
 *
 * Sequence: build_log_open (the header unless `l` is NULL, as for post_transaction.log), then per
 * command build_log_begin, the command with `fd` as its output, build_log_end.
 */
struct build_log {
	int fd;
	char *path;
	int64_t block; /* where the output of the last command begins */
};

/* Made anew: what has that name, a link too, is replaced. */
int build_log_open(struct build_log *log, const char *path, const struct layout *l);
void build_log_done(struct build_log *log);
static inline void clean_build_log(struct build_log *log)
{
	build_log_done(log);
}

int build_log_begin(struct build_log *log, const char *description, const char *command);
int build_log_end(struct build_log *log, int status, int64_t usec);

/* The output of the last command; of a very long one its head and its tail (1 MiB each). */
int build_log_last(const struct build_log *log, struct buf *ret);
/* All that was written, up to 64 MiB; and a log put in its place. */
int build_log_text(const struct build_log *log, struct buf *ret);
int build_log_restore(struct build_log *log, const struct buf *text);
/* A copy of all that was written, beside and renamed; mode 0644. */
int build_log_save(const struct build_log *log, const char *path);

#endif
