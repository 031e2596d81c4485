/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/changes.h"

#include "base/mem.h"
#include "sys/inputs.h"
#include "sys/kernel.h"
#include "sys/manifest_file.h"

void app_warn_of_changes(const struct app *app, const struct layout *l, struct kernel *k)
{
	const struct strv none = { 0 };
	CLEAN(free) char *built = layout_built(l), *record = manifest_read_record(built), *source = layout_source(l);
	CLEAN(free) char *text = NULL, *hint = NULL;
	bool is_other_source = inputs_source_changed(
		&(struct inputs){ source, NULL, app->etc_dir, l->module, &none }, record);
	bool is_other_kernel = inputs_kernel_changed(k, record);

	if (!is_other_source && !is_other_kernel)
		return;
	text = xasprintf("%s/%s is installed for kernel %s (%s), but since it was built %s%s%s", l->module, l->version,
			 l->kernel, l->arch, is_other_source ? "its source has changed under the same version" : "",
			 is_other_source && is_other_kernel ? ", and " : "",
			 is_other_kernel ? "the kernel's headers have changed under the same release" : "");
	hint = xasprintf("it is left alone; to build it again: dkms build %s/%s -k %s --force, then dkms "
			 "install --force", l->module, l->version, l->kernel);
	report_warning(&app->report, text, hint);
}
