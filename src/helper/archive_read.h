/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_ARCHIVE_READ_H
#define DKMS_HELPER_ARCHIVE_READ_H

#include "core/archive_rules.h"

struct archive;

/*
 * A reader for tar archives, whatever they are compressed with: format and compression are told from
 * the content; no other program is started. Not opened yet; the caller frees it. NULL: no memory.
 */
struct archive *archive_reader_new(void);

/*
 * Reads an opened archive to its end and judges every member; nothing is written. 0 with the bytes
 * that it would take in ret_size. -E_NOT_AN_ARCHIVE: it is none, is damaged, or has a member that
 * must not be there.
 */
int archive_scan(struct archive *a, const struct archive_limits *limits, uint64_t *ret_size,
		 struct fail *f);

/*
 * Writes the members below dirfd, an empty directory that nobody else can write to, and judges them
 * again while it does. Modes become 0755 or 0644, owners are the process's own, times are kept. Links
 * are made, never followed. What was written before a failure is left to the caller.
 */
int archive_unpack(struct archive *a, const struct archive_limits *limits, int dirfd,
		   struct fail *f);

#endif
