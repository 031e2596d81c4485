/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "cmd/app.h"
#include "cmd/enrolment.h"
#include "sys/sign.h"

/* Makes the key that modules are signed with, and says how a machine with Secure Boot gets to know it. */
int verb_generate_mok(struct app *app, struct fail *f)
{
	CLEAN(signer) struct signer s = { 0 };
	const struct kconfig none = { 0 };
	const struct sign_request rq = {
		.framework = &app->framework,
		.distro = &app->distro,
		.kconfig = &none,
		.kernel = app->rq.kernels.n ? app->rq.kernels.items[0] : app->running_kernel,
		.kernel_source_dir = app->rq.kernel_source_dir ? app->rq.kernel_source_dir : "",
		.install_tree = app->install_tree,
		.environment = &app->environment,
	};
	int r = signer_make_key(&rq, app->rq.dry_run, &s, f);
	const char *made = app->rq.dry_run ? "would make" : "made";

	if (r < 0)
		return r;
	report_line(&app->report, "%s: key '%s', certificate '%s'",
		    s.made_key ? made : "already there", s.key, s.certificate);
	report_line(&app->report, "where Secure Boot is on, enrol the certificate: mokutil --import %s",
		    s.certificate);
	enrolment_guide(app, s.certificate);
	return 0;
}
