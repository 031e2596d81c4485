/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dkms-expand: fills a template's macros, for /usr/share/dkms/dkms.mk. It takes the arguments of
 * EPICS' msi that this needs, so either can be called.
 *
 *   dkms-expand [-V] [-M NAME=VALUE[,...]]... [-o OUTPUT] [TEMPLATE]
 *
 * TEMPLATE defaults to what comes in, OUTPUT to what goes out. A macro $(name) that is not defined
 * stays, with a warning, for bash may take it for a command; so does ${name}, without. With -V both
 * are errors.
 *
 * Statuses: 0 done, 1 failed (nothing is written), 2 wrong usage.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/macro.h"

enum { TEMPLATE_ROOM = 1 << 20 };

struct request {
	struct macros macros;
	const char *template, *output;
	bool strict;
};

static int usage(void)
{
	fputs("usage: dkms-expand [-V] [-M NAME=VALUE[,...]]... [-o OUTPUT] [TEMPLATE]\n", stderr);
	return 2;
}

static int report(const struct fail *f)
{
	fprintf(stderr, "dkms-expand: %s\n", f->text ? f->text : "failed");
	return 1;
}

/* 0, or the exit status. */
static int parse(int argc, char **argv, struct request *ret)
{
	CLEAN(fail) struct fail f = { 0 };
	int o;

	while ((o = getopt(argc, argv, "VM:o:")) != -1) {
		if (o == 'V')
			ret->strict = true;
		else if (o == 'o')
			ret->output = optarg;
		else if (o != 'M')
			return usage();
		else if (macros_define(&ret->macros, optarg, &f) < 0)
			return report(&f);
	}
	if (argc - optind > 1)
		return usage();
	ret->template = argv[optind];
	return 0;
}

static int read_template(const char *path, struct buf *ret, struct fail *f)
{
	int r = path ? file_read(AT_FDCWD, path, TEMPLATE_ROOM, ret)
		     : fd_read_all(STDIN_FILENO, TEMPLATE_ROOM, ret);

	if (r < 0)
		return fail_errno(f, r, "cannot read '%s'", path ? path : "standard input");
	if (strlen(buf_str(ret)) != ret->len)
		return fail_set(f, -EINVAL, "'%s' is no text", path ? path : "standard input");
	return 0;
}

static bool tell_undefined(const struct request *q, size_t line, const struct strv *undefined)
{
	bool bad = false;

	for (size_t i = 0; i < undefined->n; i++) {
		if (!q->strict && undefined->items[i][1] != '(')
			continue;
		fprintf(stderr, "dkms-expand: %s:%zu: %s is not defined%s\n",
			q->template ? q->template : "standard input", line, undefined->items[i],
			q->strict ? "" : ", and stays as it is");
		bad = q->strict;
	}
	return bad;
}

static int fill(const struct request *q, const char *text, struct buf *ret, struct fail *f)
{
	bool bad = false;

	for (size_t line = 1; *text; line++) {
		size_t n = strcspn(text, "\n");
		CLEAN(free) char *s = xstrndup(text, n);
		CLEAN(strv) struct strv undefined = { 0 };

		if (macros_expand(&q->macros, s, ret, &undefined, f) < 0)
			return fail_wrap(f, "%s:%zu", q->template ? q->template : "standard input",
					 line);
		bad |= tell_undefined(q, line, &undefined);
		text += n;
		if (*text)
			buf_add_char(ret, *text++);
	}
	return bad ? fail_set(f, -EINVAL, "there are macros that are not defined") : 0;
}

static int write_result(const char *path, const struct buf *b, struct fail *f)
{
	int r = path ? file_write(path, buf_str(b), b->len, 0644)
		     : fd_write_all(STDOUT_FILENO, buf_str(b), b->len);

	return r < 0 ? fail_errno(f, r, "cannot write '%s'", path ? path : "standard output") : 0;
}

int main(int argc, char **argv)
{
	CLEAN(buf) struct buf text = { 0 }, result = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	struct request q = { 0 };
	int r = parse(argc, argv, &q);

	if (r == 0 &&
	    (read_template(q.template, &text, &f) < 0 ||
	     fill(&q, buf_str(&text), &result, &f) < 0 || write_result(q.output, &result, &f) < 0))
		r = report(&f);
	macros_done(&q.macros);
	return r;
}
