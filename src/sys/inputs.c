/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/inputs.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/build_record.h"
#include "sys/digest.h"
#include "sys/elf_comment.h"
#include "sys/stamp.h"

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

static void add_hash(struct buf *record, const char *key, uint64_t hash)
{
	char hex[32];

	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)hash);
	build_record_add(record, key, hex);
}

static uint64_t hash_stamp(uint64_t hash, const char *path)
{
	struct file_stamp s = { 0 };

	if (path)
		stamp_look(AT_FDCWD, path, &s);
	return stamp_hash(hash, &s);
}

static char *symvers_path(const struct kernel *k)
{
	return path_join(k->source_dir, "Module.symvers");
}

static uint64_t kernel_stamp(const struct kernel *k)
{
	CLEAN(free) char *symvers = symvers_path(k);

	return hash_stamp(hash_stamp(MANIFEST_HASH, symvers), k->config_path);
}

/* Is the value of the key in the record what `hash` is? */
static bool has_hash(const char *record, const char *key, uint64_t hash)
{
	CLEAN(free) char *was = build_record_get(record, key, 0);

	return was && strtoull(was, NULL, 16) == hash;
}

/* Is it in both, and not the same? */
static bool differs(const char *record, const char *now, const char *key)
{
	CLEAN(free) char *a = build_record_get(record, key, 0), *b = build_record_get(now, key, 0);

	return a && b && !str_eq(a, "-") && !str_eq(b, "-") && !str_eq(a, b);
}

bool inputs_source_changed(const struct inputs *in, const char *record)
{
	CLEAN(buf) struct buf now = { 0 };

	if (!*record || has_hash(record, "source_stamp", stamp_tree(in->source_dir)))
		return false;
	inputs_of_module(in, &now);
	return differs(record, buf_str(&now), "source") || differs(record, buf_str(&now), "conf");
}

bool inputs_kernel_changed(struct kernel *k, const char *record)
{
	const char *now;

	if (!*record || has_hash(record, "kernel_stamp", kernel_stamp(k)))
		return false;
	now = inputs_of_kernel(k);
	return differs(record, now, "symvers") || differs(record, now, "config");
}

void inputs_of_command(const struct conf *c, struct kernel *k, const char *build_dir, struct buf *record)
{
	const struct conf_make m = { .kernel = k->release,
				     /* where a tree is prepared does not matter either */
				     .kernel_source_dir = k->bare_dir ? k->bare_dir : k->source_dir,
				     .build_dir = build_dir,
				     .jobserver = true, /* how many jobs does not matter */
				     .clang = kernel_is_clang(k) };
	CLEAN(free) char *command = conf_make_command(c, &m, NULL);

	build_record_add(record, "command", command);
}

void inputs_of_module(const struct inputs *in, struct buf *record)
{
	CLEAN(free) char *conf = path_join(in->source_dir, "dkms.conf");
	CLEAN(free) char *patches = path_join(in->etc_dir, in->module, "patches");
	char hex[SHA256_HEX];

	/* first, so that what changes meanwhile shows */
	add_hash(record, "source_stamp", stamp_tree(in->source_dir));
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
	CLEAN(free) char *symvers = symvers_path(k);
	CLEAN(buf) struct buf record = { 0 };

	if (k->record)
		return k->record;
	add_hash(&record, "kernel_stamp", kernel_stamp(k));
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
