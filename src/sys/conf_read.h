/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_CONF_READ_H
#define DKMS_SYS_CONF_READ_H

#include "base/buf.h"
#include "base/fail.h"
#include "core/conf_expand.h"

/*
 * Reading one file of bash syntax for the known names that it sets: dkms.conf, its overrides and
 * framework.conf. Natively where that is provably what bash would say, else by bash.
 */
struct conf_reader {
	struct conf_scope scope;
	bool only_bash; /* never natively (differential tests) */
	bool debug;	/* say on stderr why a file goes to bash */
};

/* The environment for scope.env: that of `from`, less the known names and what would steer bash. */
void conf_read_environment(const struct strv *from, const struct conf_names *names,
			   struct strv *ret);

/*
 * Reads the file on top of what io holds, and sets what its DKMS_DIRECTIVE… variables say. 1 if it
 * was read natively, 0 if by bash; -ENOENT when there is no such file (f is not filled then); other
 * negative codes when it cannot be read.
 */
int conf_read_file(const char *path, const struct conf_reader *reader, struct conf_values *io,
		   struct fail *f);
/* Reads the text of a file; -ENOENT without a complaint where there is none. */
int conf_read_open(const char *path, struct buf *ret, struct fail *f);
/* The same for a file whose text is here already (bash reads it itself, if need be). */
int conf_read_text(const char *path, const struct buf *text, const struct conf_reader *reader,
		   struct conf_values *io, struct fail *f);

#endif
