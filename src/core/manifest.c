/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/manifest.h"

#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"

/* The first line: magic, then hash and length of the memory and of the record. */
#define MAGIC "dkms-manifest 1 "
enum { HEX = 16, LENGTH = 8, FIRST_LINE = sizeof(MAGIC) - 1 + 2 * (HEX + 1 + LENGTH + 1) };

uint64_t manifest_hash(uint64_t hash, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ULL;
	return hash;
}

bool file_stamp_same(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->is_known && b->is_known && a->inode == b->inode && a->size == b->size &&
	       a->mtime_sec == b->mtime_sec && a->mtime_nsec == b->mtime_nsec &&
	       a->ctime_sec == b->ctime_sec && a->ctime_nsec == b->ctime_nsec;
}

void manifest_done(struct manifest *m)
{
	free(m->overrides);
	free(m->modules);
	*m = (struct manifest){ 0 };
}

/* writing */

static bool is_plain(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s < ' ')
			return false;
	return true;
}

bool manifest_fits(const struct manifest *m)
{
	bool fits = is_plain(m->used);

	for (size_t i = 0; i < m->n_overrides; i++)
		fits = fits && is_plain(m->overrides[i].name);
	for (size_t i = 0; i < m->n_modules; i++)
		fits = fits && is_plain(m->modules[i].dest_name) &&
		       is_plain(m->modules[i].dest_location) && is_plain(m->modules[i].file) &&
		       is_plain(m->modules[i].installed);
	return fits;
}

/* Five numbers, or a dash. */
static void add_stamp(struct buf *b, const struct file_stamp *s)
{
	if (s->is_known)
		buf_add_fmt(b,
			    "\t%" PRIu64 " %" PRIu64 " %" PRId64 ".%09" PRIu32 " %" PRId64
			    ".%09" PRIu32,
			    s->inode, s->size, s->mtime_sec, s->mtime_nsec, s->ctime_sec,
			    s->ctime_nsec);
	else
		buf_add_str(b, "\t-");
}

static void format_memory(const struct manifest *m, struct buf *b)
{
	buf_add_fmt(b, "conf\t%016" PRIx64, m->scope);
	add_stamp(b, &m->conf);
	buf_add_fmt(b, "\nused\t%s\nconfig\t%c", m->used ? m->used : "",
		    m->needs_config ? 'y' : 'n');
	add_stamp(b, &m->config);
	buf_add_str(b, "\ndir");
	add_stamp(b, &m->dir);
	buf_add_char(b, '\n');
	for (size_t i = 0; i < m->n_overrides; i++) {
		buf_add_fmt(b, "override\t%s", m->overrides[i].name);
		add_stamp(b, &m->overrides[i].stamp);
		buf_add_char(b, '\n');
	}
	for (size_t i = 0; i < m->n_modules; i++) {
		const struct manifest_module *x = &m->modules[i];

		buf_add_fmt(b, "module\t%s\t%s\t%s", x->dest_name, x->dest_location, x->file);
		add_stamp(b, &x->built);
		buf_add_fmt(b, "\t%s", x->installed ? x->installed : "");
		add_stamp(b, &x->installed_stamp);
		buf_add_char(b, '\n');
	}
}

void manifest_format(const struct manifest *m, const char *record, struct buf *out)
{
	CLEAN(buf) struct buf memory = { 0 };
	size_t n = strlen(record);

	format_memory(m, &memory);
	buf_add_fmt(out, MAGIC "%016" PRIx64 " %08zu %016" PRIx64 " %08zu\n",
		    manifest_hash(MANIFEST_HASH, memory.data, memory.len), memory.len,
		    manifest_hash(MANIFEST_HASH, record, n), n);
	buf_add(out, memory.data, memory.len);
	buf_add(out, record, n);
}

/* reading */

struct first_line {
	uint64_t memory_hash, record_hash;
	size_t memory_len, record_len;
};

static bool read_first_line(const char *text, size_t len, struct first_line *ret)
{
	char line[FIRST_LINE + 1], *at = line + sizeof(MAGIC) - 1;

	if (len < FIRST_LINE || memcmp(text, MAGIC, sizeof(MAGIC) - 1) != 0 ||
	    text[FIRST_LINE - 1] != '\n')
		return false;
	memcpy(line, text, FIRST_LINE);
	line[FIRST_LINE] = '\0';
	ret->memory_hash = strtoull(at, &at, 16);
	ret->memory_len = strtoul(at, &at, 10);
	ret->record_hash = strtoull(at, &at, 16);
	ret->record_len = strtoul(at, &at, 10);
	return at == line + FIRST_LINE - 1 && ret->memory_len <= MANIFEST_MAX &&
	       ret->record_len <= MANIFEST_MAX;
}

/* Takes the next field off, up to a tab or the end of the line; NULL behind the last one. */
static char *field(char **at)
{
	char *from = *at, *to;

	if (!from)
		return NULL;
	to = from + strcspn(from, "\t");
	*at = *to ? to + 1 : NULL;
	*to = '\0';
	return from;
}

static uint64_t number(const char **at)
{
	uint64_t n = 0;

	while (**at >= '0' && **at <= '9')
		n = n * 10 + (uint64_t)(*(*at)++ - '0');
	return n;
}

static bool skip(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static int64_t seconds(const char **at)
{
	bool is_negative = skip(at, '-');
	uint64_t n = number(at);

	return (int64_t)(is_negative ? 0 - n : n);
}

static bool read_stamp(char **line, struct file_stamp *ret)
{
	const char *at = field(line);

	*ret = (struct file_stamp){ 0 };
	if (!at)
		return false;
	if (str_eq(at, "-"))
		return true;
	ret->is_known = true;
	ret->inode = number(&at);
	if (!skip(&at, ' '))
		return false;
	ret->size = number(&at);
	if (!skip(&at, ' '))
		return false;
	ret->mtime_sec = seconds(&at);
	if (!skip(&at, '.'))
		return false;
	ret->mtime_nsec = (uint32_t)number(&at);
	if (!skip(&at, ' '))
		return false;
	ret->ctime_sec = seconds(&at);
	if (!skip(&at, '.'))
		return false;
	ret->ctime_nsec = (uint32_t)number(&at);
	return *at == '\0';
}

static bool read_conf_line(char *line, struct manifest *m)
{
	const char *hash = field(&line);

	m->scope = hash ? strtoull(hash, NULL, 16) : 0;
	return hash && read_stamp(&line, &m->conf);
}

static bool read_override(char *line, struct manifest *m)
{
	struct manifest_override *o;

	m->overrides = xreallocarray(m->overrides, m->n_overrides + 1, sizeof(*m->overrides));
	o = &m->overrides[m->n_overrides++];
	*o = (struct manifest_override){ .name = field(&line) };
	return o->name && read_stamp(&line, &o->stamp);
}

static bool read_module(char *line, struct manifest *m)
{
	struct manifest_module *x;

	m->modules = xreallocarray(m->modules, m->n_modules + 1, sizeof(*m->modules));
	x = &m->modules[m->n_modules++];
	*x = (struct manifest_module){ .dest_name = field(&line) };
	x->dest_location = field(&line);
	x->file = field(&line);
	if (!x->file || !read_stamp(&line, &x->built))
		return false;
	x->installed = field(&line);
	if (!x->installed || !read_stamp(&line, &x->installed_stamp))
		return false;
	if (!*x->installed)
		x->installed = NULL;
	return true;
}

static bool read_line(char *line, struct manifest *m)
{
	const char *key = field(&line), *flag;

	if (str_eq(key, "conf"))
		return read_conf_line(line, m);
	if (str_eq(key, "used")) {
		m->used = line ? line : "";
		return true;
	}
	if (str_eq(key, "config")) {
		flag = field(&line);
		m->needs_config = str_eq(flag, "y");
		return flag && read_stamp(&line, &m->config);
	}
	if (str_eq(key, "dir"))
		return read_stamp(&line, &m->dir);
	if (str_eq(key, "override"))
		return read_override(line, m);
	return str_eq(key, "module") && read_module(line, m);
}

static bool read_lines(char *text, size_t len, struct manifest *m)
{
	char *end = text + len;

	while (text < end) {
		char *newline = memchr(text, '\n', (size_t)(end - text));

		if (!newline)
			return false;
		*newline = '\0';
		if (!read_line(text, m))
			return false;
		text = newline + 1;
	}
	return true;
}

int manifest_parse(char *text, size_t len, struct manifest *ret)
{
	struct first_line first;

	*ret = (struct manifest){ 0 };
	if (!read_first_line(text, len, &first))
		return -EBADMSG;
	if (len - FIRST_LINE < first.memory_len)
		return -EAGAIN;
	text += FIRST_LINE;
	if (manifest_hash(MANIFEST_HASH, text, first.memory_len) != first.memory_hash ||
	    !read_lines(text, first.memory_len, ret)) {
		manifest_done(ret);
		return -EBADMSG;
	}
	return 0;
}

const char *manifest_record(const char *text, size_t len)
{
	struct first_line first;

	/* what is behind is the end of a longer one that this was written over */
	if (!read_first_line(text, len, &first) ||
	    len < FIRST_LINE + first.memory_len + first.record_len)
		return NULL;
	text += FIRST_LINE + first.memory_len;
	return manifest_hash(MANIFEST_HASH, text, first.record_len) == first.record_hash ? text
											 : NULL;
}
