/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/build_sandbox.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "core/outcome.h"
#include "sys/build_launcher.h"
#include "sys/build_limits.h"
#include "sys/build_user.h"
#include "sys/orphans.h"
#include "sys/sandbox_full.h"
#include "sys/sandbox_view.h"
#include "sys/tree_own.h"

enum { DISK_SHARE = 16, DISK_FLOOR_MAX = 256 << 20 };

/* settings -------------------------------------------------------------------------------------- */

static char *setting_line(const struct build *b, const char *value)
{
	return xasprintf("to settle it, put BUILD_SANDBOX=\"%s\" into %s.conf (or build_sandbox=\"%s\" into "
			 "framework.conf, for all modules)",
			 value, b->override_dir, value);
}

static enum sandbox_mode choose_mode(const struct build *b)
{
	const struct framework *fw = b->job->framework;
	const char *word = b->job->conf->build_sandbox;
	enum sandbox_mode mode = SANDBOX_AUTO;

	if (geteuid() != 0)
		return SANDBOX_OFF;
	if (!word && fw)
		word = fw->build_sandbox;
	if (word && !sandbox_mode_parse(word, &mode))
		build_warn_once(b, NULL, "build_sandbox is '%s', not auto, strict or off", word);
	return mode;
}

/* The links at the top of the headers' directory lead to their other halves. */
static void reach_headers(struct build *b, const char *dir)
{
	CLEAN(strv) struct strv names = { 0 };

	strv_add(&b->box.reach, dir);
	if (dir_list(dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (path_is_link(path))
			strv_take(&b->box.reach, TAKE_PTR(path));
	}
}

static void fill_reach(struct build *b)
{
	const struct build_job *job = b->job;
	CLEAN(free) char *kernel = path_join(job->install_tree, b->at.kernel);
	const char *path = env_get(job->environment, "PATH");
	const char *const paths[] = { job->dkms_tree, job->source_tree, b->source,
				      b->override_dir, job->install_tree };

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (paths[i])
			strv_add(&b->box.reach, paths[i]);
	strv_add_fmt(&b->box.reach, "%s/build", kernel);
	strv_add_fmt(&b->box.reach, "%s/source", kernel);
	reach_headers(b, job->kernel->source_dir);
	if (job->kernel->bare_dir)
		strv_add(&b->box.reach, job->kernel->bare_dir);
	strv_split(&b->box.reach_too, path ? path : "", ":");
	if (job->jobs_fifo)
		strv_add(&b->box.reach_too, job->jobs_fifo);
}

void build_sandbox_secrets(const struct framework *fw, const char *key, struct strv *ret)
{
	const char *const keys[] = { key, fw ? fw->mok_signing_key : NULL, "/var/lib/dkms/mok.key",
				     "/var/lib/shim-signed/mok/MOK.priv" };

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		CLEAN(free) char *real = keys[i] && keys[i][0] == '/' ? realpath(keys[i], NULL) : NULL;

		if (real && !strv_has(ret, real))
			strv_add(ret, real);
	}
}

void build_sandbox_prepare(struct build *b)
{
	const struct framework *fw = b->job->framework;
	struct build_box *box = &b->box;
	CLEAN(fail) struct fail f = { 0 };

	box->mode = choose_mode(b);
	if (box->mode == SANDBOX_OFF)
		return;
	if (!build_user_choose(fw ? fw->build_user : NULL, &box->uid, &box->gid))
		build_warn_once(b, NULL, "build_user '%s' is no user but root; another one builds",
				fw->build_user);
	if (build_limits_parse(fw ? fw->build_limits : NULL, box->limits, COUNT_OF(box->limits),
			       &box->n_limits, &f) < 0)
		build_warn_once(b, NULL, "%s", f.text);
	fill_reach(b);
	build_sandbox_secrets(fw, b->job->signer ? b->job->signer->key : NULL, &box->hide);
}

void build_sandbox_let_write(struct build *b, const char *dir)
{
	if (b->box.mode != SANDBOX_OFF)
		strv_add(&b->box.grants.write, dir);
}

void build_sandbox_let_connect(struct build *b, const char *text)
{
	CLEAN(strv) struct strv bad = { 0 };
	CLEAN(free) char *words = NULL;

	if (b->box.mode == SANDBOX_OFF)
		return;
	sandbox_net_parse(text, &b->box.net, &bad);
	strv_add_all(&b->box.reach_too, &b->box.net.sockets);
	words = strv_join(&bad, " ");
	if (bad.n)
		build_warn_once(b, NULL, "build_launcher_network has what is no address and no host that is known: %s",
				words);
}

bool build_sandbox_has_user(const struct build *b)
{
	const struct sandbox_rules *r = &b->box.sandbox.rules;

	return b->box.is_open && (r->parts & SANDBOX_USER) && !r->as_root;
}

/* How much must stay free where it may write: some, but not more than a part of what was free before. */
static void measure_disks(struct build_box *box, const char *build_dir)
{
	strv_done(&box->disks);
	strv_add(&box->disks, build_dir);
	strv_add_all(&box->disks, &box->grants.write);
	box->floors = xreallocarray(box->floors, box->disks.n, sizeof(*box->floors));
	for (size_t i = 0; i < box->disks.n; i++) {
		struct statvfs fs;
		uint64_t part = 0;

		if (statvfs(box->disks.items[i], &fs) == 0)
			part = (uint64_t)fs.f_bavail * fs.f_frsize / DISK_SHARE;
		box->floors[i] = part < DISK_FLOOR_MAX ? part : DISK_FLOOR_MAX;
	}
}

void build_sandbox_done(struct build *b)
{
	sandbox_close(&b->box.sandbox);
	strv_done(&b->box.reach);
	strv_done(&b->box.reach_too);
	strv_done(&b->box.hide);
	strv_done(&b->box.disks);
	sandbox_net_done(&b->box.net);
	free(b->box.floors);
	sandbox_grants_done(&b->box.grants);
	denials_done(&b->box.denied);
	denials_done(&b->box.filled);
}

/* entering and leaving -------------------------------------------------------------------------- */

static int go_without(struct build *b, int err, const char *missing, struct fail *f)
{
	if (b->box.mode == SANDBOX_STRICT) {
		fail_set(f, err < 0 ? err : -EPERM, "the sandbox that build_sandbox asks for cannot be made: %s",
			 missing);
		fail_hint(f, "BUILD_SANDBOX=\"auto\" in %s.conf builds with what can be had", b->override_dir);
		return f->code;
	}
	if (err < 0)
		build_warn_once(b, NULL, "modules are built without a sandbox here: %s", missing);
	else
		build_warn_once(b, NULL, "modules are built in less of a sandbox here: %s", missing);
	return 0;
}

static void own_build_dir(struct build *b, uid_t uid, gid_t gid)
{
	int r = tree_own(b->build_dir, uid, gid);

	/* the log too when a build has moved it */
	if (b->log.fd >= 0 && fchown(b->log.fd, uid, gid) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		build_warn(b, NULL, "cannot change the owner of what is in '%s': %s", b->build_dir,
			   strerror(-r));
	b->box.is_owned = uid != 0;
}

int build_sandbox_enter(struct build *b, struct fail *f)
{
	struct build_box *box = &b->box;
	const struct sandbox_rules rules = {
		.parts = SANDBOX_ALL,
		.uid = box->uid,
		.gid = box->gid,
		.as_root = box->grants.as_root,
		.build_dir = b->build_dir,
		.reach = &box->reach,
		.reach_too = &box->reach_too,
		.write = &box->grants.write,
		.hide = &box->hide,
		.net = build_launcher_cc(b) ? &box->net : NULL,
		.has_loopback = build_launcher_has_server(b),
		.limits = box->limits,
		.n_limits = box->n_limits,
	};
	CLEAN(free) char *missing = NULL;
	int r;

	if (box->mode == SANDBOX_OFF)
		return 0;
	for (size_t i = 0; i < box->grants.read.n; i++)
		if (!strv_has(&box->reach_too, box->grants.read.items[i]))
			strv_add(&box->reach_too, box->grants.read.items[i]);
	denials_done(&box->denied);
	denials_done(&box->filled);
	box->adopts = true;
	orphans_adopt();
	measure_disks(box, b->build_dir);
	r = sandbox_open(&box->sandbox, &rules, &missing);
	box->is_open = r == 0;
	if (missing || r < 0)
		r = go_without(b, r, missing ? missing : strerror(-r), f);
	if (r < 0 || !box->is_open)
		return r;
	if ((box->sandbox.rules.parts & SANDBOX_USER) && !rules.as_root)
		own_build_dir(b, box->uid, box->gid);
	return 0;
}

static bool is_let_in(const struct build_box *box, const char *path)
{
	for (size_t i = 0; i < box->grants.write.n; i++)
		if (path_is_below(path, box->grants.write.items[i]))
			return true;
	return false;
}

/* What an empty place lacks counts if it is there outside. The place itself is never let in: it is replaced. */
static bool is_really_hidden(const struct build_box *box, struct denial *d)
{
	unsigned bits = d->kind == DENIED_WRITE ? 2 : 4;
	struct stat st;

	if (!d->let_in || stat(d->let_in, &st) < 0)
		return false;
	if (sandbox_is_place(d->let_in)) {
		free(TAKE_PTR(d->let_in));
		return true;
	}
	d->needs_root = st.st_uid != box->uid && !(st.st_mode & bits);
	/* in what is let in it was only not there yet */
	return d->needs_root || !is_let_in(box, d->let_in);
}

static void collect_denials(struct build *b)
{
	CLEAN(denials) struct denials all = { 0 };

	sandbox_denied(&b->box.sandbox, &all);
	for (size_t i = 0; i < all.n; i++)
		if (!all.items[i].is_hidden || is_really_hidden(&b->box, &all.items[i]))
			denials_take(&b->box.denied, &all.items[i]);
}

void build_sandbox_look(struct build *b)
{
	if (b->box.is_open)
		sandbox_full_places(&b->box.sandbox, &b->box.filled);
}

/* It failed, with `status` if that is known: now it matters what was full. */
static void collect_filled(struct build *b, int status)
{
	struct build_box *box = &b->box;

	for (size_t i = 0; i < box->filled.n; i++)
		denials_take(&box->denied, &box->filled.items[i]);
	denials_done(&box->filled);
	if (!denials_have(&box->denied, DENIED_SIZE))
		sandbox_full_files(&box->sandbox, status, &box->denied);
}

static void clear_build_dir(const struct build *b)
{
	CLEAN(strv) struct strv names = { 0 };

	dir_list(b->build_dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(b->build_dir, names.items[i]);

		if (!str_eq(names.items[i], "make.log"))
			tree_remove(path);
	}
}

/* A launcher's own server has nobody else to end it. */
static void drop_server(const struct build *b, struct strv *left)
{
	const char *name = build_launcher_has_server(b) ? b->launch.launcher.name : NULL;
	struct strv others = { 0 };

	for (size_t i = 0; i < left->n; i++)
		if (!str_eq(left->items[i], name))
			strv_add(&others, left->items[i]);
	strv_done(left);
	*left = others;
}

/* What may be changed for it not to be denied next time; caller frees. */
static char *settling_hint(const struct build *b)
{
	bool is_network = build_launcher_was_used(b);

	for (size_t i = 0; i < b->box.denied.n; i++)
		is_network &= b->box.denied.items[i].kind == DENIED_NETWORK;
	return is_network ? xasprintf("if it is %s that needs it, name it in build_launcher_network of framework.conf",
				      b->launch.launcher.name)
			  : setting_line(b, "off");
}

/* With the sandbox, or where it has no PID namespace or there is none by ourselves. */
static void end_left(struct build *b, int r)
{
	CLEAN(strv) struct strv left = { 0 };
	CLEAN(free) char *names = NULL;
	struct build_box *box = &b->box;

	sandbox_end(&box->sandbox, &left);
	box->is_open = false;
	if (box->adopts)
		orphans_end(&left);
	box->adopts = false;
	/* not before: that counts our children */
	sandbox_let_go(&box->sandbox);
	drop_server(b, &left);
	if (left.n && r != -ECANCELED) {
		names = strv_join(&left, ", ");
		build_warn(b, NULL, "the build of %s/%s left processes running, which were ended: %s",
			   b->at.module, b->at.version, names);
	}
}

void build_sandbox_leave(struct build *b, int r)
{
	struct build_box *box = &b->box;

	box->was_open = box->is_open;
	if (box->was_open)
		collect_denials(b);
	/* it may still turn out to have made nothing */
	if (r == 0)
		build_sandbox_look(b);
	end_left(b, r);
	if (!box->was_open)
		return;
	if (box->is_disk_full)
		clear_build_dir(b);
	if (r < 0 || b->job->conf->post_build)
		build_sandbox_give_back(b);
	else if (box->is_owned && fchown(b->log.fd, 0, 0) < 0)
		build_warn(b, NULL, "cannot change the owner of the log: %s", strerror(errno));
	if (r == 0 && box->denied.n) {
		CLEAN(free) char *text = denials_text(&box->denied), *hint = settling_hint(b);

		build_warn(b, hint, "the sandbox kept the build of %s/%s from %s", b->at.module,
			   b->at.version, text);
	}
}

void build_sandbox_give_back(struct build *b)
{
	if (b->box.is_owned)
		own_build_dir(b, 0, 0);
}

/* Failures that a denial can be the reason of. */
static bool is_of_commands(int code)
{
	return code == -E_MAKE_FAILED || code == -E_PATCH_FAILED || code == -E_NO_RESULT ||
	       code == -E_SCRIPT_DIR || code < -E_SCRIPT;
}

/* What lets it do what it was kept from; caller frees. */
static char *failure_hint(const struct build *b)
{
	static const char files[] = "a larger fsize in build_limits of framework.conf allows larger files";
	const struct denials *denied = &b->box.denied;
	CLEAN(free) char *line = setting_line(b, "off");
	size_t n = 0;

	for (size_t i = 0; i < denied->n; i++)
		n += denied->items[i].kind == DENIED_SIZE;
	if (n == 0)
		return TAKE_PTR(line);
	return n == denied->n ? xstrdup(files) : xasprintf("%s; %s", files, line);
}

bool build_sandbox_may_retry(struct build *b, const struct fail *why)
{
	struct build_box *box = &b->box;
	CLEAN(free) char *text = NULL, *hint = NULL;

	if (why->code == -E_NO_RESULT && box->was_open)
		collect_filled(b, 0);
	text = denials_text(&box->denied);
	if (!text || (!is_of_commands(why->code) && !box->is_disk_full))
		return false;
	hint = failure_hint(b);
	if (box->is_disk_full) {
		build_warn(b, hint, "the sandbox kept the build of %s/%s from %s", b->at.module, b->at.version,
			   text);
		return false;
	}
	if (box->mode == SANDBOX_AUTO && sandbox_next_try(&box->denied, &box->grants)) {
		build_warn(b, hint,
			   "the sandbox kept the build of %s/%s from %s, and it failed: it is tried again with "
			   "that allowed%s",
			   b->at.module, b->at.version, text, box->grants.as_root ? ", as root" : "");
		return true;
	}
	build_warn(b, hint, "the sandbox kept the build of %s/%s from %s, which may be why it failed",
		   b->at.module, b->at.version, text);
	return false;
}

int build_sandbox_give_up(struct build *b, struct fail *f)
{
	CLEAN(fail) struct fail why = { 0 };
	int err = f ? f->code : -EPERM;

	if (f)
		fail_move(&why, f);
	sandbox_close(&b->box.sandbox);
	b->box.is_open = false;
	build_sandbox_give_back(b);
	b->box.mode = b->box.mode == SANDBOX_STRICT ? SANDBOX_STRICT : SANDBOX_OFF;
	return go_without(b, err, why.text ? why.text : "it cannot be entered", f);
}

/* commands -------------------------------------------------------------------------------------- */

void build_sandbox_environment(const struct sandbox *s, struct strv *env)
{
	static const char *const temporary[] = { "TMPDIR", "TMP", "TEMP" };

	/* root's is closed to the build user, and what tools leave there is not wanted */
	env_set(env, "HOME", "/tmp");
	env_unset(env, "KBUILD_SIGN_PIN");
	for (size_t i = 0; i < COUNT_OF(temporary); i++)
		if (env_get(env, temporary[i]) && (s->rules.parts & SANDBOX_MOUNTS))
			env_set(env, temporary[i], "/tmp");
}

void build_sandbox_place(struct build *b, struct run *r, struct strv *env)
{
	if (!b->box.is_open)
		return;
	sandbox_place(&b->box.sandbox, r);
	build_sandbox_environment(&b->box.sandbox, env);
}

bool build_sandbox_may_be_why(const struct build_log *log)
{
	static const char *const words[] = { "denied",	    "not permitted", "ead-only",
					     "No such file", "unreachable",   "resolv",
					     "not known",   "onnection" };
	CLEAN(buf) struct buf text = { 0 };
	CLEAN(errlog) struct errlog errors = { 0 };

	if (build_log_last(log, &text) < 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(buf_str(&text), words[i]))
			return true;
	errlog_find(buf_str(&text), text.len, &errors);
	return errors.lines.n == 0;
}

void build_sandbox_watch_again(struct sandbox *s, const struct run *r, int64_t usec)
{
	enum { MORE_MS = 5000 };
	struct run again = *r;
	struct run_result res = { 0 };

	s->is_thorough = true;
	again.out_fd = again.err_fd = RUN_NULL;
	again.timeout_ms = (unsigned)(usec / 1000 * 2) + MORE_MS;
	run_command(&again, &res, NULL);
	s->is_thorough = false;
}

void build_sandbox_inspect(struct build *b, const struct run *r, const struct run_result *res)
{
	struct build_box *box = &b->box;

	/* with a launcher: without that first */
	if (!box->is_open || box->is_disk_full || build_launcher_was_used(b))
		return;
	build_sandbox_look(b);
	collect_denials(b);
	if (!box->denied.n && build_sandbox_may_be_why(&b->log)) {
		build_sandbox_watch_again(&box->sandbox, r, res->usec);
		collect_denials(b);
	}
	/* last: what was full explains nothing that something else may have kept it from */
	collect_filled(b, res->status);
}

const char *build_full_disk(const struct build *b)
{
	const struct build_box *box = &b->box;
	struct statvfs fs;

	for (size_t i = 0; box->is_open && i < box->disks.n; i++)
		if (box->floors[i] > 0 && statvfs(box->disks.items[i], &fs) == 0 &&
		    (uint64_t)fs.f_bavail * fs.f_frsize < box->floors[i])
			return box->disks.items[i];
	return NULL;
}
