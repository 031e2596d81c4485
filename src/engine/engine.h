/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_ENGINE_H
#define DKMS_ENGINE_ENGINE_H

#include "core/distro.h"
#include "core/observer.h"
#include "core/package.h"
#include "core/plan.h"
#include "sys/framework.h"

/*
 * All that carrying out a plan needs to know of this run. Everything is borrowed from the caller and
 * stays unchanged.
 */
struct engine_setup {
	const char *dkms_tree, *source_tree, *install_tree, *tmp_location;
	const char *etc_dir; /* "/etc/dkms" */
	const struct framework *framework;
	const struct distro *distro;
	const struct strv *environment; /* what dkms was started with */
	const struct strv *directives;
	const char *conf_file;         /* -c, or NULL */
	const char *config_file;       /* --config, or NULL */
	const char *kernel_source_dir; /* --kernelsourcedir, or NULL */
	const char *running_kernel;
	int jobs;
	bool force_version_override;
	bool rpm_safe_upgrade; /* installs act as with --force */
	const struct strv *force_install; /* names to install as with --force, or, with _version-override behind,
					   * without comparing versions; from /usr/share/dkms */
	bool symlink_modules, no_depmod, modprobe_on_install;
	bool quiet, debug;
	const struct observer *observer;
	struct package_order *order; /* for STEP_PACKAGE; gets the files that were made */
};

/*
 * Carries out a plan, step by step, as its waits allow. What became of each step is in the plan
 * afterwards. 0, or -ECANCELED when a signal ended it (steps that did not run are STEP_CANCELLED).
 */
int engine_run(const struct engine_setup *setup, struct plan *plan, struct fail *f);

#endif
