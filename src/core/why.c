/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/why.h"

#include "base/mem.h"
#include "core/build_record.h"

static const struct kind {
	const char *key, *label;
	bool is_list;  /* values are "NAME DIGEST" */
	bool can_miss; /* of the kernel's headers or the system: away is not changed */
} kinds[] = {
	{ "source", "source", false, false },
	{ "conf", "dkms.conf", false, false },
	{ "override", "override", true, false },
	{ "patches", "patches", false, false },
	{ "config", "kernel config", false, true },
	{ "symvers", "Module.symvers", false, true },
	{ "toolchain", "compiler", false, true },
	{ "command", "command", false, false },
	{ "depends", "dependency", true, true },
};

static const struct kind *find_kind(const char *key)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (str_eq(kinds[i].key, key))
			return &kinds[i];
	return &kinds[0];
}

static enum why_change judge(const struct kind *k, const char *was, const char *now)
{
	if (!was && !now)
		return WHY_SAME;
	if (was && now)
		return str_eq(was, now) ? WHY_SAME : WHY_CHANGED;
	if (k->can_miss)
		return WHY_UNKNOWN;
	return was ? WHY_GONE : WHY_NEW;
}

void why_add(struct why *w, const char *key, const char *name, const char *was, const char *now)
{
	const struct kind *k = find_kind(key);
	struct why_input *in;

	w->inputs = xreallocarray(w->inputs, w->n + 1, sizeof(*w->inputs));
	in = &w->inputs[w->n++];
	*in = (struct why_input){ k->key, k->label, xstrdup(name), xstrdup(was), xstrdup(now), judge(k, was, now) };
}

/* NULL for what was not there. */
static char *get(const char *record, const char *key, size_t n)
{
	char *value = build_record_get(record, key, n);

	if (!str_eq(value, "-"))
		return value;
	free(value);
	return NULL;
}

/* The value behind "NAME ", or NULL; caller frees. */
static char *find_named(const char *record, const char *key, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0;; i++) {
		CLEAN(free) char *value = get(record, key, i);

		if (!value)
			return NULL;
		if (strncmp(value, name, n) == 0 && value[n] == ' ')
			return xstrdup(value + n + 1);
	}
}

static void compare_list(const char *record, const char *now, const char *key, struct why *w)
{
	const char *const texts[] = { record, now };

	for (size_t k = 0; k < COUNT_OF(texts); k++)
		for (size_t i = 0;; i++) {
			CLEAN(free) char *value = get(texts[k], key, i), *name = NULL, *was = NULL, *is = NULL;

			if (!value)
				break;
			name = xstrndup(value, strcspn(value, " "));
			was = find_named(record, key, name);
			is = find_named(now, key, name);
			if (k == 0 || !was)
				why_add(w, key, name, was, is);
		}
}

void why_compare(const char *record, const char *now, struct why *ret)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		CLEAN(free) char *was = NULL, *is = NULL;

		if (kinds[i].is_list) {
			compare_list(record, now, kinds[i].key, ret);
			continue;
		}
		was = get(record, kinds[i].key, 0);
		is = get(now, kinds[i].key, 0);
		if (was || is)
			why_add(ret, kinds[i].key, NULL, was, is);
	}
}

void why_done(struct why *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->inputs[i].name);
		free(w->inputs[i].was);
		free(w->inputs[i].now);
	}
	free(w->inputs);
	*w = (struct why){ 0 };
}

static bool is_other(const struct why_input *in)
{
	return in->change != WHY_SAME && in->change != WHY_UNKNOWN;
}

bool why_has_changed(const struct why *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (is_other(&w->inputs[i]))
			return true;
	return false;
}

static bool has_other_depends(const struct why *w)
{
	/* no record of a dependency counts as changed */
	for (size_t i = 0; i < w->n; i++) {
		const struct why_input *in = &w->inputs[i];

		if (str_eq(in->key, "depends") && in->now && !str_eq(in->was, in->now))
			return true;
	}
	return false;
}

enum why_verdict why_judge(const struct why *w, bool is_built, bool is_excluded, bool has_record, bool follows_depends)
{
	if (!is_built)
		return is_excluded ? WHY_EXCLUDED : WHY_NOT_BUILT;
	if (follows_depends && has_other_depends(w))
		return WHY_REBUILDS;
	if (!has_record)
		return WHY_NO_RECORD;
	return why_has_changed(w) ? WHY_OUTDATED : WHY_UP_TO_DATE;
}

const char *why_change_word(enum why_change c)
{
	static const char *const words[] = { "same", "changed", "new", "gone", "unknown" };

	return words[c];
}

const char *why_verdict_word(enum why_verdict v)
{
	static const char *const words[] = { "not-built",  "excluded", "no-record",
					     "up-to-date", "outdated", "rebuilds" };

	return words[v];
}
