/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf_random.h"

#include "base/util.h"

/* One row each: name, and the function below that makes it. */
#define VALUE_TABLE(X)                                                                             \
	X(bare_word)                                                                               \
	X(single_quotes)                                                                           \
	X(double_quotes)                                                                           \
	X(escaped_blank)                                                                           \
	X(escaped_any)                                                                             \
	X(quoted_escapes)                                                                          \
	X(continued_value)                                                                         \
	X(continued_quotes)                                                                        \
	X(newline_in_quotes)                                                                       \
	X(dollar_name)                                                                             \
	X(dollar_braces)                                                                           \
	X(dollar_element)                                                                          \
	X(dollar_in_quotes)                                                                        \
	X(alternative)                                                                             \
	X(lone_dollar)                                                                             \
	X(tilde_inside)                                                                            \
	X(tilde_doubtful)                                                                          \
	X(pattern_characters)                                                                      \
	X(hash_inside)                                                                             \
	X(equals_inside)                                                                           \
	X(utf8)                                                                                    \
	X(latin1)                                                                                  \
	X(blanks_to_squeeze)                                                                       \
	X(carriage_return)                                                                         \
	X(second_name)                                                                             \
	X(second_escape)                                                                           \
	X(second_quotes)                                                                           \
	X(second_quotes_blank)                                                                     \
	X(second_quotes_special)                                                                   \
	X(second_lone_quote)                                                                       \
	X(second_braces_beyond)                                                                    \
	X(second_substitution)                                                                     \
	X(second_backquotes)                                                                       \
	X(second_backslashes)                                                                      \
	X(second_special)                                                                          \
	X(second_broken)                                                                           \
	X(substitution)                                                                            \
	X(backquotes)                                                                              \
	X(arithmetic)                                                                              \
	X(braces_beyond)                                                                           \
	X(special_parameter)                                                                       \
	X(ansi_quotes)                                                                             \
	X(brace_list)                                                                              \
	X(control_character)                                                                       \
	X(bash_variable)

#define LINE_TABLE(X)                                                                              \
	X(comment)                                                                                 \
	X(empty_line)                                                                              \
	X(blank_line)                                                                              \
	X(scalar)                                                                                  \
	X(element)                                                                                 \
	X(helper)                                                                                  \
	X(helper_element)                                                                          \
	X(dkms_variable)                                                                           \
	X(append)                                                                                  \
	X(append_element)                                                                          \
	X(append_array)                                                                            \
	X(array)                                                                                   \
	X(array_of_lines)                                                                          \
	X(array_doubtful)                                                                          \
	X(several)                                                                                 \
	X(semicolons)                                                                              \
	X(trailing_comment)                                                                        \
	X(continued_line)                                                                          \
	X(indented)                                                                                \
	X(empty_value)                                                                             \
	X(odd_index)                                                                               \
	X(directive_variable)                                                                      \
	X(command)                                                                                 \
	X(condition)                                                                               \
	X(function)                                                                                \
	X(loop)                                                                                    \
	X(exported)                                                                                \
	X(declared)                                                                                \
	X(unset_it)                                                                                \
	X(left_early)                                                                              \
	X(double_semicolon)                                                                        \
	X(broken_syntax)

#define FILE_TABLE(X)                                                                              \
	X(dos_line_ends)                                                                           \
	X(no_last_newline)                                                                         \
	X(damaged)                                                                                 \
	X(empty_file)

enum construct {
#define CONSTRUCT_ENUM(name) C_##name,
	VALUE_TABLE(CONSTRUCT_ENUM) LINE_TABLE(CONSTRUCT_ENUM) FILE_TABLE(CONSTRUCT_ENUM)
#undef CONSTRUCT_ENUM
		C_COUNT,
};

static const char *const construct_names[] = {
#define CONSTRUCT_STRING(name) #name,
	VALUE_TABLE(CONSTRUCT_STRING) LINE_TABLE(CONSTRUCT_STRING) FILE_TABLE(CONSTRUCT_STRING)
#undef CONSTRUCT_STRING
};

_Static_assert((int)C_COUNT <= (int)CONF_RANDOM_MAX_CONSTRUCTS, "room for all counters");

/* ---- chance ---- */

void conf_random_init(struct conf_random *r, uint64_t seed)
{
	*r = (struct conf_random){ .state = seed * 0x9e3779b97f4a7c15ULL + 1 };
}

static unsigned pick(struct conf_random *r, unsigned n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (unsigned)((r->state >> 11) % n);
}

static bool chance(struct conf_random *r, unsigned percent)
{
	return pick(r, 100) < percent;
}

#define ONE_OF(r, list) (list)[pick(r, COUNT_OF(list))]

static const char *const known_names[] = {
	"PACKAGE_NAME",
	"PACKAGE_VERSION",
	"POST_ADD",
	"PRE_BUILD",
	"MAKE",
	"MAKE_MATCH",
	"PATCH",
	"BUILT_MODULE_NAME",
	"STRIP",
	"DEST_MODULE_LOCATION",
	"BUILD_EXCLUSIVE_ARCH",
	"AUTOINSTALL",
	"CLEAN",
	"BUILD_DEPENDS",
	"strip",
	"OBSOLETE_BY",
};
static const char *const helper_names[] = { "h", "version", "_x1", "KDIR", "a", "not_set" };
static const char *const dkms_names[] = { "kernelver", "arch", "module", "dkms_tree", "from_env" };
static const char *const words[] = { "make",   "all",	"1.0", "-C",	"/kernel/drivers",
				     "x86_64", "KVER=", "yes", "foo-2", "M=",
				     "a:b",    "^6\\.1" };

static const char *any_name(struct conf_random *r)
{
	if (chance(r, 50))
		return ONE_OF(r, known_names);
	return chance(r, 50) ? ONE_OF(r, helper_names) : ONE_OF(r, dkms_names);
}

/* ---- pieces of a value ---- */

#define VALUE(name) static void make_##name(struct conf_random *r, struct buf *b)

/* A piece that is only a choice among texts. */
#define VALUE_TEXTS(name, ...)                                                                     \
	VALUE(name)                                                                                \
	{                                                                                          \
		static const char *const texts[] = { __VA_ARGS__ };                                \
		buf_add_str(b, ONE_OF(r, texts));                                                  \
	}

VALUE(bare_word)
{
	buf_add_str(b, ONE_OF(r, words));
}

VALUE(single_quotes)
{
	buf_add_fmt(b, "'%s %s'", ONE_OF(r, words), ONE_OF(r, words));
}

VALUE(double_quotes)
{
	buf_add_fmt(b, "\"%s %s\"", ONE_OF(r, words), ONE_OF(r, words));
}

VALUE(dollar_name)
{
	buf_add_fmt(b, "$%s", any_name(r));
}

VALUE(dollar_braces)
{
	buf_add_fmt(b, "${%s}", any_name(r));
}

VALUE(dollar_element)
{
	buf_add_fmt(b, "${%s[%u]}", any_name(r), pick(r, 4));
}

VALUE(dollar_in_quotes)
{
	buf_add_fmt(b, "\"%s $%s ${%s}\"", ONE_OF(r, words), any_name(r), any_name(r));
}

VALUE(alternative)
{
	static const char *const operators[] = { "-", ":-", "+", ":+" };
	static const char *const alternatives[] = { "",	     "-j$parallel_jobs", "x",
						    "a=b/c", "${h}1.0",		 "$MAKE,$_x1:y" };
	bool quoted = chance(r, 50);

	buf_add_fmt(b, quoted ? "\"x${%s%s%s}\"" : "${%s%s%s}", any_name(r), ONE_OF(r, operators),
		    ONE_OF(r, alternatives));
	if (quoted && chance(r, 30))
		buf_add_fmt(b, "\"${%s:-a  %s}\"", any_name(r), ONE_OF(r, alternatives));
}

VALUE(second_name)
{
	buf_add_fmt(b, chance(r, 50) ? "'%s ${%s}'" : "'%s $%s'", ONE_OF(r, words), any_name(r));
}

VALUE(second_escape)
{
	buf_add_fmt(b, "'%s\\$%s\\\\'", ONE_OF(r, words), any_name(r));
}

VALUE_TEXTS(escaped_blank, "\\ ", "a\\ b", "\\\t", "\\;")
VALUE_TEXTS(escaped_any, "\\a", "\\$h", "\\\\", "\\\"", "\\'", "\\#", "\\~", "\\\r", "\\(", "\\*")
VALUE_TEXTS(quoted_escapes, "\"\\$h\"", "\"\\\"\"", "\"a\\b\"", "\"\\\\\"", "\"\\`\"", "\"\\'\"",
	    "\"\\\r\"")
VALUE_TEXTS(continued_value, "\\\n", "a\\\nb", "\\\n\\\n")
VALUE_TEXTS(continued_quotes, "\"a\\\nb\"", "\"\\\n\"", "'a\\\nb'")
VALUE_TEXTS(newline_in_quotes, "\"a\nb\"", "'a\n\nb'", "\"\n\"", "'\n# no comment'")
VALUE_TEXTS(lone_dollar, "$", "\"$\"", "a$/b", "\"$ x\"", "$.", "\"$%\"", "'$'", "\"a$\"b")
VALUE_TEXTS(tilde_inside, "0~1", "1.0~rc1", "x~", "a-~", "+~+")
VALUE_TEXTS(tilde_doubtful, "~", ":~", "=~/x", "~root", "\"\"~", "a:~/b", "\"~\"", "'x'~")
VALUE_TEXTS(pattern_characters, "*", "?", "[a-z]", "a*b", "[", "]", "!", "^", "%", "@", ",",
	    "*.[ch]")
VALUE_TEXTS(hash_inside, "#", "a#b", "#MODULE_VERSION#", "x#")
VALUE_TEXTS(equals_inside, "=", "==", "a=b", "+=", "M=x")
VALUE_TEXTS(utf8, "\xc3\xa4", "'\xe2\x82\xac'", "\"\xf0\x9f\x90\xa7 x\"", "a\xc3\xa9")
VALUE_TEXTS(latin1, "\xe4", "'\xe4'", "\"\xff\"", "\"\xc3\"")
VALUE_TEXTS(blanks_to_squeeze, "'  a   b  '", "\"\t\ta \t b\"", "' '", "\" \n \"", "'a  \\  b'")
VALUE_TEXTS(carriage_return, "a\r", "'x\r'", "\r", "\"\r\r\"", "'\ra'")
VALUE_TEXTS(second_quotes, "'X=\"y\"'", "'\"\"'", "'a\"b\"c\"d\"'", "'\"$h\"'", "'\"a\\b\"'",
	    "'\"a\\$b\"'", "'\"\\\\\"'", "\"X=\\\"y\\\"\"")
VALUE_TEXTS(second_quotes_blank, "'X=\"y z\"'", "'\" \"'", "'\"$h x\"'", "'\"a\\\" b\"'",
	    "'\"a\\ b\"'", "'X=\"y   z\" Y=\"u\"'", "'\"${module} x\"'")
VALUE_TEXTS(second_quotes_special, "'\"a;b\"'", "'\"a&b\"'", "'\"(x)\"'", "'\"<\"'",
	    "\"\\\"it's\\\"\"")
VALUE_TEXTS(second_lone_quote, "'5\" wide'", "'\"'", "'\\\"'", "'a\" b \"c\" d\"'", "'a\"b'")
VALUE_TEXTS(second_braces_beyond, "'${h:-x}'", "'${kernelver%%-*}'", "'${#module}'", "'${MAKE[0]}'",
	    "'${h:-\"a b\"}'", "'\"${h:-a b}\"'", "'${!h}'")
VALUE_TEXTS(second_substitution, "'$(echo a)'", "'$(echo \"a  b\")'", "'\"$(echo a b)\"'",
	    "'$(echo \")\")'", "'$((1 + 2))'", "'$(echo $(echo a))'", "'$(echo \\$h)'")
VALUE_TEXTS(second_backquotes, "'`echo a`'", "'\"`echo a b`\"'", "'`echo \"x\"`'")
VALUE_TEXTS(second_backslashes, "'\\'", "'\\\\'", "'\\\\\\'", "'a\\b'", "'\\n'", "'\\`'",
	    "'\\\\$h'", "'\\ x'")
VALUE_TEXTS(second_special, "'$1'", "'$#'", "'$@'", "'$*'", "'$ '", "'$'", "'$/x'", "'$.'")
VALUE_TEXTS(second_broken, "'${a b}'", "'$('", "'`'", "'${'", "'${h'")
VALUE_TEXTS(substitution, "$(echo a)", "\"$(echo \"a b\")\"", "$(echo a; echo b)")
VALUE_TEXTS(backquotes, "`echo a`", "\"`echo a`\"")
VALUE_TEXTS(arithmetic, "$((1+2))", "$[3]", "\"$((2*3))\"")
VALUE_TEXTS(braces_beyond, "${h:=x}", "${h?}", "${h:-\"x\"}", "${h:-a b}", "${h-~}", "${a+'x'}",
	    "\"${a+'x'}\"", "${h:-${a:-x}}", "${h:1}", "\"${h-a\\}b}\"", "${h-*}", "${MAKE[0]+x}",
	    "\"${kernelver%%-*}\"", "${#h}", "${not_set-a b}", "${!h}", "${MAKE[@]}",
	    "\"${h//a/b}\"", "${h[h]}", "${h[01]}")
VALUE_TEXTS(special_parameter, "$1", "$#", "\"$@\"", "$*", "\"$?\"", "${1}")
VALUE_TEXTS(ansi_quotes, "$'a\\tb'", "$\"x\"", "$'\\''")
VALUE_TEXTS(brace_list, "{a,b}", "{1..3}", "{", "}", "{}")
VALUE_TEXTS(control_character, "\001", "'\177'", "\"\033\"", "\f", "'\001\001'")
VALUE_TEXTS(bash_variable, "$UID", "${BASH_VERSION}", "$IFS", "'$IFS'", "'$BASH'", "$_",
	    "$HOSTNAME")

typedef void (*maker)(struct conf_random *r, struct buf *b);

static const maker value_makers[] = {
#define VALUE_MAKER(name) make_##name,
	VALUE_TABLE(VALUE_MAKER)
#undef VALUE_MAKER
};

/* The constructs from `substitution` on, and some others, send the whole file to bash: they are
 * rarer. */
static bool is_refused(unsigned construct)
{
	return (construct >= C_second_braces_beyond && construct <= C_second_backquotes) ||
	       (construct >= C_second_special && construct <= C_bash_variable) ||
	       construct == C_latin1 || construct == C_tilde_doubtful;
}

static void piece(struct conf_random *r, struct buf *b)
{
	unsigned k;

	do {
		k = pick(r, COUNT_OF(value_makers));
	} while (is_refused(k) && !chance(r, 6));
	r->counts[k]++;
	value_makers[k](r, b);
}

static void value(struct conf_random *r, struct buf *b)
{
	for (unsigned n = 1 + pick(r, 3); n > 0; n--)
		piece(r, b);
}

/* ---- lines ---- */

#define LINE(name)	      static void make_##name(struct conf_random *r, struct buf *b)
#define LINE_TEXTS(name, ...) VALUE_TEXTS(name, __VA_ARGS__)

static void simple(struct conf_random *r, struct buf *b, const char *name, const char *sign)
{
	buf_add_fmt(b, "%s%s", name, sign);
	value(r, b);
}

LINE(comment)
{
	static const char *const texts[] = { "# a comment", "#",   "#x='",   "\t# \"",
					     "# \\",	    "#\r", "# $(no)" };

	buf_add_str(b, ONE_OF(r, texts));
}

LINE(empty_line)
{
	buf_add_str(b, "\n");
	(void)r;
}

LINE_TEXTS(blank_line, " ", "\t", " \t ")

LINE(scalar)
{
	simple(r, b, ONE_OF(r, known_names), "=");
}

LINE(element)
{
	buf_add_fmt(b, "%s[%u]=", ONE_OF(r, known_names), pick(r, 4));
	value(r, b);
}

LINE(helper)
{
	simple(r, b, ONE_OF(r, helper_names), "=");
}

LINE(helper_element)
{
	buf_add_fmt(b, "%s[%u]=", ONE_OF(r, helper_names), pick(r, 3));
	value(r, b);
}

LINE(dkms_variable)
{
	simple(r, b, ONE_OF(r, dkms_names), chance(r, 70) ? "=" : "+=");
}

LINE(append)
{
	simple(r, b, any_name(r), "+=");
}

LINE(append_element)
{
	buf_add_fmt(b, "%s[%u]+=", any_name(r), pick(r, 3));
	value(r, b);
}

static void array_elements(struct conf_random *r, struct buf *b, const char *between)
{
	static const char *const elements[] = {
		"a",	"\"b c\"", "'d'", "x/y.patch", "\"$h\"", "\"${MAKE[1]}\"",
		"\"\"", "''",	   "-p1", "a\"b\"c",   "'e\nf'", "1.0+x,y:z%@"
	};

	for (unsigned n = pick(r, 4); n > 0; n--) {
		buf_add_str(b, ONE_OF(r, elements));
		buf_add_str(b, between);
	}
}

LINE(array)
{
	buf_add_fmt(b, "%s=(", any_name(r));
	array_elements(r, b, " ");
	buf_add_str(b, ")");
}

LINE(append_array)
{
	buf_add_fmt(b, "%s+=( ", any_name(r));
	array_elements(r, b, "\t ");
	buf_add_str(b, ")");
}

LINE(array_of_lines)
{
	buf_add_fmt(b, "%s=(\n", any_name(r));
	array_elements(r, b, chance(r, 50) ? "\n" : "\\\n ");
	buf_add_str(b, ")");
}

LINE_TEXTS(array_doubtful, "MAKE=([1]=x)", "MAKE=($h)", "MAKE=(a #b\n)", "MAKE=({a,b})", "MAKE=(*)",
	   "MAKE=(a)b", "MAKE=(a);", "MAKE[0]=(a)", "MAKE=(~)", "MAKE=(a;b)",
	   "h=(a b); MAKE=${h[1]}$h", "MAKE=(a) #x", "MAKE=(\\a)", "MAKE=(a=b)", "MAKE= (a)",
	   "MAKE=(a\r)", "MAKE=(a)\r")

LINE(several)
{
	simple(r, b, any_name(r), "=");
	buf_add_char(b, chance(r, 70) ? ' ' : '\t');
	simple(r, b, any_name(r), "=");
}

LINE(semicolons)
{
	simple(r, b, any_name(r), "=");
	buf_add_str(b, chance(r, 70) ? "; " : ";");
	simple(r, b, any_name(r), "=");
	if (chance(r, 30))
		buf_add_str(b, " ;");
}

LINE(trailing_comment)
{
	simple(r, b, any_name(r), "=");
	buf_add_str(b, chance(r, 50) ? " # it's said" : ";# x");
}

LINE(continued_line)
{
	simple(r, b, any_name(r), "=");
	buf_add_str(b, chance(r, 50) ? " \\\n  " : "\\\n ");
	simple(r, b, any_name(r), "=");
}

LINE(indented)
{
	buf_add_str(b, "  \t");
	simple(r, b, any_name(r), "=");
}

LINE(empty_value)
{
	buf_add_fmt(b, "%s=", any_name(r));
}

LINE_TEXTS(odd_index, "MAKE[01]=x", "MAKE[ 1 ]=x", "MAKE[h]=x", "MAKE[-1]=x", "MAKE[]=x",
	   "MAKE[1+1]=x", "MAKE[10000]=x", "MAKE[\"1\"]=x", "MAKE[1]x=y", "MAKE[1]",
	   "h[300]=x; MAKE=${h[300]}", "MAKE[9999]=x")
LINE_TEXTS(directive_variable, "DKMS_DIRECTIVE=MAKE=x", "DKMS_DIRECTIVE_1='PATCH[2]=$y  z'")
LINE_TEXTS(command, ":", "true", "echo x", "h=1 true", "no_such_command", "\r", "\"MAKE\"=x",
	   "MAKE", "M\\\nAKE=x", "MAKE =x", "+=x", "1=x", "{ MAKE=x; }", "(MAKE=x)", "MAKE=x &",
	   "MAKE=a | :", "! MAKE=x", "\\MAKE=x")
LINE_TEXTS(condition, "if true; then MAKE=x; fi", "[[ $kernelver == 6* ]] && MAKE=y",
	   "case $arch in x*) MAKE=z ;; esac", "true || MAKE=x", "[ a = b ] || CLEAN=x")
LINE_TEXTS(function, "f() { MAKE=x; }; f", "function g { :; }")
LINE_TEXTS(loop, "for h in a b; do MAKE+=$h; done", "while false; do :; done")
LINE_TEXTS(exported, "export MAKE=x", "export h", "export h=1 a")
LINE_TEXTS(declared, "declare -a MAKE", "declare MAKE=x", "readonly h", "declare -A h; h[x]=y",
	   "local h")
LINE_TEXTS(unset_it, "unset MAKE", "unset 'MAKE[1]'", "unset h")
LINE_TEXTS(left_early, "return", "exit 0", "return 1")
LINE_TEXTS(double_semicolon, "MAKE=x;;", ";", "MAKE=x; ;", ";;", "MAKE=x;\nCLEAN=y;")
LINE_TEXTS(broken_syntax, "MAKE=\"x", "MAKE='x", "MAKE=(a", "MAKE=)", "if", "fi", "MAKE=x)",
	   "MAKE=`", "MAKE=${", "MAKE=$(", "<<x")

static const maker line_makers[] = {
#define LINE_MAKER(name) make_##name,
	LINE_TABLE(LINE_MAKER)
#undef LINE_MAKER
};

static void line(struct conf_random *r, struct buf *b)
{
	unsigned k;

	do {
		k = pick(r, COUNT_OF(line_makers));
	} while (k + C_comment >= C_odd_index && !chance(r, 5));
	r->counts[C_comment + k]++;
	line_makers[k](r, b);
}

/* ---- files ---- */

/* Takes characters out, doubles them, puts others in: near what is right lies what is easily read
 * wrong. */
static void damage(struct conf_random *r, struct buf *b)
{
	static const char syntax[] = "\"'\\$`{}()[];#=+~ \t\n\r!*?:&|<axM1";

	for (unsigned n = 1 + pick(r, 3); n > 0 && b->len > 0; n--) {
		size_t where = pick(r, (unsigned)b->len);
		char c = chance(r, 30) ? b->data[where] : syntax[pick(r, sizeof(syntax) - 1)];

		if (chance(r, 40)) {
			memmove(b->data + where, b->data + where + 1, b->len - where);
			b->len--;
		} else if (chance(r, 50)) {
			b->data[where] = c;
		} else {
			buf_reserve(b, 1);
			memmove(b->data + where + 1, b->data + where, b->len - where + 1);
			b->data[where] = c;
			b->len++;
		}
	}
}

void conf_random_file(struct conf_random *r, struct buf *b)
{
	bool dos = chance(r, 5), last = chance(r, 85), damaged = chance(r, 30);
	unsigned n = chance(r, 2) ? 0 : 1 + pick(r, 8);

	r->counts[C_dos_line_ends] += dos;
	r->counts[C_no_last_newline] += !last;
	r->counts[C_empty_file] += n == 0;
	for (; n > 0; n--) {
		line(r, b);
		if (n > 1 || last)
			buf_add_str(b, dos ? "\r\n" : "\n");
	}
	if (damaged)
		damage(r, b);
	r->counts[C_damaged] += damaged;
}

bool conf_random_report(const struct conf_random *r, unsigned long n)
{
	bool all = true;

	for (unsigned i = 0; i < C_COUNT; i++) {
		printf("%-24s %lu\n", construct_names[i], r->counts[i]);
		if (r->counts[i] == 0 && n >= 500) {
			printf("%s was never made\n", construct_names[i]);
			all = false;
		}
	}
	return all;
}
