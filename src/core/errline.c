/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/errline.h"

#include "base/mem.h"
#include "base/path.h"
#include "base/util.h"

static const struct errline nothing = { RANK_NONE, LINE_OTHER };

static bool has(const char *line, const char *needle)
{
	return strstr(line, needle) != NULL;
}

bool errline_is_source(const char *line)
{
	const char *p = line + strspn(line, " ");

	p += strspn(p, "0123456789");
	p += strspn(p, " ");
	return p > line && *p == '|';
}

static bool is_make(const char *line)
{
	return str_has_prefix(line, "make: ") || str_has_prefix(line, "make[");
}

static bool is_make_trace(const char *line)
{
	return is_make(line) && has(line, ": *** [");
}

bool errline_is_127(const char *line)
{
	return is_make_trace(line) && str_has_suffix(line, "] Error 127");
}

/* What needs no context, wherever in a line it stands. */
static const struct anywhere_row {
	const char *text;
	struct errline means;
} anywhere[] = {
	{ ": No space left on device", { RANK_ROOT, LINE_NO_SPACE } },
	{ ": Disk quota exceeded", { RANK_ROOT, LINE_NO_SPACE } },
	{ "Killed signal terminated program", { RANK_ROOT, LINE_NO_MEMORY } },
	{ "internal compiler error: Killed", { RANK_ROOT, LINE_NO_MEMORY } },
	{ "terminated with signal 9 [Killed]", { RANK_ROOT, LINE_NO_MEMORY } },
	{ "virtual memory exhausted", { RANK_ROOT, LINE_NO_MEMORY } },
	{ ": out of memory allocating ", { RANK_ROOT, LINE_NO_MEMORY } },
	{ ": Cannot allocate memory", { RANK_ROOT, LINE_NO_MEMORY } },
	{ ": version `GLIBC_", { RANK_ROOT, LINE_FOREIGN } },
	{ ": Exec format error", { RANK_ROOT, LINE_FOREIGN } },
	{ ": undefined reference to ", { RANK_HARD, LINE_LINKER } },
	{ ": multiple definition of ", { RANK_HARD, LINE_LINKER } },
	{ ": cannot find -l", { RANK_HARD, LINE_LINKER } },
	{ "patch: **** ", { RANK_HARD, LINE_PATCH } },
	{ " syntax error near unexpected token ", { RANK_MEDIUM, LINE_OTHER } },
	{ ": Syntax error: ", { RANK_MEDIUM, LINE_OTHER } },
};

/* What a line must begin with, blanks, asterisks and exclamation marks before it not counted. */
static const struct anywhere_row at_start[] = {
	{ "ERROR: Kernel configuration is invalid", { RANK_ROOT, LINE_UNPREPARED } },
	{ "include/generated/autoconf.h or include/config/auto.conf are missing",
	  { RANK_ROOT, LINE_UNPREPARED } },
	{ "The present kernel configuration has modules disabled", { RANK_ROOT, LINE_UNPREPARED } },
	{ "ERROR: modpost: ", { RANK_HARD, LINE_MODPOST } },
	{ "FATAL: modpost: ", { RANK_HARD, LINE_MODPOST } },
	{ "ERROR: \"", { RANK_HARD, LINE_MODPOST } }, /* modpost before 5.8 */
	{ "FAILED: ", { RANK_HARD, LINE_OTHER } },    /* resolve_btfids */
	{ "Failed to generate BTF for ", { RANK_HARD, LINE_OTHER } },
	{ "error[E", { RANK_HARD, LINE_COMPILER } }, /* rustc */
	{ "can't find file to patch at ", { RANK_HARD, LINE_PATCH } },
	{ "Reversed (or previously applied) patch detected", { RANK_HARD, LINE_PATCH } },
	{ "ERROR: ", { RANK_MEDIUM, LINE_OTHER } },
	{ "Error: ", { RANK_MEDIUM, LINE_OTHER } },
	{ "Error! ", { RANK_MEDIUM, LINE_OTHER } },
	{ "error: ", { RANK_MEDIUM, LINE_OTHER } },
	{ "[ERROR] ", { RANK_MEDIUM, LINE_OTHER } },
};

static struct errline judge_start(const char *line)
{
	const char *p = line + strspn(line, " \t*!");

	for (size_t i = 0; i < COUNT_OF(at_start); i++)
		if (str_has_prefix(p, at_start[i].text))
			return at_start[i].means;
	if (str_has_prefix(p, "Hunk #") && has(p, " FAILED at "))
		return (struct errline){ RANK_HARD, LINE_PATCH };
	return nothing;
}

/* autoconf's; it may stand behind the check that was going on, and its message on the next lines.
 */
static bool is_configure_error(const char *line)
{
	const char *at = strstr(line, "configure: error:");

	return at && (at == line || str_has_prefix(line, "checking "));
}

/* How compilers say it; gcc is translated on systems that ship its message catalogues. */
static const char *const error_words[] = {
	"error: ",	 "fatal error: ",
	"Error: ", /* the assembler's */
	"Fehler: ",	 "schwerwiegender Fehler: ",
	"erreur: ",	 "erreur fatale: ",
	"error fatal: ", "errore: ",
	"erro: ",	 "chyba: ",
	"błąd: ",	 "fel: ",
	"fout: ",	 "ошибка: ",
	"помилка: ",	 "エラー: ",
	"错误：",	 "錯誤：",
};

/* "path.c:12:3: error: …", "cc1: fatal error: …": nothing before the word has a blank or a quote in
 * it, or it would be a command that speaks of errors. Returns where the message begins. */
static const char *after_error_word(const char *line)
{
	size_t n = strcspn(line, " \t\"'`|");
	const char *p;

	if (n < 2 || line[n] != ' ' || line[n - 1] != ':')
		return NULL;
	p = line + n + 1;
	for (size_t i = 0; i < COUNT_OF(error_words); i++)
		if (str_has_prefix(p, error_words[i]))
			return p + strlen(error_words[i]);
	return NULL;
}

static const char *const consequences[] = {
	"ld returned ",
	"linker command failed with exit code",
	"aborting due to ",
};

/* Programs that only find out what the compiler can do. */
static bool is_probe(const char *line)
{
	size_t n = strcspn(line, " ");
	const char *at = strstr(line, "conftest");

	return str_has_prefix(line, "<stdin>:") || str_has_prefix(line, "/dev/null:") ||
	       (at && (size_t)(at - line) < n);
}

/* Does the place that a message names belong to a source line, an object or a part of the compiler?
 * Other programs' errors may have been expected by whoever called them. */
static bool is_about_code(const char *line)
{
	static const char *const tools[] = { "cc1", "gcc", "g++", "clang", "ld", "lld", "objtool" };
	size_t n = strcspn(line, " ");
	CLEAN(free) char *place = xstrndup(line, n - 1);

	for (const char *p = strchr(place, ':'); p; p = strchr(p + 1, ':'))
		if (p[1] >= '0' && p[1] <= '9')
			return true;
	for (size_t i = 0; i < COUNT_OF(tools); i++)
		if (strstr(path_base(place), tools[i]))
			return true;
	return str_has_suffix(place, ".o") || str_has_suffix(place, ".ko");
}

static struct errline judge_compiler(const char *line)
{
	const char *message = after_error_word(line);

	if (!message)
		return nothing;
	for (size_t i = 0; i < COUNT_OF(consequences); i++)
		if (str_has_prefix(message, consequences[i]))
			return (struct errline){ RANK_LOW, LINE_LINKER };
	if (is_probe(line))
		return (struct errline){ RANK_LOW, LINE_COMPILER };
	return (struct errline){ is_about_code(line) ? RANK_HARD : RANK_MEDIUM, LINE_COMPILER };
}

static struct errline judge_make(const char *line)
{
	if (is_make_trace(line)) {
		if (str_has_suffix(line, "] Killed"))
			return (struct errline){ RANK_ROOT, LINE_NO_MEMORY };
		return (struct errline){ RANK_TRACE, LINE_OTHER };
	}
	if (has(line, ": *** ") && str_has_suffix(line, "Stop.")) {
		bool rule = has(line, ": *** No rule to make target ");

		return (struct errline){ rule ? RANK_MEDIUM : RANK_HARD, LINE_MAKE };
	}
	if (is_make(line) && (str_has_suffix(line, ": No such file or directory") ||
			      str_has_suffix(line, ": Command not found")))
		return (struct errline){ RANK_LOW, LINE_NOT_FOUND };
	return nothing;
}

static struct errline judge_end(const char *line)
{
	if (str_has_suffix(line, ": command not found") ||
	    (has(line, "sh: ") && str_has_suffix(line, ": not found")) ||
	    (has(line, "env: ") && str_has_suffix(line, ": No such file or directory")))
		return (struct errline){ RANK_LOW, LINE_NOT_FOUND };
	if (str_has_suffix(line, ": Permission denied") ||
	    str_has_suffix(line, ": Read-only file system"))
		return (struct errline){ RANK_LOW, LINE_DENIED };
	if (str_eq(line, "Killed"))
		return (struct errline){ RANK_ROOT, LINE_NO_MEMORY };
	return nothing;
}

struct errline errline_judge(const char *line)
{
	struct errline e;

	if (*line == '\0' || *line == '#' || errline_is_source(line))
		return nothing;
	for (size_t i = 0; i < COUNT_OF(anywhere); i++)
		if (has(line, anywhere[i].text))
			return anywhere[i].means;
	if (is_configure_error(line))
		return (struct errline){ RANK_HARD, LINE_CONFIGURE };
	e = judge_compiler(line);
	if (e.rank == RANK_NONE)
		e = judge_start(line);
	if (e.rank == RANK_NONE)
		e = judge_make(line);
	if (e.rank == RANK_NONE)
		e = judge_end(line);
	return e;
}
