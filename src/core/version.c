/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/version.h"

#include "base/util.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes a run of digits off *s; returns where it begins without its leading zeros, and its length.
 */
static const char *take_number(const char **s, size_t *ret_len)
{
	const char *begin;

	while (**s == '0')
		(*s)++;
	begin = *s;
	while (is_digit(**s))
		(*s)++;
	*ret_len = (size_t)(*s - begin);
	return begin;
}

static int compare_numbers(const char **a, const char **b)
{
	size_t n, m;
	const char *x = take_number(a, &n);
	const char *y = take_number(b, &m);

	if (n != m)
		return n < m ? -1 : 1;
	return memcmp(x, y, n);
}

int version_compare(const char *a, const char *b)
{
	while (*a && *b) {
		if (is_digit(*a) && is_digit(*b)) {
			int c = compare_numbers(&a, &b);

			if (c)
				return c;
			continue;
		}
		if (*a != *b)
			break;
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}
