/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/foretell.h"

#include "core/foresee.h"
#include "sys/journal.h"

int app_foretell(struct app *app, struct plan *plan, struct fail *f)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(buf) struct buf text = { 0 };
	int r = app_snapshot(app, NULL, &snap, f);

	if (r < 0)
		return r;
	if (journal_has_records(app->dkms_tree))
		report_line(&app->report, "a change is not finished: of an interrupted dkms, or of one that runs now");
	plan_foresee(plan, &snap);
	plan_describe(plan, &text);
	report_text(&app->report, "%s%s", buf_str(&text),
		    plan_has_work(plan) ? "nothing was done: this is a dry run"
					: "there is nothing to do");
	if (app->report.document)
		document_plan(app->report.document, plan);
	return plan_code(plan);
}
