/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_JSON_H
#define DKMS_BASE_JSON_H

#include "base/buf.h"
#include "base/strv.h"

/*
 * Writes one JSON document into a buffer, indented so that people can read it too. `key` is NULL in
 *an array and for the document itself. Strings may hold any bytes: what is not UTF-8 becomes
 *U+FFFD, so that every parser takes the document. A NULL string is null. The calls must nest
 *properly; nothing here fails.
 *
 *	struct json j = { .out = &buf };
 *	json_object(&j, NULL);
 *	json_string(&j, "module", "hello");
 *	json_end(&j);
 */
enum { JSON_MAX_DEPTH = 16 };

struct json {
	struct buf *out; /* borrowed */
	int depth;
	bool has_items;
	char closing[JSON_MAX_DEPTH];
};

void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
/* The end of the innermost object or array. */
void json_end(struct json *j);
void json_string(struct json *j, const char *key, const char *value);
void json_int(struct json *j, const char *key, long long value);
void json_bool(struct json *j, const char *key, bool value);
void json_strings(struct json *j, const char *key, const struct strv *values);

#endif
