/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/enrolment.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/layout.h"
#include "sys/chroot.h"
#include "sys/module_file.h"
#include "sys/run.h"
#include "sys/sign.h"

const char *enrolment_word(enum enrolment e)
{
	switch (e) {
	case ENROLMENT_NONE:
		return "not enrolled";
	case ENROLMENT_WAITS:
		return "enrolment waits for a reboot";
	case ENROLMENT_DONE:
		return "enrolled";
	default:
		return NULL;
	}
}

static const char *state_word(const struct secure_boot *sb)
{
	if (sb->is_waived)
		return "on, but shim does not validate";
	return sb->is_on ? "on" : "off";
}

char *enrolment_state(const struct secure_boot *sb)
{
	return xasprintf("%s; lockdown: %s", state_word(sb),
			 sb->lockdown ? sb->lockdown : "not known");
}

void enrolment_document(const struct secure_boot *sb, struct json *j)
{
	if (!sb->is_efi) {
		json_string(j, "secure_boot", NULL);
		return;
	}
	json_object(j, "secure_boot");
	json_bool(j, "on", sb->is_on && !sb->is_waived);
	json_string(j, "lockdown", sb->lockdown);
	json_bool(j, "refuses_unknown", secure_boot_refuses(sb));
	json_end(j);
}

/* after a plan ----------------------------------------------------------------------------------
 */

/* Installed modules with one trouble, as "hello/1.0, foo/2 and 3 more". */
struct troubled {
	struct strv names;
	char *signer;
};

struct findings {
	struct secure_boot sb;
	struct certificate ours;
	char *certificate; /* its file */
	struct troubled unsigned_ones, strange, ours_unknown, waiting;
};

static void troubled_done(struct troubled *t)
{
	strv_done(&t->names);
	free(t->signer);
}

static void clean_findings(struct findings *x)
{
	secure_boot_done(&x->sb);
	certificate_done(&x->ours);
	free(x->certificate);
	troubled_done(&x->unsigned_ones);
	troubled_done(&x->strange);
	troubled_done(&x->ours_unknown);
	troubled_done(&x->waiting);
}

static void add_trouble(struct troubled *t, const struct step *s, const char *signer)
{
	CLEAN(free) char *name = xasprintf("%s/%s", s->module, s->version);

	if (!strv_has(&t->names, name))
		strv_take(&t->names, TAKE_PTR(name));
	if (!t->signer && signer)
		t->signer = xstrdup(signer);
}

static void judge_file(struct findings *x, const struct step *s, const char *path)
{
	CLEAN(module_info) struct module_info mi = { 0 };

	if (module_file_info(path, &mi, NULL) < 0)
		return;
	if (!mi.sig_key) {
		add_trouble(&x->unsigned_ones, s, NULL);
		return;
	}
	switch (secure_boot_knows(&x->sb, mi.signer, mi.sig_key, &x->ours)) {
	case ENROLMENT_NONE:
		add_trouble(certificate_signed(&x->ours, mi.signer, mi.sig_key) ? &x->ours_unknown
										: &x->strange,
			    s, mi.signer);
		break;
	case ENROLMENT_WAITS:
		add_trouble(&x->waiting, s, NULL);
		break;
	default:
		break;
	}
}

static bool was_installed(const struct step *s)
{
	return s->kind == STEP_INSTALL && s->state == STEP_DONE;
}

static void judge_step(const struct app *app, struct findings *x, const struct step *s)
{
	const struct layout l = { app->dkms_tree, s->module, s->version, s->kernel, s->arch };
	CLEAN(free) char *dir = layout_built_files(&l);
	CLEAN(strv) struct strv names = { 0 };

	dir_list(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (strstr(names.items[i], ".ko"))
			judge_file(x, s, path);
	}
}

char *enrolment_certificate(const struct app *app, const char *kernel, const char *arch)
{
	CLEAN(kernel) struct kernel k = { 0 };
	CLEAN(signer) struct signer signer = { 0 };
	struct sign_request rq = {
		.framework = &app->framework,
		.distro = &app->distro,
		.kernel = kernel,
		.install_tree = app->install_tree,
		.environment = &app->environment,
	};

	kernel_init(&k, kernel, arch, app->install_tree, app->rq.kernel_source_dir,
		    app->rq.config_file);
	rq.kconfig = kernel_config(&k);
	rq.kernel_source_dir = k.source_dir;
	signer_find_key(&rq, &signer);
	return TAKE_PTR(signer.certificate);
}

/* "hello/1.0, foo/2 and 3 more" */
static char *list_names(const struct troubled *t)
{
	enum { SHOWN = 3 };
	CLEAN(buf) struct buf b = { 0 };

	for (size_t i = 0; i < t->names.n && i < SHOWN; i++)
		buf_add_fmt(&b, "%s%s", i ? ", " : "", t->names.items[i]);
	if (t->names.n > SHOWN)
		buf_add_fmt(&b, " and %zu more", t->names.n - SHOWN);
	return buf_take(&b);
}

static void warn_of(const struct app *app, const struct troubled *t, const char *before,
		    const char *after, const char *hint)
{
	CLEAN(free) char *names = NULL, *text = NULL;

	if (t->names.n == 0)
		return;
	names = list_names(t);
	text = xasprintf("%s%s%s", before, names, after);
	report_warning(&app->report, text, hint);
}

static void tell_findings(const struct app *app, const struct findings *x)
{
	CLEAN(free)
	char *enrol = xasprintf(
		"enrol it before the reboot: mokutil --import %s ('dkms generate_mok' tells "
		"all the steps)",
		x->certificate);
	CLEAN(free)
	char *ask = xasprintf("enrol the certificate of '%s': mokutil --import FILE, then reboot",
			      x->strange.signer ? x->strange.signer : "whoever signed it");

	warn_of(app, &x->unsigned_ones, "Secure Boot is on, and the kernel will refuse to load ",
		": not signed", "see dkms(8), SIGNING");
	warn_of(app, &x->ours_unknown, "Secure Boot is on, and the kernel will refuse to load ",
		": the certificate of the key that signed is not enrolled", enrol);
	warn_of(app, &x->strange, "Secure Boot is on, and the kernel will refuse to load ",
		": signed with a key whose certificate is not enrolled", ask);
	warn_of(app, &x->waiting, "Secure Boot is on, and the kernel will refuse to load ",
		" until the certificate's enrolment, which was asked for, is confirmed",
		"reboot, and at the blue screen choose Enroll MOK, Continue, Yes; the password is "
		"that of mokutil");
}

void enrolment_warn(const struct app *app, const struct plan *plan)
{
	CLEAN(findings) struct findings x = { 0 };

	for (size_t i = 0; i < plan->n; i++) {
		const struct step *s = &plan->steps[i];

		if (!was_installed(s))
			continue;
		if (!x.certificate) {
			secure_boot_read(&x.sb);
			if (!secure_boot_refuses(&x.sb) ||
			    (app->framework.try_sign_modules != SIGN_ALWAYS &&
			     chroot_detect(&app->environment)))
				return;
			x.certificate = enrolment_certificate(app, s->kernel, s->arch);
			certificate_load(x.certificate, &x.ours);
		}
		judge_step(app, &x, s);
	}
	tell_findings(app, &x);
}

/* the guide -------------------------------------------------------------------------------------
 */

static void tell_steps(const struct app *app, const char *certificate, enum enrolment e)
{
	CLEAN(free) char *tool = run_find("mokutil", &app->environment);
	CLEAN(free) char *command = tool ? NULL : distro_install_command(&app->distro, "mokutil");
	int n = 1;

	if (e == ENROLMENT_NONE && !tool)
		report_line(&app->report, "  %d. install mokutil%s%s", n++, command ? ": " : "",
			    command ? command : "");
	if (e == ENROLMENT_NONE)
		report_line(&app->report,
			    "  %d. mokutil --import %s  (asks twice for a password, which is for "
			    "step %d)",
			    n, certificate, n + 2);
	n += e == ENROLMENT_NONE;
	report_line(&app->report, "  %d. reboot; at the blue screen press a key within ten seconds",
		    n++);
	report_line(&app->report,
		    "  %d. choose Enroll MOK, Continue, Yes, type the password%s, choose Reboot",
		    n++, e == ENROLMENT_WAITS ? " that mokutil was given" : "");
	report_line(&app->report, "  %d. see that it is enrolled: mokutil --test-key %s", n,
		    certificate);
}

void enrolment_guide(const struct app *app, const char *certificate)
{
	CLEAN(secure_boot) struct secure_boot sb = { 0 };
	CLEAN(certificate) struct certificate c = { 0 };
	CLEAN(free) char *state = NULL;
	enum enrolment e = ENROLMENT_UNKNOWN;

	secure_boot_read(&sb);
	if (sb.is_efi && certificate_load(certificate, &c))
		e = secure_boot_knows(&sb, c.issuer, c.serial, &c);
	if (app->report.document) {
		struct json *j = document_writer(app->report.document);

		enrolment_document(&sb, j);
		json_string(j, "certificate", certificate);
		json_string(j, "enrolment", enrolment_word(e));
	}
	if (!sb.is_efi)
		return;
	state = enrolment_state(&sb);
	report_line(&app->report, "Secure Boot: %s; the certificate: %s", state,
		    enrolment_word(e) ? enrolment_word(e) : "not known");
	if (sb.is_on && (e == ENROLMENT_NONE || e == ENROLMENT_WAITS))
		tell_steps(app, certificate, e);
}
