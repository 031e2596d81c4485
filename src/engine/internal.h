/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DKMS_ENGINE_INTERNAL_H
#define DKMS_ENGINE_INTERNAL_H

#include "core/conf.h"
#include "core/errlog.h"
#include "core/layout.h"
#include "engine/engine.h"
#include "sys/conf_load.h"
#include "sys/kernel.h"
#include "sys/turn.h"

/*
 * Inside the engine: the state of one run, and the functions that carry out one step each.
 */
struct engine {
	const struct engine_setup *setup;
	struct plan *plan;
	struct kernel **kernels; /* what was read of the kernels so far */
	size_t n_kernels;
	struct kernel_framework *frameworks; /* what framework.conf says for them */
	size_t n_frameworks;
	struct builds *builds; /* what runs beside it */
	struct turn scripts;   /* one at a time, of builds too */
	struct strv told; /* what was said of confs */
	struct installed *installed; /* engine/manifests.h */
	size_t n_installed;
	struct preparation *preparations; /* kernel trees that were never built */
	size_t n_preparations;
	struct tool *tools; /* what they say that they are */
	size_t n_tools;
};

/* What is known of kernel release/arch; read once per run. Belongs to the engine. */
struct kernel *engine_kernel(struct engine *e, const char *release, const char *arch);
/*
 * What framework.conf says for a kernel: in its files $kernelver is the kernel that is worked on, though places like
 * the dkms tree are settled with the running one. Belongs to the engine.
 */
const struct framework *engine_framework(struct engine *e, const char *release);
/* What a command says that it is (sys/toolchain.h), asked once in a run; NULL: nothing. Belongs to the engine. */
const char *engine_tool(struct engine *e, const char *command);
/* Where things are for a step. */
struct layout engine_layout(const struct engine *e, const struct step *s);
/* The directory whose dkms.conf counts for a step: what an add copies from, else the source link, else where the source
 * would be; caller frees. */
char *engine_source_dir(const struct engine *e, const struct step *s);
/*
 * Reads the conf for a step, with the overrides of its kernel; kernel NULL: the running one's names.
 * 0 also for an invalid one: look at ret->errors.
 */
int engine_conf(struct engine *e, const struct step *s, struct conf *ret, struct fail *f);
/* The same, but an invalid conf is -E_BAD_CONF with all complaints in f; duplicates count. */
int engine_valid_conf(struct engine *e, const struct step *s, struct conf *ret, struct fail *f);
/* The same; trace (or NULL) gets what it rests on. */
int engine_traced_conf(struct engine *e, const struct step *s, struct conf_trace *trace, struct conf *ret,
		       struct fail *f);
/* Says c's warnings, each once in a run, however many kernels it is read for. */
void engine_conf_warnings(struct engine *e, const struct step *s, const struct conf *c);
/* Reads one module of the dkms tree anew. */
int engine_look(const struct engine *e, const char *module, struct snapshot *ret, struct fail *f);

void engine_warn(const struct engine *e, const struct step *s, const char *text, const char *hint);
void engine_note(const struct engine *e, const struct step *s, const char *fmt, ...) PRINTF_LIKE(3, 4);
void engine_phase(const struct engine *e, const struct step *s, const char *what);

/* Runs one of the scripts that use the source directory. 0 also where it is not set or was not run. */
int engine_script(struct engine *e, const struct step *s, const struct conf *c, const char *kind,
		  const char *line, struct fail *f);

/*
 * Prepares a kernel tree that was never built (dkms(8)), once for all builds of the plan: what comes of it is the
 * kernel's source directory from then on. When it fails, *ret_log (the engine's) and ret_errors say more.
 */
struct toolchain;
int engine_prepare(struct engine *e, const struct step *s, struct kernel *k, const struct toolchain *t,
		   const char **ret_log, struct errlog *ret_errors, struct fail *f);
/* Finds the configuration of such a tree, for what is judged before. */
void engine_prepare_config(struct kernel *k);
void engine_prepare_done(struct engine *e);

/*
 * Puts another directory in the place of what is built for a step: a copy of `from` (NULL: of what is there), once
 * `finish` has had its way with it. Whole or not at all, whatever happens meanwhile.
 */
typedef int engine_finish(void *ctx, const char *stage, struct fail *f);
int engine_replace_built(struct engine *e, const struct step *s, const char *from, engine_finish *finish, void *ctx,
			 struct fail *f);

/* Writes what became of a step into it: 0 done, 1 nothing to do, else a negative code. */
void engine_set_result(struct step *s, int r);

/* Each returns 0 (STEP_DONE), 1 (STEP_NOTHING) or a negative code. */
int step_add(struct engine *e, struct step *s, struct fail *f);
int step_load(struct engine *e, struct step *s, struct fail *f);
int step_install(struct engine *e, struct step *s, struct fail *f);
int step_uninstall(struct engine *e, struct step *s, struct fail *f);
int step_unbuild(struct engine *e, struct step *s, struct fail *f);
int step_forget(struct engine *e, struct step *s, struct fail *f);
int step_depmod(struct engine *e, struct step *s, struct fail *f);
int step_sign(struct engine *e, struct step *s, struct fail *f);
int step_package(struct engine *e, struct step *s, struct fail *f);
int step_post_transaction(struct engine *e, struct step *s, struct fail *f);

/* Before the install tree of a kernel changes: should dkms die, the next one runs depmod for it. Taken back by the
 * depmod step. */
int engine_need_index(struct engine *e, const struct step *s, struct fail *f);
void engine_has_index(struct engine *e, const struct step *s);

#endif
