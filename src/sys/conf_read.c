/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/conf_read.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "core/conf_eval.h"
#include "sys/conf_bash.h"

enum { FILE_MAX = 1024 * 1024 };

/* These make bash run a file, change its mode or hide a builtin before the first line of ours. */
static bool steers_bash(const char *name, size_t n)
{
	static const char *const names[] = { "BASH_ENV", "ENV",		  "SHELLOPTS",
					     "BASHOPTS", "BASH_XTRACEFD", "POSIXLY_CORRECT" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strncmp(names[i], name, n) == 0 && names[i][n] == '\0')
			return true;
	return str_has_prefix(name, "BASH_FUNC_");
}

void conf_read_environment(const struct strv *from, const struct conf_names *names,
			   struct strv *ret)
{
	for (size_t i = 0; i < from->n; i++) {
		const char *s = from->items[i];
		size_t n = strcspn(s, "=");

		if (!steers_bash(s, n) && conf_names_find(names, s, n) < 0)
			strv_add(ret, s);
	}
}

static void tell(const struct conf_reader *reader, const char *path, const struct conf_refusal *why)
{
	if (!reader->debug)
		return;
	if (why->line)
		fprintf(stderr, "dkms: debug: '%s' is read by bash: %s in line %zu\n", path,
			why->reason, why->line);
	else
		fprintf(stderr, "dkms: debug: '%s' is read by bash: %s\n", path, why->reason);
}

static bool read_natively(const char *path, const struct buf *text,
			  const struct conf_reader *reader, struct conf_values *io)
{
	CLEAN(conf_values) struct conf_values raw = { 0 };
	struct conf_refusal why = { 0 };

	conf_values_init(&raw, io->names);
	if (!conf_eval(buf_str(text), text->len, &reader->scope, io, &raw, &why)) {
		tell(reader, path, &why);
		return false;
	}
	if (!conf_expand(&raw, &reader->scope, io)) {
		why = (struct conf_refusal){ "more than ${name} in a value's second expansion", 0 };
		tell(reader, path, &why);
		return false;
	}
	return true;
}

static int read_by_bash(const char *path, const struct conf_reader *reader, struct conf_values *io,
			struct fail *f)
{
	CLEAN(conf_values) struct conf_values raw = { 0 };
	CLEAN(strv) struct strv directives = { 0 };
	int r;

	conf_values_init(&raw, io->names);
	r = conf_bash_read(path, &reader->scope, io, &raw, &directives, f);
	if (r < 0)
		return r;
	io->has_left |= raw.has_left;
	if (reader->only_bash || !conf_expand(&raw, &reader->scope, io)) {
		r = conf_bash_expand(&raw, &reader->scope, io, f);
		if (r < 0) {
			fail_wrap(f, "cannot read '%s'", path);
			return r;
		}
	}
	for (size_t i = 0; i < directives.n; i++)
		conf_values_set_text(io, directives.items[i]);
	return 0;
}

int conf_read_open(const char *path, struct buf *ret, struct fail *f)
{
	int r = file_read(AT_FDCWD, path, FILE_MAX, ret);

	if (r == -ENOENT || r == -ENOTDIR)
		return -ENOENT;
	return r < 0 ? fail_errno(f, r, "cannot read '%s'", path) : 0;
}

int conf_read_text(const char *path, const struct buf *text, const struct conf_reader *reader,
		   struct conf_values *io, struct fail *f)
{
	if (!reader->only_bash && read_natively(path, text, reader, io))
		return 1;
	return read_by_bash(path, reader, io, f);
}

int conf_read_file(const char *path, const struct conf_reader *reader, struct conf_values *io,
		   struct fail *f)
{
	CLEAN(buf) struct buf text = { 0 };
	int r = conf_read_open(path, &text, f);

	return r < 0 ? r : conf_read_text(path, &text, reader, io, f);
}
