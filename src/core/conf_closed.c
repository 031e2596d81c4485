/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf_closed.h"

#include "base/mem.h"

/* What may come at a word. */
enum place {
	COMMAND, /* the first word of a command */
	ARGUMENT,
	SUBJECT, /* behind case, up to in */
	PATTERN, /* up to the bracket */
	TEST,	 /* between [[ and ]] */
};

enum { CASES_MAX = 16 };

struct scan {
	const char *at, *end;
	struct strv *used;
	enum place place;
	unsigned cases; /* how many are open */
	bool globs;	/* the word has unquoted pattern characters */
	bool is_closed;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_one_of(const char *const *list, size_t n, const char *word, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == len && memcmp(list[i], word, len) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(list, word, len) is_one_of(list, COUNT_OF(list), word, len)

/* Variables that bash itself makes: not what the environment says, and not the same next time. */
static bool is_of_bash(const char *name, size_t n)
{
	static const char *const names[] = { "RANDOM",	    "SRANDOM",	"SECONDS",   "PPID",	"UID",
					     "EUID",	    "GROUPS",	"HOSTNAME",  "HOSTTYPE", "MACHTYPE",
					     "OSTYPE",	    "PWD",	"OLDPWD",    "SHLVL",	"DIRSTACK",
					     "EPOCHSECONDS", "EPOCHREALTIME", "SHELLOPTS", "_" };

	return IS_ONE_OF(names, name, n) ||
	       (n > 4 && memcmp(name, "BASH", 4) == 0 && !(n == 11 && memcmp(name, "BASH_SOURCE", n) == 0));
}

static void use(struct scan *s, const char *name, size_t n)
{
	CLEAN(free) char *copy = xstrndup(name, n);

	if (is_of_bash(name, n))
		s->is_closed = false;
	else if (!strv_has(s->used, copy))
		strv_add(s->used, copy);
}

static bool is_letter(char c)
{
	return is_name_char(c) && !(c >= '0' && c <= '9');
}

/* Behind the name in ${name…}: an index or an offset is an expression, where names need no dollar sign. */
static void scan_modifier(struct scan *s)
{
	size_t left = (size_t)(s->end - s->at);

	if (left > 1 && *s->at == '[')
		s->is_closed = s->is_closed && !is_letter(s->at[1]);
	else if (left > 0 && *s->at == '@')
		s->is_closed = false;
	else if (left > 1 && *s->at == ':' && !strchr("-=+?", s->at[1]))
		s->is_closed = false;
}

/* at is behind a dollar sign. */
static void scan_dollar(struct scan *s)
{
	const char *from;

	if (s->at == s->end)
		return;
	if (*s->at == '(' || *s->at == '[' || *s->at == '$' || *s->at == '!') {
		s->is_closed = false;
		return;
	}
	if (*s->at == '{' && ++s->at < s->end && (*s->at == '!' || *s->at == '$'))
		s->is_closed = false;
	if (s->at < s->end && *s->at == '#')
		s->at++;
	for (from = s->at; s->at < s->end && is_name_char(*s->at);)
		s->at++;
	if (s->at > from)
		use(s, from, (size_t)(s->at - from));
	if (from[-1] == '{' || from[-1] == '#')
		scan_modifier(s);
}

/* Values are expanded a second time, single quotes or not: $ and ` count everywhere. True if c was one of them. */
static bool scan_special(struct scan *s, char c)
{
	if (c == '`')
		s->is_closed = false;
	if (c == '$')
		scan_dollar(s);
	return c == '`' || c == '$';
}

static void scan_quoted(struct scan *s, char quote)
{
	while (s->at < s->end && s->is_closed) {
		char c = *s->at++;

		if (c == quote)
			return;
		if (!scan_special(s, c) && c == '\\' && quote == '"' && s->at < s->end &&
		    !strchr("$`", *s->at))
			s->at++;
	}
	s->is_closed = false;
}

/* The brackets of an array, or of a regular expression. */
static void scan_brackets(struct scan *s)
{
	for (unsigned depth = 1; s->at < s->end && s->is_closed;) {
		char c = *s->at++;

		if (scan_special(s, c))
			continue;
		if (c == '\'' || c == '"')
			scan_quoted(s, c);
		else if (c == '\\' && s->at < s->end)
			s->at++;
		else if (c == '#' && s->at[-2] <= ' ')
			break;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return;
		else if (strchr("*?[<>", c) && s->place != TEST)
			break; /* files */
	}
	s->is_closed = false;
}

static bool ends_word(const struct scan *s, char c)
{
	return c == '\0' || strchr(" \t\r\n;&", c) || (strchr("|()<>", c) && s->place != TEST);
}

/* A character that means nothing to where a word ends, or what is quoted with it. */
static void scan_plain(struct scan *s, char c)
{
	if (scan_special(s, c))
		return;
	if (c == '\'' || c == '"')
		scan_quoted(s, c);
	else if (c == '\\' && s->at < s->end)
		s->at++;
	else if (c == '(')
		scan_brackets(s);
	else if (c == '*' || c == '?')
		s->globs = true;
}

/* c, in what may be the name of an assignment: a home directory; a variable in an index. */
static bool is_outside_name(const struct scan *s, char c, bool is_name)
{
	if (c == '~')
		return s->place != TEST;
	return c == '[' && is_name && s->place == COMMAND && s->at < s->end && is_letter(*s->at);
}

/* Up to its end; *ret_assigns: an unquoted = was in it, behind a name. */
static void scan_word(struct scan *s, bool *ret_assigns)
{
	bool is_name = true;

	*ret_assigns = s->globs = false;
	while (s->at < s->end && s->is_closed && !ends_word(s, *s->at)) {
		char c = *s->at++;

		if (c == '=' && is_name)
			*ret_assigns = true;
		if (is_outside_name(s, c, is_name))
			s->is_closed = false;
		is_name = is_name && (is_name_char(c) || strchr("[]+$", c));
		if (*ret_assigns && c == '=' && s->at < s->end && *s->at == '(') {
			s->at++;
			scan_brackets(s);
		} else {
			scan_plain(s, c);
		}
	}
}

/* Tests that look at files, descriptors or at what is set. Between double brackets numbers are expressions. */
static bool is_outside_test(const struct scan *s, const char *w, size_t n)
{
	static const char *const plain[] = { "-z", "-n", "-a", "-o" };
	static const char *const numbers[] = { "-eq", "-ne", "-lt", "-le", "-gt", "-ge" };

	if (n < 2 || w[0] != '-' || (w[1] >= '0' && w[1] <= '9') || IS_ONE_OF(plain, w, n))
		return false;
	return s->place == TEST || !IS_ONE_OF(numbers, w, n);
}

static void take_command(struct scan *s, const char *w, size_t n)
{
	static const char *const go_on[] = { "if",   "then", "elif", "else", "fi", "while", "until",
					     "do",   "done", "{",    "}",    "!" };
	static const char *const builtins[] = { "[",	"test",	  "true",     ":",     "false", "echo",
						"exit", "return", "readonly", "export" };

	if (n == 4 && memcmp(w, "case", 4) == 0 && s->cases < CASES_MAX) {
		s->cases++;
		s->place = SUBJECT;
	} else if (n == 4 && memcmp(w, "esac", 4) == 0 && s->cases > 0) {
		s->cases--;
		s->place = ARGUMENT;
	} else if (n == 2 && memcmp(w, "[[", 2) == 0) {
		s->place = TEST;
	} else if (IS_ONE_OF(builtins, w, n)) {
		s->place = ARGUMENT;
	} else if (!IS_ONE_OF(go_on, w, n)) {
		s->is_closed = false;
	}
}

static void take_word(struct scan *s)
{
	const char *w = s->at;
	bool assigns;
	size_t n;

	scan_word(s, &assigns);
	n = (size_t)(s->at - w);
	switch (s->place) {
	case COMMAND:
		if (!assigns)
			take_command(s, w, n);
		break;
	case SUBJECT:
		if (n == 2 && memcmp(w, "in", 2) == 0)
			s->place = PATTERN;
		break;
	case PATTERN:
		if (n == 4 && memcmp(w, "esac", 4) == 0) {
			s->cases--;
			s->place = ARGUMENT;
		}
		break;
	case TEST:
		if (n == 2 && memcmp(w, "]]", 2) == 0)
			s->place = ARGUMENT;
		/* fallthrough */
	case ARGUMENT:
		if (is_outside_test(s, w, n) || (s->globs && s->place == ARGUMENT))
			s->is_closed = false;
		break;
	}
}

/* The end of a command, or of a row of them that make one. */
static bool ends_command(char c, bool twice)
{
	return c == '\n' || c == ';' || (twice && (c == '&' || c == '|'));
}

static void take_operator(struct scan *s)
{
	char c = *s->at++;
	bool twice = s->at < s->end && *s->at == c;

	if (s->place == PATTERN) {
		if (c == ')')
			s->place = COMMAND;
		else if (c != '|' && c != '(' && c != '\n')
			s->is_closed = false;
		return;
	}
	if (c == ';' && twice && s->cases > 0)
		s->place = PATTERN;
	else if (!ends_command(c, twice))
		s->is_closed = false;
	else if (s->place == ARGUMENT)
		s->place = COMMAND;
	if (twice && c != '\n')
		s->at++;
}

static void skip_comment(struct scan *s)
{
	const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));

	s->at = newline ? newline : s->end;
}

bool conf_is_closed(const char *text, size_t len, struct strv *used)
{
	struct scan s = { .at = text, .end = text + len, .used = used, .is_closed = true };

	while (s.at < s.end && s.is_closed) {
		if (*s.at == ' ' || *s.at == '\t' || *s.at == '\r')
			s.at++;
		else if (*s.at == '\\' && s.at + 1 < s.end && s.at[1] == '\n')
			s.at += 2;
		else if (*s.at == '#')
			skip_comment(&s);
		else if (ends_word(&s, *s.at))
			take_operator(&s);
		else
			take_word(&s);
	}
	return s.is_closed;
}
