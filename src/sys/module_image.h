/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_MODULE_IMAGE_H
#define DKMS_SYS_MODULE_IMAGE_H

#include "base/buf.h"
#include "base/fail.h"

/*
 * The unpacked bytes of a module for who looks at a few places of them: in memory or, of large ones, in a file
 * without a name, of which only the pages that are looked at take memory.
 */
struct module_image {
	const char *data;
	size_t len;
	struct buf small; /* private */
	void *large;
};

/* Reads .ko, .ko.gz, .ko.xz or .ko.zst, as module_file_load. On failure there is nothing to free. */
int module_image_read(const char *path, struct module_image *ret, struct fail *f);
/* The same of a file's bytes, which it may take over. */
int module_image_unpack(struct buf *raw, struct module_image *ret, struct fail *f);

void module_image_done(struct module_image *m);
static inline void clean_module_image(struct module_image *m)
{
	module_image_done(m);
}

#endif
