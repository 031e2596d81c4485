/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_manifest.h"

#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/build_record.h"
#include "sys/build_launcher.h"
#include "sys/digest.h"
#include "sys/inputs.h"
#include "sys/manifest_file.h"

static void add_time(struct buf *record)
{
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	build_record_add(record, "time", text);
}

void build_manifest_begin(struct build *b)
{
	const struct build_job *job = b->job;
	CLEAN(free) char *toolchain = NULL;

	if (!job->trace)
		return;
	buf_reset(&b->record);
	build_record_add(&b->record, "dkms", DKMS_VERSION);
	add_time(&b->record);
	inputs_of_module(&(struct inputs){ b->source, job->conf_file, job->etc_dir, b->at.module,
					   &job->trace->overrides },
			 &b->record);
	buf_add_str(&b->record, inputs_of_kernel(job->kernel));
	if (job->toolchain)
		toolchain = toolchain_identity(job->toolchain, job->environment);
	build_record_add(&b->record, "toolchain", toolchain);
	if (job->conf_file)
		build_record_add(&b->record, "conf_file", job->conf_file);
	for (size_t i = 0; job->directives && i < job->directives->n; i++)
		build_record_add(&b->record, "directive", job->directives->items[i]);
}

void build_manifest_compiler(struct build *b, const char *module_path)
{
	CLEAN(free) char *known = build_record_get(buf_str(&b->record), "compiler", 0);
	CLEAN(free) char *compiler = known ? NULL : inputs_compiler(module_path);

	if (compiler)
		build_record_add(&b->record, "compiler", compiler);
}

void build_manifest_write(struct build *b)
{
	const struct build_job *job = b->job;
	struct manifest_facts facts = {
		.built = b->stage,
		.conf = job->conf,
		.exclusion = job->exclusion,
		.trace = job->trace,
		.kernel = job->kernel,
		.distro_dest = job->distro ? job->distro->dest : NULL,
		.is_passing = job->is_installed_next,
	};
	CLEAN(free) char *outputs = NULL;

	if (!job->trace)
		return;
	inputs_of_command(job->conf, job->kernel, b->build_dir, &b->record);
	if (job->signer && job->signer->method != SIGN_OFF)
		build_record_add(&b->record, "signer", job->signer->certificate);
	if (build_launcher_was_used(b))
		build_record_add(&b->record, "launcher", b->launch.launcher.name);
	outputs = path_join(b->stage, "module");
	manifest_add_outputs(&b->record, outputs);
	facts.record = buf_str(&b->record);
	manifest_write(&facts);
}
