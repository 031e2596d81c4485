/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_HELPER_LIBARCHIVE_H
#define DKMS_HELPER_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

/*
 * Cleanup for libarchive's handles. Freeing one that was not closed gives up what it was writing;
 * archive_write_close is called, and looked at, by whoever writes.
 */
static inline void clean_archive_reader(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
}

static inline void clean_archive_writer(struct archive **a)
{
	if (!*a)
		return;
	archive_write_fail(*a);
	archive_write_free(*a);
}

static inline void clean_archive_item(struct archive_entry **e)
{
	if (*e)
		archive_entry_free(*e);
}

#endif
