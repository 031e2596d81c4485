/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/store_entry.h"

#include <inttypes.h>

#include "base/mem.h"

#define MAGIC "dkms-store 1 "
enum { DIGEST = SHA256_HEX - 1, FIRST_LINE = sizeof(MAGIC) - 1 + DIGEST + 1 };

void store_entry_done(struct store_entry *e)
{
	free(e->needs);
	free(e->files);
	*e = (struct store_entry){ 0 };
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ')
			return false;
	return true;
}

static void digest_of(const char *data, size_t n, char ret[SHA256_HEX])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, data, n);
	sha256_hex(&s, ret);
}

bool store_entry_format(const struct store_entry *e, struct buf *out)
{
	CLEAN(buf) struct buf body = { 0 };
	char hex[SHA256_HEX];

	for (size_t i = 0; i < e->n_needs; i++) {
		if (!is_plain(e->needs[i].path))
			return false;
		buf_add_fmt(&body, "need %016" PRIx64 " %s %s\n", e->needs[i].stamp, e->needs[i].digest,
			    e->needs[i].path);
	}
	for (size_t i = 0; i < e->n_files; i++) {
		if (!is_plain(e->files[i].name))
			return false;
		buf_add_fmt(&body, "file %" PRIu64 " %s %s\n", e->files[i].size, e->files[i].digest, e->files[i].name);
	}
	digest_of(buf_str(&body), body.len, hex);
	buf_add_fmt(out, MAGIC "%s\n", hex);
	buf_add(out, buf_str(&body), body.len);
	return true;
}

/* Takes the next word off. */
static char *word(char **at)
{
	char *from = *at;
	size_t n = strcspn(from, " ");

	if (!from[n])
		return NULL;
	from[n] = '\0';
	*at = from + n + 1;
	return from;
}

static bool is_safe_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

static bool read_line(char *line, struct store_entry *e)
{
	const char *kind = word(&line), *number = kind ? word(&line) : NULL, *digest = number ? word(&line) : NULL;

	if (!digest || !*line)
		return false;
	if (str_eq(kind, "need")) {
		e->needs = xreallocarray(e->needs, e->n_needs + 1, sizeof(*e->needs));
		e->needs[e->n_needs++] = (struct store_need){ line, strtoull(number, NULL, 16), digest };
		return true;
	}
	if (!str_eq(kind, "file") || strlen(digest) != DIGEST || !is_safe_name(line))
		return false;
	e->files = xreallocarray(e->files, e->n_files + 1, sizeof(*e->files));
	e->files[e->n_files++] = (struct store_file){ line, strtoull(number, NULL, 10), digest };
	return true;
}

bool store_entry_parse(char *text, size_t len, struct store_entry *ret)
{
	char hex[SHA256_HEX], *at = text + FIRST_LINE, *end = text + len;

	*ret = (struct store_entry){ 0 };
	if (len < FIRST_LINE || memcmp(text, MAGIC, sizeof(MAGIC) - 1) != 0 || text[FIRST_LINE - 1] != '\n')
		return false;
	digest_of(at, (size_t)(end - at), hex);
	if (memcmp(text + sizeof(MAGIC) - 1, hex, DIGEST) != 0)
		return false;
	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline)
			*newline = '\0';
		if (!newline || !read_line(at, ret)) {
			store_entry_done(ret);
			return false;
		}
		at = newline + 1;
	}
	return true;
}

void store_entry_id(const struct store_entry *e, char ret[SHA256_HEX])
{
	struct sha256 s;

	sha256_init(&s);
	for (size_t i = 0; i < e->n_needs; i++) {
		const struct store_need *n = &e->needs[i];
		/* of what was not read, the stamp is all there is */
		CLEAN(free) char *text = str_eq(n->digest, "-") ? xasprintf("%016" PRIx64, n->stamp)
								: xstrdup(n->digest);

		sha256_add(&s, n->path, strlen(n->path) + 1);
		sha256_add(&s, text, strlen(text) + 1);
	}
	sha256_hex(&s, ret);
}

bool store_may_keep(const struct conf *c)
{
	if (c->build_depends.n || (c->build_store && !*c->build_store))
		return false;
	if (str_eq(c->build_store, "yes"))
		return true;
	return !c->build_store && !c->make && !c->pre_build && !c->post_build;
}

bool store_env_counts(const char *assignment)
{
	/* whole names, and beginnings of names that end in '*' */
	static const char *const others[] = {
		"TERM",	      "PWD",	   "OLDPWD",  "SHLVL",	 "_",	      "HOME",	    "USER",	 "LOGNAME",
		"SHELL",      "MAIL",	   "EDITOR",  "VISUAL",	 "PAGER",     "COLORTERM",  "LS_COLORS", "LESS*",
		"HISTFILE",   "DISPLAY",   "TMPDIR",  "TMP",	 "TEMP",      "LANG",	    "LANGUAGE",	 "LC_*",
		"SSH_*",      "SUDO_*",	   "XDG_*",   "DBUS_*",	 "DPKG_*",    "APT_*",	    "DEBIAN_*",	 "DEBCONF_*",
		"PERL*",      "SYSTEMD_*", "INVOCATION_ID",	 "JOURNAL_STREAM",	    "NOTIFY_SOCKET",
		"KERNEL_INSTALL_*",	   "NO_COLOR", "WAYLAND_DISPLAY", "XAUTHORITY",	    "COLUMNS",	 "LINES",
		"DKMS_LOCK_HOLDER",
	};
	size_t n = strcspn(assignment, "=");

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		size_t len = strlen(others[i]);
		bool is_beginning = others[i][len - 1] == '*';

		len -= is_beginning;
		if (strncmp(assignment, others[i], len) == 0 && (is_beginning ? n >= len : n == len))
			return false;
	}
	return true;
}
