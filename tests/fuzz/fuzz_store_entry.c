/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "core/store_entry.h"
#include "fuzz.h"

/* What was parsed leads nowhere else, and is written and read again as the same. */
static void there_and_back(const struct store_entry *e)
{
	CLEAN(buf) struct buf first = { 0 }, second = { 0 };
	CLEAN(store_entry) struct store_entry again = { 0 };
	CLEAN(free) char *text = NULL;
	char id[SHA256_HEX], same[SHA256_HEX];

	for (size_t i = 0; i < e->n_files; i++)
		if (!*e->files[i].name || e->files[i].name[0] == '.' || strchr(e->files[i].name, '/'))
			abort();
	if (!store_entry_format(e, &first))
		return;
	text = xmemdup(first.data, first.len + 1);
	if (!store_entry_parse(text, first.len, &again) || !store_entry_format(&again, &second))
		abort();
	store_entry_id(e, id);
	store_entry_id(&again, same);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0 || !str_eq(id, same))
		abort();
}

static void parse(char *text, size_t len)
{
	CLEAN(store_entry) struct store_entry e = { 0 };

	if (store_entry_parse(text, len, &e))
		there_and_back(&e);
	else if (e.needs || e.files)
		abort();
}

/* Bytes as an entry, and as what is behind the first line of one, with the checksum that they need. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(free) char *raw = xcalloc(size + 1, 1);
	CLEAN(free) char *exact = NULL;
	CLEAN(buf) struct buf text = { 0 };
	char hex[SHA256_HEX];
	struct sha256 s;

	if (size)
		memcpy(raw, data, size);
	parse(raw, size);
	sha256_init(&s);
	sha256_add(&s, data, size);
	sha256_hex(&s, hex);
	buf_add_fmt(&text, "dkms-store 1 %s\n", hex);
	buf_add(&text, data, size);
	exact = xmemdup(text.data, text.len + 1);
	parse(exact, text.len);
	return 0;
}
