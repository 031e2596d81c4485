/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/conf_eval.h"

/* What the files see. */
struct world {
	struct strv vars, env;
	struct conf_scope scope;
	struct conf_values before, raw;
	struct conf_refusal why;
};

static void world_up(struct world *w, const char *locale)
{
	*w = (struct world){ 0 };
	w->scope = (struct conf_scope){ &w->vars, &w->env };
	strv_add(&w->vars, "kernelver=6.1.0-9");
	strv_add(&w->vars, "parallel_jobs=2");
	strv_add(&w->env, "HOME=/root");
	strv_add(&w->env, "odd=a\001b");
	strv_add(&w->env, "kernelver=of the environment");
	strv_add_fmt(&w->env, "LANG=%s", locale);
	conf_values_init(&w->before, &conf_names);
	conf_values_init(&w->raw, &conf_names);
	conf_values_set(&w->before, CONF_CLEAN, 0, "old");
	conf_values_set(&w->before, CONF_CLEAN, 2, "two");
	conf_values_set(&w->before, CONF_STRIP, 0, "\001");
}

static void clean_world(struct world *w)
{
	strv_done(&w->vars);
	strv_done(&w->env);
	conf_values_done(&w->before);
	conf_values_done(&w->raw);
}

static bool eval_in(struct world *w, const char *text, size_t len)
{
	return conf_eval(text, len, &w->scope, &w->before, &w->raw, &w->why);
}

struct row {
	const char *text;
	const char *want; /* of MAKE[0]; NULL: not set */
};

static const struct row rows[] = {
	{ "", NULL },
	{ "# MAKE=x", NULL },
	{ "MAKE=", "" },
	{ "MAKE=x", "x" },
	{ "  MAKE='a b' # c", "a b" },
	{ "MAKE=x; CLEAN=y; MAKE+=z;", "xz" },
	{ "MAKE=\"a \\$b \\\\ \\\" \\c\"'d'e\\ f", "a $b \\ \" \\cde f" },
	{ "MAKE=\"a\\\nb\"c\\\nd", "abcd" },
	{ "MAKE=\"a\nb\"", "a\nb" },
	{ "MAKE=$kernelver:${kernelver}", "6.1.0-9:6.1.0-9" },
	{ "kernelver=5; MAKE=$kernelver", "5" },
	{ "kernelver+=5; MAKE=$kernelver", "6.1.0-95" },
	{ "MAKE=$CLEAN${CLEAN[2]}${CLEAN[1]}$none", "oldtwo" },
	{ "MAKE[0]=a; MAKE[2]=b; CLEAN=x; MAKE=${MAKE[2]}$CLEAN", "bx" },
	{ "h=1 i=$h; MAKE=$i", "1" },
	{ "h=(a \"b c\" d); MAKE=$h${h[1]}", "ab c" },
	{ "MAKE=(a b); MAKE+=(c)\nMAKE=${MAKE[2]}", "c" },
	{ "MAKE=(\n'a'\n)", "a" },
	{ "MAKE=a; MAKE=()", NULL },
	{ "MAKE=\"make ${parallel_jobs+-j$parallel_jobs} all\"", "make -j2 all" },
	{ "MAKE=${none+x}${none-y}${none:-z}", "yz" },
	{ "h=; MAKE=${h+a}${h:+b}${h-c}${h:-d}", "ad" },
	{ "h=1; MAKE=${h+a}${h:+b}${h-c}${h:-d}", "ab11" },
	{ "MAKE=0~1.x~", "0~1.x~" },
	{ "MAKE=*[a-z]?#", "*[a-z]?#" },
	{ "MAKE=$", "$" },
	{ "MAKE=\"$\"", "$" },
	{ "MAKE=a\r\n", "a\r" },
	{ "MAKE='\xc3\xa4'", "\xc3\xa4" },
	{ "MAKE='\xe2\x82\xac \xf0\x9f\x90\xa7'", "\xe2\x82\xac \xf0\x9f\x90\xa7" },
	{ "MAKE=(\\\n a \\\n)", "a" },
};

static void plain_files(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEAN(world) struct world w;
		const char *got;

		world_up(&w, "C.UTF-8");
		if (!eval_in(&w, rows[i].text, strlen(rows[i].text)))
			fail_msg("%s: refused: %s", rows[i].text, w.why.reason);
		got = conf_values_get(&w.raw, CONF_MAKE, 0);
		if (!str_eq(got, rows[i].want))
			fail_msg("%s: got %s", rows[i].text, got ? got : "(unset)");
	}
}

struct refused {
	const char *text;
	const char *why;
	size_t line;
};

static const struct refused refusals[] = {
	{ "\nMAKE=x\nif true; then :; fi", "a command", 3 },
	{ "export MAKE=x", "a command", 1 },
	{ "MAKE=x true", "a command", 1 },
	{ "\r\n", "a command", 1 },
	{ "\"MAKE\"=x", "a command", 1 },
	{ "MAKE =x", "a command", 1 },
	{ "MAKE+x", "a command", 1 },
	{ "MAKE[0]", "a command", 1 },
	{ "MAKE='\n\n'$(uname -r)", "a command substitution", 3 },
	{ "MAKE=\"`x`\"", "a command substitution", 1 },
	{ "MAKE=`x`", "a command substitution", 1 },
	{ "MAKE=$((1+1))", "arithmetic", 1 },
	{ "MAKE=${kernelver%%-*}", "a parameter expansion beyond ${name}", 1 },
	{ "MAKE=${h:=x}", "a parameter expansion beyond ${name}", 1 },
	{ "MAKE=${h:?x}", "a parameter expansion beyond ${name}", 1 },
	{ "MAKE=${UID:-x}", "a variable of bash's own", 1 },
	{ "MAKE=${h[@]}", "an index that is no plain number", 1 },
	{ "MAKE=${!h}", "a parameter expansion beyond ${name}", 1 },
	{ "MAKE=${h:-${i:-x}}", "a parameter expansion in another", 1 },
	{ "MAKE=${h:-'x'}", "an alternative in a parameter expansion that is not plain", 1 },
	{ "MAKE=${h:-a b}", "an alternative in a parameter expansion that is not plain", 1 },
	{ "MAKE=$1", "a special parameter, or a quote of another kind", 1 },
	{ "MAKE=\"$@\"", "a special parameter, or a quote of another kind", 1 },
	{ "MAKE=$'x'", "a special parameter, or a quote of another kind", 1 },
	{ "MAKE=$UID", "a variable of bash's own", 1 },
	{ "MAKE=${HOME}", "a variable of bash's own", 1 },
	{ "PATH=x", "a variable of bash's own", 1 },
	{ "__dkms_out=1", "a variable of bash's own", 1 },
	{ "DKMS_DIRECTIVE_x=MAKE=1", "a DKMS_DIRECTIVE variable", 1 },
	{ "MAKE=$odd", "a control character", 1 },
	{ "STRIP+=x", "a control character", 1 },
	{ "MAKE=\033", "a control character", 0 },
	{ "MAKE='\xe4'", "a character that is not ASCII, and not UTF-8 in this locale", 0 },
	{ "MAKE='\xe2\x82'", "a character that is not ASCII, and not UTF-8 in this locale", 0 },
	{ "MAKE=\xf0\x9f\x90", "a character that is not ASCII, and not UTF-8 in this locale", 0 },
	{ "MAKE=$kernelver\xc3\xa4", "a variable's name followed by a character that is not ASCII",
	  1 },
	{ "MAKE=$kernelver\\\nx", "a variable's name that may go on in the next line", 1 },
	{ "MAKE=\\\xc3\xa4", "a backslash before the end or before a character that is not ASCII",
	  1 },
	{ "MAKE=x\\", "a backslash before the end or before a character that is not ASCII", 1 },
	{ "MAKE='x", "a quote that is not closed", 1 },
	{ "MAKE=\"x", "a quote that is not closed", 1 },
	{ "MAKE=\"x\\", "a quote that is not closed", 1 },
	{ "MAKE=a|b", "a list of commands, or a redirection", 1 },
	{ "MAKE=a&&MAKE=b", "a list of commands, or a redirection", 1 },
	{ "MAKE=@(a)", "a parenthesis", 1 },
	{ "MAKE[0]=(a)", "a parenthesis", 1 },
	{ "MAKE={a,b}", "a brace", 1 },
	{ "MAKE=~/x", "a tilde that may be a home directory", 1 },
	{ "MAKE=a:~", "a tilde that may be a home directory", 1 },
	{ "MAKE=''~", "a tilde that may be a home directory", 1 },
	{ "MAKE[01]=x", "an index that is no plain number", 1 },
	{ "MAKE[-1]=x", "an index that is no plain number", 1 },
	{ "MAKE[1+1]=x", "an index that is no plain number", 1 },
	{ "MAKE[]=x", "an index that is no plain number", 1 },
	{ "MAKE[10000]=x", "a very large index", 1 },
	{ "MAKE[99999999999999999999999]=x", "a very large index", 1 },
	{ "h[256]=x", "a very large index", 1 },
	{ "MAKE[9999]=x; MAKE+=(y)", "a very large index", 1 },
	{ "MAKE=([1]=x)", "an array literal that is not plain", 1 },
	{ "MAKE=($h)", "an array literal that is not plain", 1 },
	{ "MAKE=(a\n#b\n)", "an array literal that is not plain", 2 },
	{ "MAKE=(\"a", "a quote that is not closed", 1 },
	{ "MAKE=('a", "a quote that is not closed", 1 },
	{ "MAKE[9998]=x; MAKE+=(y z)", "a very large index", 1 },
	{ "MAKE=(a", "an array literal that is not plain", 1 },
	{ "MAKE=(a)b", "something behind an array literal", 1 },
	{ ";", "a semicolon that ends nothing", 1 },
	{ "MAKE=x;;", "a semicolon that ends nothing", 1 },
	{ "MAKE=x\n;", "a semicolon that ends nothing", 2 },
};

static void everything_else_is_refused(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refused *x = &refusals[i];
		CLEAN(world) struct world w;

		world_up(&w, "C.UTF-8");
		if (eval_in(&w, x->text, strlen(x->text)))
			fail_msg("%s: not refused", x->text);
		if (!str_eq(w.why.reason, x->why) || w.why.line != x->line)
			fail_msg("%s: refused in line %zu: %s", x->text, w.why.line, w.why.reason);
	}
}

static void unknown_locales_are_bash_s(void **state)
{
	CLEAN(world) struct world a, b;

	world_up(&a, "ja_JP.SJIS");
	assert_false(eval_in(&a, "MAKE='\xc3\xa4'", 9));
	world_up(&b, "ja_JP.SJIS");
	assert_true(eval_in(&b, "MAKE='a'", 8));
}

static void nul_and_directives_are_bash_s(void **state)
{
	CLEAN(world) struct world a, b;

	world_up(&a, "C");
	assert_false(eval_in(&a, "MAKE=a\0b", 8));
	world_up(&b, "C");
	strv_add(&b.env, "DKMS_DIRECTIVE=MAKE=x");
	assert_false(eval_in(&b, "MAKE=a", 6));
	assert_int_equal(b.why.line, 0);
}

/* What doubles with every line, or has no end, is given up early. */
static void sizes_are_limited(void **state)
{
	CLEAN(world) struct world a, b, c;
	CLEAN(buf) struct buf text = { 0 };

	world_up(&a, "C");
	buf_add_str(&text, "h=xxxxxxxxxxxxxxxx\n");
	for (int i = 0; i < 64; i++)
		buf_add_str(&text, "h=$h$h\n");
	assert_false(eval_in(&a, text.data, text.len));
	assert_string_equal(a.why.reason, "very long values");

	world_up(&b, "C");
	buf_reset(&text);
	for (int i = 0; i < 300; i++)
		buf_add_fmt(&text, "h%d=x\n", i);
	assert_false(eval_in(&b, text.data, text.len));
	assert_string_equal(b.why.reason, "very many variables");

	world_up(&c, "C");
	buf_reset(&text);
	buf_add_str(&text, "MAKE=(");
	for (int i = 0; i < 2000; i++)
		buf_add_str(&text, "x ");
	buf_add_str(&text, ")");
	assert_false(eval_in(&c, text.data, text.len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_files),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(unknown_locales_are_bash_s),
		cmocka_unit_test(nul_and_directives_are_bash_s),
		cmocka_unit_test(sizes_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
