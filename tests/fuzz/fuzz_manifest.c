/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/mem.h"
#include "core/build_record.h"
#include "core/manifest.h"
#include "fuzz.h"

/* What was parsed is written and read again as the same. */
static void there_and_back(const struct manifest *m, const char *record)
{
	CLEAN(buf) struct buf first = { 0 }, second = { 0 };
	CLEAN(manifest) struct manifest again = { 0 };
	CLEAN(free) char *text = NULL;

	for (size_t i = 0; i < m->n_modules; i++)
		if (!m->modules[i].dest_name || !m->modules[i].dest_location || !m->modules[i].file)
			abort();
	for (size_t i = 0; i < m->n_overrides; i++)
		if (!m->overrides[i].name)
			abort();
	if (!manifest_fits(m))
		return;
	manifest_format(m, record, &first);
	text = xmemdup(first.data, first.len + 1);
	if (manifest_parse(text, first.len, &again) != 0)
		abort();
	manifest_format(&again, record, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
}

static void whole_way(char *text, size_t len)
{
	CLEAN(manifest) struct manifest m = { 0 };
	CLEAN(free) char *record = NULL, *key = NULL, *value = NULL;
	int r;

	record = xstrdup(manifest_record(text, len));
	if (record) {
		key = xstrndup(record, strcspn(record, " \n"));
		value = build_record_get(record, key, 1);
	}
	r = manifest_parse(text, len, &m);
	if (r == 0)
		there_and_back(&m, record ? record : "");
	else if ((r != -EAGAIN && r != -EBADMSG) || m.modules || m.overrides)
		abort();
}

/* Any bytes are never right: their checksums would have to be. So they get them. */
static void with_checksums(const char *data, size_t size)
{
	const char *split = memchr(data, '\1', size);
	size_t memory = split ? (size_t)(split - data) : size, record = split ? size - memory - 1 : 0;
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(free) char *exact = NULL;

	buf_add_fmt(&text, "dkms-manifest 1 %016llx %08zu %016llx %08zu\n",
		    (unsigned long long)manifest_hash(MANIFEST_HASH, data, memory), memory,
		    (unsigned long long)manifest_hash(MANIFEST_HASH, split ? split + 1 : "", record), record);
	buf_add(&text, data, memory);
	buf_add(&text, split ? split + 1 : "", record);
	exact = xmemdup(text.data, text.len + 1);
	whole_way(exact, text.len);
}

/* Bytes as a manifest, and as what is behind the first line of one: the memory, \1, the record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(free) char *raw = xcalloc(size + 1, 1);

	if (size)
		memcpy(raw, data, size);
	whole_way(raw, size);
	if (size < MANIFEST_MAX)
		with_checksums((const char *)data, size);
	return 0;
}
