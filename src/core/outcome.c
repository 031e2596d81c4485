/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/outcome.h"

#include "base/util.h"

struct outcome_row {
	int status;
	const char *word;
};

static const struct outcome_row rows[] = {
#define OUTCOME_ROW(name, status, word) { status, word },
	OUTCOME_TABLE(OUTCOME_ROW)
#undef OUTCOME_ROW
};

static const struct outcome_row *find(int code)
{
	int i = -code - OUTCOME_FIRST - 1;

	return i >= 0 && (size_t)i < COUNT_OF(rows) ? &rows[i] : NULL;
}

int outcome_exit_status(int code)
{
	const struct outcome_row *row = find(code);

	if (code >= 0)
		return 0;
	if (row)
		return row->status;
	if (-code > E_SCRIPT && -code <= E_SCRIPT + 255)
		return -code - E_SCRIPT;
	return 1;
}

const char *outcome_word(int code)
{
	const struct outcome_row *row = find(code);

	if (code >= 0)
		return "done";
	if (row)
		return row->word;
	return -code > E_SCRIPT ? "script-failed" : "system-error";
}
