/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/inputs.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/build_record.h"
#include "sys/digest.h"
#include "sys/elf_comment.h"

static void add_file(struct buf *record, const char *key, const char *path)
{
	char hex[SHA256_HEX];

	build_record_add(record, key, path && digest_file(path, hex) == 0 ? hex : NULL);
}

static void add_overrides(const struct inputs *in, struct buf *record)
{
	for (size_t i = 0; i < in->overrides->n; i++) {
		CLEAN(free) char *path = path_join(in->etc_dir, in->overrides->items[i]);
		CLEAN(free) char *line = NULL;
		char hex[SHA256_HEX];

		if (digest_file(path, hex) < 0)
			continue;
		line = xasprintf("%s %s", in->overrides->items[i], hex);
		build_record_add(record, "override", line);
	}
}

void inputs_of_module(const struct inputs *in, struct buf *record)
{
	CLEAN(free) char *conf = path_join(in->source_dir, "dkms.conf");
	CLEAN(free) char *patches = path_join(in->etc_dir, in->module, "patches");
	char hex[SHA256_HEX];

	build_record_add(record, "source",
			 digest_tree(in->source_dir, "dkms.conf", hex) == 0 ? hex : NULL);
	add_file(record, "conf", in->conf_file ? in->conf_file : conf);
	add_overrides(in, record);
	if (path_is_dir(patches))
		build_record_add(record, "patches",
				 digest_tree(patches, NULL, hex) == 0 ? hex : NULL);
}

const char *inputs_of_kernel(struct kernel *k)
{
	CLEAN(free) char *symvers = path_join(k->source_dir, "Module.symvers");
	CLEAN(buf) struct buf record = { 0 };

	if (k->record)
		return k->record;
	add_file(&record, "symvers", symvers);
	add_file(&record, "config", k->config_path);
	k->record = buf_take(&record);
	return k->record;
}

/* The section is a row of strings, one for each object that was linked; the same compiler as a
 * rule. */
char *inputs_compiler(const char *module_path)
{
	CLEAN(buf) struct buf comment = { 0 };
	const char *s;

	if (elf_comment_read(module_path, &comment) < 0)
		return NULL;
	s = buf_str(&comment);
	while (s < buf_str(&comment) + comment.len && !*s)
		s++;
	return *s ? xstrdup(s) : NULL;
}
