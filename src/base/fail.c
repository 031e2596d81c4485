/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fail.h"

#include <stdarg.h>

#include "base/mem.h"

void fail_done(struct fail *f)
{
	free(f->text);
	free(f->hint);
	*f = (struct fail){ 0 };
}

int fail_set(struct fail *f, int code, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return code;
	fail_done(f);
	f->code = code;
	va_start(ap, fmt);
	f->text = xvasprintf(fmt, ap);
	va_end(ap);
	return code;
}

int fail_errno(struct fail *f, int err, const char *fmt, ...)
{
	CLEAN(free) char *text = NULL;
	va_list ap;

	if (err < 0)
		err = -err;
	if (!f)
		return -err;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	fail_done(f);
	f->code = -err;
	f->text = xasprintf("%s: %s", text, strerror(err));
	return -err;
}

int fail_wrap(struct fail *f, const char *fmt, ...)
{
	CLEAN(free) char *old = NULL, *context = NULL;
	va_list ap;

	if (!f)
		return 0;
	va_start(ap, fmt);
	context = xvasprintf(fmt, ap);
	va_end(ap);
	old = TAKE_PTR(f->text);
	f->text = xasprintf("%s: %s", context, old ? old : "failed");
	return f->code;
}

void fail_hint(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	free(f->hint);
	va_start(ap, fmt);
	f->hint = xvasprintf(fmt, ap);
	va_end(ap);
}

void fail_move(struct fail *to, struct fail *from)
{
	if (to) {
		fail_done(to);
		*to = *from;
		*from = (struct fail){ 0 };
	} else {
		fail_done(from);
	}
}
