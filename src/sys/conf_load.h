/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_SYS_CONF_LOAD_H
#define DKMS_SYS_CONF_LOAD_H

#include "base/buf.h"
#include "base/fail.h"
#include "core/conf.h"
#include "core/manifest.h"

/*
 * What many loads share: the environment made ready, which overrides there are, the text of the
 * dkms.conf last read. For a verb that reads many confs and changes nothing meanwhile.
 * Zero-initialize.
 */
struct conf_cache {
	struct strv env;
	bool has_env;
	char *etc_dir;
	struct strv overrides; /* the *.conf of etc_dir */
	char *path;	       /* of text */
	struct buf text;
};

void conf_cache_done(struct conf_cache *c);
static inline void clean_conf_cache(struct conf_cache *c)
{
	conf_cache_done(c);
}

/*
 * What a load rested on, for who wants to know later, without reading anything, whether it would give the same again
 * (core/manifest.h). Zero-initialize.
 */
struct conf_trace {
	bool is_open; /* a file may say something else the next time, whatever is the same (core/conf_closed.h) */
	struct strv used;	/* the variables of dkms and the environment that the files used */
	uint64_t scope;		/* conf_scope_hash */
	struct file_stamp conf; /* taken before it was read */
	struct strv overrides;	/* the files in etc_dir that were read */
	struct file_stamp *override_stamps;
};

void conf_trace_done(struct conf_trace *t);
/* Does the environment have directives of its own? Then nothing that was remembered counts. */
bool conf_is_steered(void);
static inline void clean_conf_trace(struct conf_trace *t)
{
	conf_trace_done(t);
}

/* All that a conf file may see or that decides which files are read. Everything is borrowed. */
struct conf_request {
	struct conf_target target;
	const char *source_dir; /* the directory whose dkms.conf is read */
	const char *conf_file;	/* -c; NULL: <source_dir>/dkms.conf */
	const char *etc_dir;	/* "/etc/dkms" */
	const char *kernel_source_dir;
	const char *kernel_config;
	const char *dkms_tree, *source_tree, *install_tree, *tmp_location;
	int parallel_jobs;
	const struct strv *directives; /* NAME=VALUE, in order; may be NULL */
	const char *distro_dest;       /* see conf_build; may be NULL */
	bool debug;		       /* say on stderr why a file went to bash */
	bool only_bash;		       /* never the native evaluator (differential tests) */
	struct conf_cache *cache;      /* may be NULL */
	struct conf_trace *trace;      /* may be NULL */
};

/*
 * Reads dkms.conf, the overrides in etc_dir and the directives, in the order of dkms.conf(5), each file
 * natively where that is provably the same, else by bash. 0 with the model in ret (look at
 * ret->errors); -E_NO_CONF when there is no dkms.conf; other negative codes when it cannot be read.
 */
int conf_load(const struct conf_request *rq, struct conf *ret, struct fail *f);
/*
 * A hash of the values of variables, named in `used` with blanks between, and of distro_dest: as long as it and the
 * files stay the same, so does the result of a load whose trace is not open.
 */
uint64_t conf_scope_hash(const struct conf_request *rq, const char *used);
/* The overrides in etc_dir that would be read for the target. */
void conf_override_names(const struct conf_request *rq, struct strv *ret);
/* The same without the rules: what the files say. ret is initialized with conf_names by the caller.
 */
int conf_load_values(const struct conf_request *rq, struct conf_values *ret, struct fail *f);

#endif
