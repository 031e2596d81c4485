/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/conf_eval.h"

#include "base/buf.h"
#include "core/conf_vars.h"

enum { MAX_ELEMENTS = 1000 }; /* in one array literal */

/* All values together: with A=$A$A they double with every line. */
enum { MAX_ASSIGNED = 256 * 1024 };

struct eval {
	const char *s; /* what is to be read */
	const char *end;
	size_t line;
	struct conf_vars vars;
	size_t assigned;
	const char *why;
};

static bool refuse(struct eval *e, const char *why)
{
	e->why = why;
	return false;
}

/* The byte at offset i, NUL behind the end (the text itself has none). */
static char at(const struct eval *e, size_t i)
{
	return i < (size_t)(e->end - e->s) ? e->s[i] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name_char(char c)
{
	return is_name_start(c) || is_digit(c);
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* The length of the name at offset i; 0 if there is none. */
static size_t name_at(const struct eval *e, size_t i)
{
	size_t n = 0;

	if (!is_name_start(at(e, i)))
		return 0;
	while (is_name_char(at(e, i + n)))
		n++;
	return n;
}

/* Adds the value of an element to b; what is not set is empty. */
static bool add_value(struct eval *e, const char *name, size_t n, size_t index, struct buf *b)
{
	const char *v, *why;

	if (conf_is_bash_variable(name,
				  n)) /* none of them is a known name or can have become a helper */
		return refuse(e, "a variable of bash's own");
	v = conf_vars_get(&e->vars, name, n, index);
	if (!v)
		return true;
	why = conf_vars_check(&e->vars, v, strlen(v));
	if (why)
		return refuse(e, why);
	buf_add_str(b, v);
	return b->len <= MAX_ASSIGNED || refuse(e, "very long values");
}

static bool assign(struct eval *e, struct conf_value *var, size_t index, const char *text)
{
	e->assigned += strlen(text) + 1;
	if (e->assigned > MAX_ASSIGNED)
		return refuse(e, "very long values");
	conf_value_set(var, index, text);
	return true;
}

/* ---- words ---- */

/* "[12]" at offset *i. bash would calculate what stands there: only what is no calculation is
 * taken. */
static bool read_index(struct eval *e, size_t *i, size_t *ret_index)
{
	size_t k = *i + 1, index = 0, digits = 0;

	for (; is_digit(at(e, k)); k++, digits++)
		index = digits < 6 ? index * 10 + (size_t)(at(e, k) - '0') : CONF_INDEX_MAX + 1;
	if (at(e, k) != ']' || digits == 0 || (at(e, *i + 1) == '0' && digits > 1))
		return refuse(e, "an index that is no plain number");
	if (index > CONF_INDEX_MAX)
		return refuse(e, "a very large index");
	*i = k + 1;
	*ret_index = index;
	return true;
}

/* A plain $name or ${name} at the cursor, within the word of another expansion. */
static bool read_plain_dollar(struct eval *e, bool use, struct buf *b)
{
	size_t brace = at(e, 1) == '{', n = name_at(e, 1 + brace), end = 1 + brace + n;
	struct buf unused = { 0 };
	bool ok;

	if (n == 0 || (brace && at(e, end) != '}') || at(e, end) & 0x80)
		return refuse(e, "a parameter expansion in another");
	ok = add_value(e, e->s + 1 + brace, n, 0, use ? b : &unused);
	buf_done(&unused);
	e->s += end + brace;
	return ok;
}

/* The word of ${name-word} and its like, up to the brace; it counts only if `use`. */
static bool read_alternative(struct eval *e, bool quoted, bool use, struct buf *b)
{
	for (;;) {
		char c = at(e, 0);

		if (c == '$') {
			if (!read_plain_dollar(e, use, b))
				return false;
			continue;
		}
		if (!is_name_char(c) && !is_one_of(c, quoted ? "./:+,%@=- }" : "./:+,%@=-}"))
			return refuse(e,
				      "an alternative in a parameter expansion that is not plain");
		e->s++;
		if (c == '}')
			return true;
		if (use)
			buf_add_char(b, c);
	}
}

/* ${name-word}, ${name:-word}, ${name+word}, ${name:+word}; the operator is at offset i. */
static bool read_choice(struct eval *e, size_t n, size_t i, bool quoted, struct buf *b)
{
	bool or_empty = at(e, i) == ':', has_value;
	char op = at(e, i + or_empty);
	CLEAN(buf) struct buf value = { 0 };
	const char *name = e->s + 2;

	if (op != '-' && op != '+')
		return refuse(e, "a parameter expansion beyond ${name}");
	if (!add_value(e, name, n, 0, &value))
		return false;
	has_value = value.len > 0 || (!or_empty && conf_vars_get(&e->vars, name, n, 0));
	e->s += i + or_empty + 1;
	if (has_value && op == '-')
		buf_add(b, buf_str(&value), value.len);
	return read_alternative(e, quoted, has_value == (op == '+'), b);
}

/* "${" is at the cursor. */
static bool read_braces(struct eval *e, bool quoted, struct buf *b)
{
	size_t n = name_at(e, 2), i = 2 + n, index = 0;

	if (n > 0 && is_one_of(at(e, i), ":-+"))
		return read_choice(e, n, i, quoted, b);
	if (n > 0 && at(e, i) == '[' && !read_index(e, &i, &index))
		return false;
	if (n == 0 || at(e, i) != '}')
		return refuse(e, "a parameter expansion beyond ${name}");
	if (!add_value(e, e->s + 2, n, index, b))
		return false;
	e->s += i + 1;
	return true;
}

/* '$' is at the cursor. */
static bool read_dollar(struct eval *e, bool quoted, struct buf *b)
{
	char c = at(e, 1);
	size_t n = name_at(e, 1);

	if (c == '(')
		return refuse(e, at(e, 2) == '(' ? "arithmetic" : "a command substitution");
	if (c == '{')
		return read_braces(e, quoted, b);
	if (n > 0) {
		if (at(e, 1 + n) & 0x80)
			return refuse(
				e, "a variable's name followed by a character that is not ASCII");
		if (at(e, 1 + n) == '\\' && at(e, 2 + n) == '\n')
			return refuse(e, "a variable's name that may go on in the next line");
		if (!add_value(e, e->s + 1, n, 0, b))
			return false;
		e->s += 1 + n;
		return true;
	}
	/* a dollar sign that is only that */
	if (c != '\0' && !is_one_of(c, " \t\n/.,:=%+") && !(quoted && c == '"'))
		return refuse(e, "a special parameter, or a quote of another kind");
	buf_add_char(b, '$');
	e->s++;
	return true;
}

/* The cursor is behind the opening quote. */
static bool read_single_quotes(struct eval *e, struct buf *b)
{
	const char *close = memchr(e->s, '\'', (size_t)(e->end - e->s));

	if (!close)
		return refuse(e, "a quote that is not closed");
	for (const char *p = e->s; p < close; p++)
		e->line += *p == '\n';
	buf_add(b, e->s, (size_t)(close - e->s));
	e->s = close + 1;
	return true;
}

/* A backslash between double quotes is at the cursor. */
static bool read_quoted_escape(struct eval *e, struct buf *b)
{
	char c = at(e, 1);

	if (c == '\0')
		return refuse(e, "a quote that is not closed");
	if (c == '\n')
		e->line++;
	else if (is_one_of(c, "$`\"\\"))
		buf_add_char(b, c);
	else
		buf_add(b, e->s, 2);
	e->s += 2;
	return true;
}

/* Copies the characters up to the next one of `set` (or the end); returns whether there were any.
 */
static bool copy_run(struct eval *e, const char *set, struct buf *b)
{
	const char *p = e->s;

	while (p < e->end && !strchr(set, *p))
		p++;
	buf_add(b, e->s, (size_t)(p - e->s));
	if (p == e->s)
		return false;
	e->s = p;
	return true;
}

/* The cursor is behind the opening quote. */
static bool read_double_quotes(struct eval *e, struct buf *b)
{
	while (at(e, 0) != '"') {
		char c;

		if (copy_run(e, "\"\\$`\n", b))
			continue;
		c = at(e, 0);
		if (c == '\0')
			return refuse(e, "a quote that is not closed");
		if (c == '`')
			return refuse(e, "a command substitution");
		if (c == '\\') {
			if (!read_quoted_escape(e, b))
				return false;
		} else if (c == '$') {
			if (!read_dollar(e, true, b))
				return false;
		} else {
			e->line += c == '\n';
			buf_add_char(b, c);
			e->s++;
		}
	}
	e->s++;
	return true;
}

/* A backslash outside of quotes is at the cursor. */
static bool read_escape(struct eval *e, struct buf *b)
{
	char c = at(e, 1);

	if (c == '\0' || c & 0x80)
		return refuse(e,
			      "a backslash before the end or before a character that is not ASCII");
	if (c == '\n')
		e->line++;
	else
		buf_add_char(b, c);
	e->s += 2;
	return true;
}

static bool ends_word(char c)
{
	return c == '\0' || c == ' ' || c == '\t' || c == '\n' || c == ';';
}

/* What is neither a quote nor an expansion and stands outside of quotes. `before` is what it stands
 * behind. */
static const char *why_not_plain(char c, char before)
{
	if (c == '`')
		return "a command substitution";
	if (c == '(' || c == ')')
		return "a parenthesis";
	if (is_one_of(c, "&|<>"))
		return "a list of commands, or a redirection";
	if (c == '{' || c == '}')
		return "a brace";
	if (c == '~' && !is_name_char(before) && !is_one_of(before, ".-+"))
		return "a tilde that may be a home directory";
	return NULL;
}

/* The value of an assignment: one word, in which nothing is split and no file name is matched. */
static bool read_value(struct eval *e, struct buf *b)
{
	char before = '=';

	for (;;) {
		char c = at(e, 0);
		bool ok = true;

		if (ends_word(c))
			return true;
		if (c == '\\') {
			ok = read_escape(e, b);
		} else if (c == '\'') {
			e->s++;
			ok = read_single_quotes(e, b);
		} else if (c == '"') {
			e->s++;
			ok = read_double_quotes(e, b);
		} else if (c == '$') {
			ok = read_dollar(e, false, b);
		} else {
			const char *why = why_not_plain(c, before);

			if (why)
				return refuse(e, why);
			buf_add_char(b, c);
			e->s++;
		}
		if (!ok)
			return false;
		before = c;
	}
}

/* ---- array literals ---- */

/* One element: outside of quotes bash splits and matches, so there only what is surely plain is
 * taken. */
static bool read_element(struct eval *e, struct buf *b)
{
	for (;;) {
		char c = at(e, 0);

		if (c == ')' || c == ' ' || c == '\t' || c == '\n')
			return true;
		if (c == '\'' || c == '"') {
			e->s++;
			if (!(c == '"' ? read_double_quotes(e, b) : read_single_quotes(e, b)))
				return false;
			continue;
		}
		if (!is_name_char(c) && !is_one_of(c, "./:+,%@-"))
			return refuse(e, "an array literal that is not plain");
		buf_add_char(b, c);
		e->s++;
	}
}

/* Blanks, newlines and continued lines between the elements of an array literal. */
static void skip_between_elements(struct eval *e)
{
	for (;;) {
		char c = at(e, 0);

		if (c == '\\' && at(e, 1) == '\n')
			e->s++;
		else if (c != ' ' && c != '\t' && c != '\n')
			return;
		e->line += at(e, 0) == '\n';
		e->s++;
	}
}

/* The cursor is behind "=(". All elements are expanded before the first is set. */
static bool read_array(struct eval *e, struct conf_value *var, bool append)
{
	CLEAN(strv) struct strv elements = { 0 };
	size_t first = append ? var->n : 0;

	for (skip_between_elements(e); at(e, 0) != ')'; skip_between_elements(e)) {
		CLEAN(buf) struct buf b = { 0 };

		if (at(e, 0) == '\0' || elements.n == MAX_ELEMENTS)
			return refuse(e, "an array literal that is not plain");
		if (!read_element(e, &b))
			return false;
		strv_take(&elements, buf_take(&b));
	}
	e->s++;
	if (!append)
		conf_value_done(var);
	if (first + elements.n > CONF_INDEX_MAX)
		return refuse(e, "a very large index");
	for (size_t i = 0; i < elements.n; i++)
		if (!assign(e, var, first + i, elements.items[i]))
			return false;
	return true;
}

/* ---- lines ---- */

static bool read_scalar(struct eval *e, struct conf_value *var, size_t index, bool append)
{
	CLEAN(buf) struct buf b = { 0 };
	const char *old = append ? conf_value_get(var, index) : NULL;
	const char *why = old ? conf_vars_check(&e->vars, old, strlen(old)) : NULL;

	if (why)
		return refuse(e, why);
	if (old)
		buf_add_str(&b, old);
	return read_value(e, &b) && assign(e, var, index, buf_str(&b));
}

/* The cursor is at the first character of a word, which must be an assignment. */
static bool read_assignment(struct eval *e)
{
	const char *name = e->s;
	size_t n = name_at(e, 0), i = n, index = 0;
	bool is_element = at(e, i) == '[', append;
	struct conf_value *var;

	if (n == 0 || !is_one_of(at(e, i), "[=+") || (at(e, i) == '+' && at(e, i + 1) != '='))
		return refuse(e, "a command");
	if (is_element && !read_index(e, &i, &index))
		return false;
	append = at(e, i) == '+';
	i += append;
	if (at(e, i) != '=')
		return refuse(e, "a command");
	var = conf_vars_slot(&e->vars, name, n, &e->why);
	if (!var)
		return false;
	if (index > CONF_HELPER_INDEX_MAX && conf_names_find(e->vars.known->names, name, n) < 0)
		return refuse(e, "a very large index");
	e->s += i + 1;
	if (at(e, 0) != '(')
		return read_scalar(e, var, index, append);
	if (is_element)
		return refuse(e, "a parenthesis");
	e->s++;
	return read_array(e, var, append);
}

static void skip_comment(struct eval *e)
{
	const char *nl = memchr(e->s, '\n', (size_t)(e->end - e->s));

	e->s = nl ? nl : e->end;
}

static bool read_file(struct eval *e)
{
	bool in_command = false; /* a ';' may follow */
	bool in_word = false;	 /* only a blank, a newline or a ';' may follow */

	for (;;) {
		char c = at(e, 0);

		if (c == '\0')
			return true;
		if (c == ' ' || c == '\t' || c == '\n' || c == ';') {
			if (c == ';' && !in_command)
				return refuse(e, "a semicolon that ends nothing");
			in_command = in_command && (c == ' ' || c == '\t');
			in_word = false;
			e->line += c == '\n';
			e->s++;
		} else if (in_word) {
			return refuse(e, "something behind an array literal");
		} else if (c == '\\' && at(e, 1) == '\n') {
			e->line++;
			e->s += 2;
		} else if (c == '#') {
			skip_comment(e);
		} else {
			if (!read_assignment(e))
				return false;
			in_command = in_word = true;
		}
	}
}

/* ---- the whole ---- */

static bool has_directive(const struct strv *env)
{
	for (size_t i = 0; i < env->n; i++)
		if (*env->items[i] == 'D' && str_has_prefix(env->items[i], "DKMS_DIRECTIVE"))
			return true;
	return false;
}

static void copy_values(const struct conf_values *from, struct conf_values *to)
{
	for (size_t i = 0; i < from->names->n; i++)
		for (size_t k = 0; k < from->values[i].n; k++)
			if (from->values[i].items[k])
				conf_value_set(&to->values[i], k, from->values[i].items[k]);
}

bool conf_eval(const char *text, size_t len, const struct conf_scope *scope,
	       const struct conf_values *before, struct conf_values *ret_raw,
	       struct conf_refusal *ret_why)
{
	struct eval e = { .s = text, .end = text + len, .line = 1 };
	bool done = false;

	conf_vars_init(&e.vars, scope, ret_raw);
	e.why = conf_vars_check(&e.vars, text, len);
	if (!e.why && has_directive(scope->env))
		e.why = "a DKMS_DIRECTIVE variable in the environment";
	if (e.why) {
		e.line = 0;
	} else {
		copy_values(before, ret_raw);
		done = read_file(&e);
	}
	conf_vars_done(&e.vars);
	if (!done)
		*ret_why = (struct conf_refusal){ e.why, e.line };
	return done;
}
