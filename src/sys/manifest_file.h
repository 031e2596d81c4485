/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_MANIFEST_FILE_H
#define DKMS_SYS_MANIFEST_FILE_H

#include "base/buf.h"
#include "core/conf.h"
#include "core/manifest.h"
#include "sys/conf_load.h"
#include "sys/kernel.h"

/* What a manifest is made of. Everything is borrowed. */
struct manifest_facts {
	const char *built; /* <tree>/<m>/<v>/<k>/<a>, or where that is made */
	const struct conf *conf;
	const struct conf_exclusion *exclusion;
	const struct conf_trace *trace;
	const struct kernel *kernel;
	const char *distro_dest;
	bool is_passing; /* another is written soon: what would have to be waited for is left unknown */
	bool is_installed; /* the active link leads here */
	const char *record;
};

/*
 * Looks at the files and writes the manifest: over an old one, in one write, and not fsynced: it
 * holds nothing that cannot be lost, and half of one is none. 0 or -errno; nobody needs to care.
 */
int manifest_write(const struct manifest_facts *facts);

/* Reads the memory of a manifest; ret's strings are in *text, which is reset first. -ENOENT,
 * -EBADMSG, … */
int manifest_read(int dirfd, const char *path, struct buf *text, struct manifest *ret);
/*
 * Was a module of <tree>/<m>/<v>/<k>/<a> installed as `below`, a path below the kernel's directory? 1 or 0 where it is
 * known that modules were installed from there since they were built, else negative.
 */
int manifest_placed(const char *built, const char *below);
/* Reads the record alone; "" where there is none. Caller frees. */
char *manifest_read_record(const char *built);
/* Adds "output" lines for the files of a directory to a record. */
void manifest_add_outputs(struct buf *record, const char *dir);
/*
 * Says in a manifest that the files of module/ are what is wanted, signed for a certificate. The memory goes; where
 * there is no record none is made. 0 or -errno; nobody needs to care.
 */
int manifest_renew_outputs(const char *built, const char *certificate);

#endif
