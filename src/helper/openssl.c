/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/openssl.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>

#include "base/mem.h"

/* The first error is the cause, the later ones its consequences on the way up. */
static const char *first_reason(void)
{
	unsigned long e = ERR_get_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	if (e && ERR_SYSTEM_ERROR(e))
		return strerror(ERR_GET_REASON(e));
	return reason ? reason : "libcrypto gives no reason";
}

int openssl_fail(struct fail *f, const char *fmt, ...)
{
	CLEAN(free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	fail_set(f, -EIO, "%s: %s", text ? text : "failed", first_reason());
	ERR_clear_error();
	return -EIO;
}
