/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/boot_image.h"

#include <errno.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/layout.h"
#include "sys/initramfs.h"
#include "sys/install_tree.h"

/* One kernel's image. */
struct look {
	const struct app *app;
	const char *kernel;
	char *image;
	struct strv names, files; /* modules that came, and the built files that they are */
	struct initramfs in;
	struct strv older;
	const char *state; /* "current", "older", "updated", "update-failed", "unreadable" */
};

static void clean_look(struct look *k)
{
	free(k->image);
	strv_done(&k->names);
	strv_done(&k->files);
	initramfs_done(&k->in);
	strv_done(&k->older);
}

static bool came(const struct step *s, const char *kernel)
{
	return s->kind == STEP_INSTALL && s->state == STEP_DONE &&
	       (!kernel || str_eq(s->kernel, kernel));
}

static void list_modules(struct look *k, const struct step *s)
{
	const struct layout l = { k->app->dkms_tree, s->module, s->version, s->kernel, s->arch };
	CLEAN(free) char *dir = layout_built_files(&l);
	CLEAN(strv) struct strv files = { 0 };

	dir_list(dir, &files);
	for (size_t i = 0; i < files.n; i++) {
		char *name = module_file_stem(files.items[i]);

		if (!name)
			continue;
		strv_take(&k->names, name);
		strv_take(&k->files, path_join(dir, files.items[i]));
	}
}

/* Is it there, and none of the copies what was built? */
static bool is_other(const struct look *k, size_t i)
{
	CLEAN(module_copy) struct module_copy ours = { 0 };
	bool found = false;

	for (size_t c = 0; c < k->in.n; c++)
		found = found || str_eq(k->in.copies[c].name, k->names.items[i]);
	if (!found || !module_copy_load(k->files.items[i], &ours))
		return false;
	for (size_t c = 0; c < k->in.n; c++)
		if (str_eq(k->in.copies[c].name, k->names.items[i]) &&
		    module_copy_same(&k->in.copies[c], &ours))
			return false;
	return true;
}

/* A module that was left out, for a newer one that is there, is none that the image should have. */
static bool is_installed(const struct look *k, size_t i)
{
	CLEAN(free) char *dir = path_join(k->app->install_tree, k->kernel);
	CLEAN(strv) struct strv there = { 0 };

	module_files_below(dir, k->names.items[i], &there);
	for (size_t n = 0; n < there.n; n++)
		if (file_same(there.items[n], k->files.items[i]) == 1)
			return true;
	/* links of symlink_modules are no regular files */
	return k->app->rq.symlink_modules || k->app->framework.symlink_modules;
}

static void warn(const struct look *k)
{
	CLEAN(free)
	char *names = strv_join(&k->older, ", "),
	     *words = NULL, *text = NULL, *hint = NULL;
	CLEAN(strv) struct strv command = { 0 };

	text = xasprintf(
		"'%s' still has another %s, which is loaded at boot instead of what was installed",
		k->image, names);
	if (initramfs_command(k->image, k->kernel, &k->app->environment, &command)) {
		words = strv_join(&command, " ");
		hint = xasprintf("make it anew: %s (initramfs=update in framework.conf does that)",
				 words);
	}
	report_warning(&k->app->report, text, hint);
}

static bool is_set_to(const struct look *k, const char *what)
{
	return str_eq(k->app->framework.initramfs, what);
}

static void update(struct look *k)
{
	CLEAN(fail) struct fail why = { 0 };

	if (initramfs_update(k->image, k->kernel, &k->app->environment, &why) < 0) {
		k->state = "update-failed";
		report_warning(&k->app->report, why.text, why.hint);
		return;
	}
	k->state = "updated";
	report_line(&k->app->report, "the initramfs of kernel %s was made anew", k->kernel);
}

static void judge(struct look *k)
{
	k->state = "current";
	if (initramfs_read(k->image, k->kernel, &k->names, &k->app->environment, &k->in, NULL) < 0)
		k->state = "unreadable";
	for (size_t i = 0; i < k->names.n; i++)
		if (is_other(k, i) && is_installed(k, i))
			strv_add(&k->older, k->names.items[i]);
	if (k->older.n)
		k->state = "older";
	/* what cannot be told may be old */
	if (is_set_to(k, "update") && !str_eq(k->state, "current"))
		update(k);
	else if (k->older.n)
		warn(k);
}

static void document(const struct look *k)
{
	struct json *j = document_writer(k->app->report.document);

	json_object(j, NULL);
	json_string(j, "kernel", k->kernel);
	json_string(j, "image", k->image);
	json_string(j, "state", k->state);
	json_strings(j, "older", &k->older);
	json_end(j);
}

static void check_kernel(const struct app *app, const struct plan *plan, const char *kernel)
{
	CLEAN(look)
	struct look k = { .app = app, .kernel = kernel, .image = initramfs_find(kernel) };

	if (!k.image)
		return;
	for (size_t i = 0; i < plan->n; i++)
		if (came(&plan->steps[i], kernel))
			list_modules(&k, &plan->steps[i]);
	judge(&k);
	if (app->report.document)
		document(&k);
}

static bool is_wanted(const struct app *app)
{
	return (str_eq(app->install_tree, "/lib/modules") ||
		str_eq(app->install_tree, "/usr/lib/modules")) &&
	       !str_eq(app->framework.initramfs, "off") &&
	       str_is_empty(env_get(&app->environment, "DKMS_INITRAMFS_FOLLOWS"));
}

void boot_image_check(const struct app *app, const struct plan *plan)
{
	CLEAN(strv) struct strv seen = { 0 };

	if (app->report.document)
		json_array(document_writer(app->report.document), "initramfs");
	for (size_t i = 0; i < plan->n && is_wanted(app); i++) {
		const struct step *s = &plan->steps[i];

		if (!came(s, NULL) || strv_has(&seen, s->kernel))
			continue;
		strv_add(&seen, s->kernel);
		check_kernel(app, plan, s->kernel);
	}
	if (app->report.document)
		json_end(document_writer(app->report.document));
}
