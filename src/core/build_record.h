/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_BUILD_RECORD_H
#define DKMS_CORE_BUILD_RECORD_H

#include "base/buf.h"

/*
 * The record of where a build came from, kept in its manifest (core/manifest.h). Lines "key value"; a key may come more
 * than once. Digests are SHA-256 in hexadecimal, "-" where there was nothing to digest.
 *
 *	dkms, time		which dkms built it, and when (UTC, ISO 8601)
 *	source			all files of the source tree, but for its dkms.conf
 *	conf			dkms.conf
 *	override		"NAME DIGEST" for each file of /etc/dkms that was read
 *	patches			the administrator's patches in /etc/dkms/<module>/patches
 *	symvers, config		the kernel's Module.symvers and configuration: the same release name can mean another
 *				kernel
 *	source_stamp, kernel_stamp	hashes of their files' stats: while they are the same nothing has to be read
 *	toolchain		what the compiler said of itself
 *	conf_file, directive	-c and --directive
 *	store			where it is in the build store, if it was taken from there
 *	launcher		the compiler's launcher, if there was one; the result is the same with and without
 *	compiler		as the modules themselves say
 *	command			the make command, without the number of jobs
 *	output			"SIZE DIGEST FILE"
 *	signer			the certificate that it was signed for
 */
void build_record_add(struct buf *record, const char *key, const char *value);
/* The value of the n-th line of that key, from 0; caller frees; NULL: there is none. */
char *build_record_get(const char *record, const char *key, size_t n);
/* Adds the lines of another record but for those of some keys; NULL ends these. */
void build_record_add_others(struct buf *record, const char *from, const char *const *but);

#endif
