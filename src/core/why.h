/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_CORE_WHY_H
#define DKMS_CORE_WHY_H

#include "base/util.h"

/*
 * What went into a build, beside what would go into it now: two records (core/build_record.h) compared.
 */
enum why_change {
	WHY_SAME,
	WHY_CHANGED,
	WHY_NEW,     /* was not there then */
	WHY_GONE,    /* is not there now */
	WHY_UNKNOWN, /* cannot be told: the kernel's headers are not installed any more, or it was not written down */
};

struct why_input {
	const char *key;   /* "source", "conf", … as in the record; static */
	const char *label; /* for people; static */
	char *name;	   /* which one of several: an override's file, a dependency; NULL: there is only one */
	char *was, *now;   /* NULL: not there */
	enum why_change change;
};

struct why {
	struct why_input *inputs;
	size_t n;
};

/* In a fixed order; ret is zero-initialized by the caller, may hold some already. */
void why_compare(const char *record, const char *now, struct why *ret);
/* Adds one that is in no record. */
void why_add(struct why *w, const char *key, const char *name, const char *was, const char *now);
void why_done(struct why *w);
static inline void clean_why(struct why *w)
{
	why_done(w);
}

/* Would a build come out of something else now? */
bool why_has_changed(const struct why *w);
/* "same", "changed", "new", "gone", "unknown" */
const char *why_change_word(enum why_change c);

/* What is to be told of one kernel. */
enum why_verdict {
	WHY_NOT_BUILT,
	WHY_EXCLUDED,	 /* not built, and BUILD_EXCLUSIVE says so */
	WHY_NO_RECORD,	 /* built by a dkms that remembers nothing */
	WHY_UP_TO_DATE,
	WHY_OUTDATED,	 /* something has changed; nothing rebuilds it by itself */
	WHY_REBUILDS,	 /* a dependency has changed, and BUILD_DEPENDS_REBUILD says yes */
};
enum why_verdict why_judge(const struct why *w, bool is_built, bool is_excluded, bool has_record, bool follows_depends);
/* "not-built", "excluded", "no-record", "up-to-date", "outdated", "rebuilds" */
const char *why_verdict_word(enum why_verdict v);

#endif
