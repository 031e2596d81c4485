/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/hook.h"

#include "base/mem.h"
#include "core/outcome.h"
#include "core/required.h"
#include "sys/chroot.h"

int hook_status(struct app *app, int code)
{
	CLEAN(snapshot) struct snapshot snap = { 0 };
	CLEAN(strv) struct strv missing = { 0 };
	CLEAN(fail) struct fail f = { 0 };
	CLEAN(free) char *names = NULL;
	const char *required = app->framework.required_modules;

	/* no target: it did not come to that, autoinstall is off for one */
	if (app->rq.verb != VERB_KERNEL_POSTINST || !required || app->n_targets != 1)
		return 0;
	if (app_snapshot(app, NULL, &snap, &f) < 0)
		return code < 0;
	required_missing(&snap, required, app->targets->kernel, app->targets->arch, &missing);
	if (missing.n == 0)
		return 0;
	names = strv_join(&missing, " ");
	fail_set(&f, -E_SOME_FAILED, "not installed for kernel %s, but in required_modules: %s",
		 app->targets->kernel, names);
	fail_hint(&f, "boot no kernel that lacks them; to go on all the same, take them from required_modules in "
		      "/etc/dkms/framework.conf");
	report_error(&app->report, &f);
	return 1;
}

static void say(const struct app *app, const char *name, const char *value)
{
	report_text(&app->report, "%s=%s", name, value);
	if (app->report.document)
		json_string(document_writer(app->report.document), name, value);
}

static void say_switch(const struct app *app, const char *name, bool on)
{
	say(app, name, on ? "yes" : "");
}

static int list_settings(struct app *app, struct fail *f)
{
	CLEAN(conf) struct conf c = { 0 };
	int r;

	say(app, "dkms_tree", app->dkms_tree);
	say(app, "source_tree", app->source_tree);
	say(app, "install_tree", app->install_tree);
	say_switch(app, "autoinstall_all_kernels", app->framework.autoinstall_all_kernels);
	say_switch(app, "continue_on_error", app->framework.continue_on_error);
	say_switch(app, "chroot", chroot_detect(&app->environment));
	say_switch(app, "rpm", app->distro.is_rpm);
	if (str_is_empty(app->rq.module) || str_is_empty(app->rq.version))
		return 0;
	r = app_conf(app, app->rq.module, app->rq.version, NULL, NULL, &c, f);
	if (r == 0)
		say_switch(app, "autoinstall", c.autoinstall);
	return r;
}

int verb_settings(struct app *app, struct fail *f)
{
	int r;

	if (app->report.document)
		json_object(document_writer(app->report.document), "settings");
	r = list_settings(app, f);
	if (app->report.document)
		json_end(document_writer(app->report.document));
	return r;
}
