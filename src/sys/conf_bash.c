/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/conf_bash.h"

#include <errno.h>

#include "base/mem.h"
#include "sys/run.h"

enum { RESULT_MAX = 256 * 1024, TIMEOUT_MS = 60 * 1000 };

/*
 * Arguments: the file, the number of known names, these, then NAME=VALUE for what is visible.
 * "builtin": a conf may define a function of such a name.
 */
static const char read_program[] =
	"exec {__dkms_out}>&1 >/dev/null\n"
	"__dkms_file=$1 __dkms_names=(\"${@:3:$2}\")\n"
	"shift $(($2 + 2))\n"
	"for __dkms_i; do printf -v \"${__dkms_i%%=*}\" %s \"${__dkms_i#*=}\"; done\n"
	"set --\n"
	"source \"$__dkms_file\"\n"
	"builtin set +eu\n"
	"builtin unset -v IFS\n"
	"for __dkms_name in \"${__dkms_names[@]}\"; do\n"
	"	builtin unset -n __dkms_ref\n"
	"	builtin declare -n __dkms_ref=$__dkms_name\n"
	"	for __dkms_i in \"${!__dkms_ref[@]}\"; do\n"
	"		builtin printf '%s\\0%s\\0%s\\0' \"$__dkms_name\" \"$__dkms_i\" \\\n"
	"			\"${__dkms_ref[$__dkms_i]}\" >&$__dkms_out\n"
	"	done\n"
	"done\n"
	"for __dkms_name in \"${!DKMS_DIRECTIVE@}\"; do\n"
	"	builtin printf '%s\\0%s\\0%s\\0' '' 0 \"${!__dkms_name}\" >&$__dkms_out\n"
	"done\n"
	"builtin printf 'end\\0' >&$__dkms_out\n";

/*
 * Arguments: the number of NAME=VALUE, these, then three for each value: whether its expansion may
 * end the shell, the element ("MAKE[0]"), and its text, made ready to stand in double quotes.
 */
static const char expand_program[] =
	"exec {__dkms_out}>&1 >/dev/null\n"
	"for __dkms_i in \"${@:2:$1}\"; do\n"
	"	printf -v \"${__dkms_i%%=*}\" %s \"${__dkms_i#*=}\"\n"
	"done\n"
	"shift $(($1 + 1))\n"
	"__dkms_args=(\"$@\")\n"
	"set --\n"
	"for ((__dkms_i = 0; __dkms_i < ${#__dkms_args[@]}; __dkms_i += 3)); do\n"
	"	if [[ ${__dkms_args[__dkms_i]} == risky ]]; then\n"
	"		__dkms_value=$(\n"
	"			eval \"__dkms_value=\\\"${__dkms_args[__dkms_i + 2]}\\\"\"\n"
	"			[[ -v __dkms_value ]] && printf '%s.' \"$__dkms_value\"\n"
	"		)\n"
	"		[[ $__dkms_value == *. ]] || continue\n"
	"		__dkms_value=${__dkms_value%.}\n"
	"	else\n"
	"		eval \"__dkms_value=\\\"${__dkms_args[__dkms_i + 2]}\\\"\"\n"
	"	fi\n"
	"	printf -v \"${__dkms_args[__dkms_i + 1]}\" %s \"$__dkms_value\"\n"
	"	printf '%s\\0%s\\0' \"${__dkms_args[__dkms_i + 1]}\" \"$__dkms_value\" "
	">&$__dkms_out\n"
	"	unset -v __dkms_value\n"
	"done\n"
	"printf 'end\\0' >&$__dkms_out\n";

static void add_visible(struct strv *argv, const struct conf_scope *scope,
			const struct conf_values *values)
{
	strv_add_all(argv, scope->vars);
	for (size_t i = 0; i < values->names->n; i++)
		for (size_t k = 0; k < values->values[i].n; k++)
			if (values->values[i].items[k])
				strv_add_fmt(argv, "%s[%zu]=%s", values->names->items[i], k,
					     values->values[i].items[k]);
}

static void begin_command(struct strv *argv, const char *program)
{
	static const char *const words[] = {
		"bash", "--norc", "--noprofile", "-O", "extglob", "-c"
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		strv_add(argv, words[i]);
	strv_add(argv, program);
	strv_add(argv, "dkms"); /* $0 */
}

static int run_bash(const struct strv *argv, const struct conf_scope *scope, struct buf *ret,
		    struct fail *f)
{
	struct run r = {
		.argv = (const char *const *)argv->items,
		.env = scope->env,
		.out_fd = RUN_NULL,
		.err_fd = RUN_INHERIT,
		.capture = ret,
		.capture_max = RESULT_MAX,
		.timeout_ms = TIMEOUT_MS,
	};
	struct run_result res = { 0 };

	return run_command(&r, &res, f);
}

/* The fields of a result in turn; NULL at its end. */
static const char *next_field(const struct buf *b, size_t *at)
{
	const char *s = buf_str(b) + *at;

	if (*at >= b->len)
		return NULL;
	*at += strlen(s) + 1;
	return s;
}

/* Without its last field the result is that of a file that left before its end: it gives nothing.
 */
static bool is_complete(const struct buf *b)
{
	static const char end[] = "end";

	return b->len >= sizeof(end) &&
	       memcmp(b->data + b->len - sizeof(end), end, sizeof(end)) == 0 &&
	       (b->len == sizeof(end) || b->data[b->len - sizeof(end) - 1] == '\0');
}

static void take_element(struct conf_values *v, const char *name, const char *index,
			 const char *value)
{
	int i = conf_names_find(v->names, name, strlen(name));
	size_t digits = strspn(index, "0123456789");

	if (i < 0 || digits == 0 || index[digits]) /* an associative array has no such indexes */
		return;
	conf_values_set(v, (size_t)i, digits > 9 ? CONF_INDEX_MAX + 1 : strtoul(index, NULL, 10),
			value);
}

int conf_bash_read(const char *file, const struct conf_scope *scope,
		   const struct conf_values *before, struct conf_values *ret_raw,
		   struct strv *ret_directives, struct fail *f)
{
	CLEAN(strv) struct strv argv = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	const char *name, *index, *value;
	size_t at = 0;
	int r;

	begin_command(&argv, read_program);
	/* without a slash bash would look for it on PATH */
	strv_add_fmt(&argv, "%s%s", strchr(file, '/') ? "" : "./", file);
	strv_add_fmt(&argv, "%zu", before->names->n);
	for (size_t i = 0; i < before->names->n; i++)
		strv_add(&argv, before->names->items[i]);
	add_visible(&argv, scope, before);
	r = run_bash(&argv, scope, &out, f);
	if (r < 0) {
		fail_wrap(f, "cannot read '%s'", file);
		return r;
	}
	if (!is_complete(&out)) {
		ret_raw->has_left = true;
		return 0;
	}
	while ((name = next_field(&out, &at)) && (index = next_field(&out, &at)) &&
	       (value = next_field(&out, &at))) {
		if (*name)
			take_element(ret_raw, name, index, value);
		else
			strv_add(ret_directives, value);
	}
	return 0;
}

static void add_text(struct strv *argv, const struct conf_values *raw, size_t name, size_t index)
{
	CLEAN(conf_text) struct conf_text t = { 0 };

	conf_text_prepare(raw->values[name].items[index], &t);
	strv_add(argv, t.can_fail ? "risky" : "plain");
	strv_add_fmt(argv, "%s[%zu]", raw->names->items[name], index);
	strv_take(argv, TAKE_PTR(t.text));
}

int conf_bash_expand(const struct conf_values *raw, const struct conf_scope *scope,
		     struct conf_values *io, struct fail *f)
{
	CLEAN(strv) struct strv argv = { 0 }, visible = { 0 };
	CLEAN(buf) struct buf out = { 0 };
	const char *element, *value;
	size_t at = 0;
	int r;

	begin_command(&argv, expand_program);
	add_visible(&visible, scope, io);
	strv_add_fmt(&argv, "%zu", visible.n);
	strv_add_all(&argv, &visible);
	for (size_t i = 0; i < raw->names->n; i++)
		for (size_t k = 0; k < raw->values[i].n; k++)
			if (raw->values[i].items[k])
				add_text(&argv, raw, i, k);
	r = run_bash(&argv, scope, &out, f);
	if (r < 0)
		return r;
	if (!is_complete(&out))
		return fail_set(f, -EIO, "bash ended before all values were expanded");
	while ((element = next_field(&out, &at)) && (value = next_field(&out, &at))) {
		CLEAN(free) char *text = xasprintf("%s=%s", element, value);

		conf_values_set_text(io, text);
	}
	io->index_too_large |= raw->index_too_large;
	return 0;
}
