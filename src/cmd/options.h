/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CMD_OPTIONS_H
#define DKMS_CMD_OPTIONS_H

#include "base/buf.h"
#include "cmd/request.h"

/*
 * The one table of options and the one of actions. The parser, the usage text, the completions and the
 * check of the man page are made from them.
 */
enum option_id {
	OPT_MODULE,
	OPT_VERSION_OF_MODULE,
	OPT_KERNEL,
	OPT_ARCH,
	OPT_CONF,
	OPT_JOBS,
	OPT_QUIET,
	OPT_VERSION,
	OPT_HELP,
	OPT_ALL,
	OPT_ALL_KERNELS,
	OPT_FORCE,
	OPT_FORCE_VERSION_OVERRIDE,
	OPT_TEMPLATE_KERNEL,
	OPT_DIRECTIVE,
	OPT_CONFIG,
	OPT_KERNEL_SOURCE_DIR,
	OPT_ARCHIVE,
	OPT_BINARIES_ONLY,
	OPT_SOURCE_ONLY,
	OPT_RPM_SAFE_UPGRADE,
	OPT_DKMS_TREE,
	OPT_SOURCE_TREE,
	OPT_INSTALL_TREE,
	OPT_SYMLINK_MODULES,
	OPT_NO_DEPMOD,
	OPT_MODPROBE_ON_INSTALL,
	OPT_VERBOSE,
	OPT_DEBUG,
	OPT_DRY_RUN,
	OPT_JSON,
	OPT_MAKE,
	OPT_NINJA,
	OPT_RESULT,
	OPT_HOOK,
	OPT_SETTINGS,
	OPT_DEPRECATED,
};

struct option_row {
	enum option_id id;
	const char *short_name; /* "-m", or NULL */
	const char *long_name;  /* "--module", or NULL */
	const char *alias;      /* another long name that people use, or NULL */
	const char *value;      /* what the value is called; NULL: the option has none */
	const char *help;       /* one line; NULL: not shown (deprecated, or for our own scripts) */
};

struct verb_row {
	enum verb verb;
	const char *name;
	const char *help;
};

extern const struct option_row option_table[];
extern const size_t option_count;
extern const struct verb_row verb_table[];
extern const size_t verb_count;

/* The usage text. */
void options_usage(struct buf *out);
/* The tables for completion scripts: a line "verb NAME HELP" or "option SHORT LONG VALUE HELP" each, fields
 * separated by tabs, "-" where there is none. Options that are not shown are left out. */
void options_dump(struct buf *out);

#endif
