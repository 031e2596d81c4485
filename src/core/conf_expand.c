/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf_expand.h"

#include "base/buf.h"
#include "base/mem.h"

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The length of the variable name at s, 0 if there is none. */
static size_t name_length(const char *s)
{
	size_t n = 0;

	if (!is_name_start(*s))
		return 0;
	while (is_name_start(s[n]) || (s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

bool conf_is_bash_variable(const char *name, size_t n)
{
	static const char *const prefixes[] = { "BASH", "COMP_", "EPOCH",     "GLOB",  "HIST",
						"LC_",	"MAIL",	 "READLINE_", "__dkms" };
	static const char names[] =
		" CDPATH CHILD_MAX COLUMNS COMPREPLY COPROC DIRSTACK EMACS ENV EUID EXECIGNORE "
		"FCEDIT "
		"FIGNORE FUNCNAME FUNCNEST GROUPS HOME HOSTFILE HOSTNAME HOSTTYPE IFS IGNOREEOF "
		"INPUTRC "
		"INSIDE_EMACS LANG LANGUAGE LINENO LINES LOGNAME MACHTYPE MAPFILE OLDPWD OPTARG "
		"OPTERR "
		"OPTIND OSTYPE PATH PIPESTATUS POSIXLY_CORRECT PPID PROMPT_COMMAND PROMPT_DIRTRIM "
		"PS0 "
		"PS1 PS2 PS3 PS4 PWD RANDOM REPLY SECONDS SHELL SHELLOPTS SHLVL SRANDOM TERM "
		"TEXTDOMAIN "
		"TEXTDOMAINDIR TIMEFORMAT TMOUT TZ UID _ auto_resume histchars ";

	/* dkms's own are lower case, and asked for most often */
	if (*name >= 'b' && *name <= 'z' && *name != 'h')
		return false;
	for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
		size_t k = strlen(prefixes[i]);

		if (n >= k && memcmp(name, prefixes[i], k) == 0)
			return true;
	}
	for (const char *s = names + 1; *s; s += strcspn(s, " ") + 1)
		if (strncmp(s, name, n) == 0 && s[n] == ' ')
			return true;
	return false;
}

/* ---- making a value ready ---- */

static char *squeeze_blanks(const char *s)
{
	size_t n = strlen(s), k = 0;
	char *to = xmalloc(n + 1);

	if (n && s[n - 1] == '\r')
		n--;
	for (size_t i = 0; i < n; i++) {
		bool blank = strchr(" \t\n", s[i]) != NULL;

		if (!blank)
			to[k++] = s[i];
		else if (i == 0 || !strchr(" \t\n", s[i - 1]))
			to[k++] = ' ';
	}
	to[k] = '\0';
	return to;
}

enum { MAX_NESTING = 64 };

/* What the expansions that are open at some place are closed by. */
struct nesting {
	char closers[MAX_NESTING];
	size_t n;
};

static void nesting_push(struct nesting *nest, char closer)
{
	if (nest->n < MAX_NESTING)
		nest->closers[nest->n] = closer;
	nest->n++;
}

static char nesting_top(const struct nesting *nest)
{
	return nest->n && nest->n <= MAX_NESTING ? nest->closers[nest->n - 1] : '\0';
}

/* One step of finding the end of an expansion: s points at a character inside; returns the next
 * place. */
static const char *nesting_step(struct nesting *nest, const char *s)
{
	char top = nesting_top(nest);

	if (*s == '\\')
		return s[1] ? s + 2 : s + 1;
	if (*s == top) {
		nest->n--;
		return s + 1;
	}
	if (*s == '\'' && top == ')') {
		const char *end = strchr(s + 1, '\'');

		return end ? end + 1 : s + strlen(s);
	}
	if (*s == '$' && (s[1] == '(' || s[1] == '{')) {
		nesting_push(nest, s[1] == '(' ? ')' : '}');
		return s + 2;
	}
	if (*s == '(' && top == ')')
		nesting_push(nest, ')');
	else if (*s == '`' || *s == '"')
		nesting_push(nest, *s);
	return s + 1;
}

/* The end of the thing at s if it is $(…), ${…} or `…`; s itself if it is none of these. What is
 * never closed reaches to the end: bash is going to complain. */
static const char *skip_expansion(const char *s)
{
	struct nesting nest = { 0 };

	if (*s == '`') {
		nesting_push(&nest, '`');
		s++;
	} else if (*s == '$' && (s[1] == '(' || s[1] == '{')) {
		nesting_push(&nest, s[1] == '(' ? ')' : '}');
		s += 2;
	}
	while (nest.n && *s)
		s = nesting_step(&nest, s);
	return s;
}

/* Copies what stands at s and is no quote: an escape, an expansion or a character. Returns its end.
 */
static const char *copy_piece(const char *s, struct buf *b, struct conf_text *t)
{
	const char *end = skip_expansion(s);
	size_t n;

	if (end > s) {
		n = str_has_prefix(s, "${") ? name_length(s + 2) : 0;
		if (n == 0 || s[2 + n] != '}')
			t->needs_bash = t->can_fail = true;
		else if (conf_is_bash_variable(s + 2, n))
			t->needs_bash = true;
		buf_add(b, s, (size_t)(end - s));
		return end;
	}
	if (*s == '\\') {
		buf_add(b, s[1] ? s : "\\\\",
			2); /* one at the end would escape our closing quote */
		return s[1] ? s + 2 : s + 1;
	}
	if (*s == '$') {
		n = name_length(s + 1);
		if (n ? conf_is_bash_variable(s + 1, n) || (s[1 + n] & 0x80)
		      : s[1] && (strchr("0123456789@*#?$!-[", s[1]) || (s[1] & 0x80)))
			t->needs_bash = true;
		if (s[1] == '[')
			t->can_fail = true;
		buf_add(b, s, n + 1);
		return s + n + 1;
	}
	buf_add_char(b, *s);
	return s + 1;
}

/* The closing quote of the part that begins at s, NULL if there is none. *ret_keep: there is
 * something between them that means another thing without them. */
static const char *find_quote(const char *s, bool *ret_keep)
{
	*ret_keep = false;
	while (*s && *s != '"') {
		const char *end = skip_expansion(s);

		if (end > s) {
			s = end;
			continue;
		}
		if (strchr(" ';&|<>()", *s))
			*ret_keep = true;
		s += *s == '\\' && s[1] ? 2 : 1;
	}
	return *s ? s : NULL;
}

/* What stands between quotes that go is outside of any quotes for bash: there every backslash goes.
 */
static const char *copy_unquoted(const char *s, struct buf *b, struct conf_text *t)
{
	if (*s == '\\' && s[1] && !strchr("$`\"\\", s[1])) {
		buf_add_char(b, s[1]);
		return s + 2;
	}
	return copy_piece(s, b, t);
}

void conf_text_prepare(const char *value, struct conf_text *ret)
{
	CLEAN(free) char *text = squeeze_blanks(value);
	struct buf b = { 0 };
	const char *s = text;

	*ret = (struct conf_text){ 0 };
	while (*s) {
		const char *end;
		bool keep;
		size_t n;

		n = strcspn(s, "\"\\$`");
		if (n > 0) {
			buf_add(&b, s, n);
			s += n;
			continue;
		}
		if (*s != '"') {
			s = copy_piece(s, &b, ret);
			continue;
		}
		end = find_quote(++s, &keep);
		if (!end || keep)
			buf_add_str(&b, "\\\"");
		if (!end)
			continue;
		while (s < end)
			s = keep ? copy_piece(s, &b, ret) : copy_unquoted(s, &b, ret);
		if (keep)
			buf_add_str(&b, "\\\"");
		s = end + 1;
	}
	ret->text = buf_take(&b);
}

void conf_text_done(struct conf_text *t)
{
	free(t->text);
	*t = (struct conf_text){ 0 };
}

/* ---- expanding ---- */

/* bash uses some control characters for itself. */
static bool has_odd_control(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && !strchr("\t\n\r", *s)) || *s == 0x7f)
			return true;
	return false;
}

static const char *find_in(const struct strv *list, const char *name, size_t n)
{
	for (size_t i = 0; i < list->n; i++)
		if (*list->items[i] == *name && strncmp(list->items[i], name, n) == 0 &&
		    list->items[i][n] == '=')
			return list->items[i] + n + 1;
	return NULL;
}

static void note_use(struct strv *used, const char *name, size_t n)
{
	for (size_t i = 0; i < used->n; i++)
		if (strlen(used->items[i]) == n && memcmp(used->items[i], name, n) == 0)
			return;
	strv_take(used, xstrndup(name, n));
}

const char *conf_scope_get(const struct conf_scope *scope, const char *name, size_t n)
{
	const char *v = find_in(scope->vars, name, n);

	if (scope->used)
		note_use(scope->used, name, n);
	return v ? v : find_in(scope->env, name, n);
}

static const char *look_up(const char *name, size_t n, const struct conf_scope *scope,
			   const struct conf_values *values)
{
	int known = conf_names_find(values->names, name, n);
	const char *v = known >= 0 ? conf_values_get(values, (size_t)known, 0)
				   : conf_scope_get(scope, name, n);

	return v ? v : "";
}

/* One step through a prepared text: to the next escape or expansion; the name of the latter, or
 * NULL. */
static const char *next_name(const char **s, struct buf *b, size_t *ret_len)
{
	const char *stop = *s + strcspn(*s, "\\$"), *name;
	bool brace;

	buf_add(b, *s, (size_t)(stop - *s));
	*s = stop;
	if (*stop == '\\') {
		bool drop = stop[1] && strchr("$`\"\\", stop[1]);

		buf_add(b, stop + drop, (stop[1] ? 2 : 1) - drop);
		*s += stop[1] ? 2 : 1;
		return NULL;
	}
	if (*stop == '\0')
		return NULL;
	brace = stop[1] == '{';
	name = stop + 1 + brace;
	*ret_len = name_length(name);
	if (*ret_len == 0) {
		buf_add_char(b, '$');
		*s += 1;
		return NULL;
	}
	*s = name + *ret_len + brace;
	return name;
}

/* Expands a prepared text that needs no bash. */
static char *expand(const char *s, const struct conf_scope *scope, const struct conf_values *values)
{
	struct buf b = { 0 };

	while (*s) {
		size_t n = 0;
		const char *name = next_name(&s, &b, &n);

		if (name)
			buf_add_str(&b, look_up(name, n, scope, values));
	}
	return buf_take(&b);
}

static bool text_needs_bash(const char *value, const struct conf_values *raw,
			    const struct conf_scope *scope)
{
	CLEAN(conf_text) struct conf_text t = { 0 };
	CLEAN(buf) struct buf unused = { 0 };
	const char *s;

	if (has_odd_control(value))
		return true;
	if (!strpbrk(value, "$`"))
		return false;
	conf_text_prepare(value, &t);
	if (t.needs_bash)
		return true;
	for (s = t.text; *s;) {
		size_t n = 0;
		const char *name = next_name(&s, &unused, &n), *given;

		if (!name || conf_names_find(raw->names, name, n) >= 0)
			continue;
		given = conf_scope_get(scope, name, n);
		if (given && has_odd_control(given))
			return true;
	}
	return false;
}

static bool needs_bash(const struct conf_values *raw, const struct conf_scope *scope)
{
	for (size_t i = 0; i < raw->names->n; i++)
		for (size_t k = 0; k < raw->values[i].n; k++)
			if (raw->values[i].items[k] &&
			    text_needs_bash(raw->values[i].items[k], raw, scope))
				return true;
	return false;
}

/* Most values are the same after their second expansion. */
static bool stays_as_it_is(const char *v)
{
	return !strpbrk(v, "\"\\$`\r\t\n") && !strstr(v, "  ");
}

static void expand_into(const struct conf_values *raw, size_t name, size_t index,
			const struct conf_scope *scope, struct conf_values *io)
{
	const char *v = raw->values[name].items[index];
	CLEAN(conf_text) struct conf_text t = { 0 };
	CLEAN(free) char *value = NULL;

	if (!v)
		return;
	if (stays_as_it_is(v)) {
		conf_values_set(io, name, index, v);
		return;
	}
	conf_text_prepare(v, &t);
	value = expand(t.text, scope, io);
	conf_values_set(io, name, index, value);
}

bool conf_expand(const struct conf_values *raw, const struct conf_scope *scope,
		 struct conf_values *io)
{
	if (needs_bash(raw, scope))
		return false;
	for (size_t i = 0; i < raw->names->n; i++)
		for (size_t k = 0; k < raw->values[i].n; k++)
			expand_into(raw, i, k, scope, io);
	io->index_too_large |= raw->index_too_large;
	return true;
}
