/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_BASE_BUF_H
#define DKMS_BASE_BUF_H

#include "base/util.h"

/*
 * A growing byte buffer. `data` is always NUL-terminated once something was added (the NUL is not
 * counted in `len`); before that it is NULL. Zero-initialize. Memory is the buffer's until
 * buf_take().
 */
struct buf {
	char *data;
	size_t len;
	size_t room;
};

void buf_done(struct buf *b);
static inline void clean_buf(struct buf *b)
{
	buf_done(b);
}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_add_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Makes room for n more bytes and returns where they go; the caller adds to len what it wrote. */
char *buf_reserve(struct buf *b, size_t n);
void buf_reset(struct buf *b);
/* The contents as a string that the caller frees ("" if nothing was added); the buffer is empty after. */
char *buf_take(struct buf *b);
/* The contents, never NULL. */
static inline const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

#endif
