/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/framework.h"

#include <errno.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/conf_read.h"

/* Room for the largest real drivers, built for dozens of kernels. */
enum { ARCHIVE_SIZE_MIB = 4096, ARCHIVE_MEMBERS = 200000, STORE_SIZE_MIB = 1024 };

#define FRAMEWORK_NAME_TABLE(X)                                                                    \
	X(source_tree)                                                                             \
	X(dkms_tree)                                                                               \
	X(install_tree)                                                                            \
	X(tmp_location)                                                                            \
	X(verbose)                                                                                 \
	X(symlink_modules)                                                                         \
	X(modprobe_on_install)                                                                     \
	X(autoinstall_all_kernels)                                                                 \
	X(continue_on_error)                                                                       \
	X(parallel_jobs)                                                                           \
	X(compress_gzip_opts)                                                                      \
	X(compress_xz_opts)                                                                        \
	X(compress_zstd_opts)                                                                      \
	X(build_environment)                                                                       \
	X(post_transaction)                                                                        \
	X(sign_file)                                                                               \
	X(mok_signing_key)                                                                         \
	X(mok_certificate)                                                                         \
	X(try_sign_modules)                                                                        \
	X(build_user)                                                                              \
	X(build_sandbox)                                                                           \
	X(build_limits)                                                                            \
	X(build_store)                                                                             \
	X(build_store_size)                                                                        \
	X(build_launcher)                                                                          \
	X(build_launcher_dir)                                                                      \
	X(build_launcher_network)                                                                  \
	X(required_modules)                                                                        \
	X(initramfs)                                                                               \
	X(archive_max_size)                                                                        \
	X(archive_max_members)

enum framework_name {
#define FRAMEWORK_NAME_ENUM(name) FW_##name,
	FRAMEWORK_NAME_TABLE(FRAMEWORK_NAME_ENUM)
#undef FRAMEWORK_NAME_ENUM
		FW_COUNT,
};

static const char *const name_strings[] = {
#define FRAMEWORK_NAME_STRING(name) #name,
	FRAMEWORK_NAME_TABLE(FRAMEWORK_NAME_STRING)
#undef FRAMEWORK_NAME_STRING
};

static const struct conf_names framework_names = { name_strings, FW_COUNT };

/* These are taken from the environment where no file sets them (dkms(8), "Environment"). */
static const enum framework_name from_environment[] = {
	FW_parallel_jobs,    FW_sign_file,	     FW_mok_signing_key,   FW_mok_certificate,
	FW_try_sign_modules, FW_modprobe_on_install, FW_build_environment, FW_post_transaction,
};

static bool is_number(const char *s, size_t max_digits)
{
	size_t digits = strspn(s, "0123456789");

	return digits > 0 && digits <= max_digits && !s[digits];
}

enum { JOBS_DIGITS = 6, COUNT_DIGITS = 9 };

/* The settings that take only some values; any other is passed over, with a warning. */
static const struct checked {
	enum framework_name name;
	size_t digits;	   /* a number of up to as many; 0: one of words, in any case */
	const char *words; /* for people: what is accepted */
} checked[] = {
	{ FW_try_sign_modules, 0, "true, false or not_in_chroot" },
	{ FW_continue_on_error, 0, "true, yes, 1, false, no or 0" },
	{ FW_parallel_jobs, JOBS_DIGITS, "a number" },
	{ FW_build_store_size, COUNT_DIGITS, "a number of MiB" },
	{ FW_archive_max_size, COUNT_DIGITS, "a number of MiB" },
	{ FW_archive_max_members, COUNT_DIGITS, "a number" },
};

static bool accepts(const struct checked *c, const char *value)
{
	CLEAN(strv) struct strv words = { 0 };

	if (c->digits)
		return is_number(value, c->digits);
	strv_split(&words, c->words, ", ");
	for (size_t i = 0; i < words.n; i++)
		if (!str_eq(words.items[i], "or") && strcasecmp(words.items[i], value) == 0)
			return true;
	return false;
}

/* All files so far, and which of them each checked setting comes from. */
struct reading {
	struct conf_values *values;
	struct strv *warnings;
	char *set[COUNT_OF(checked)], *where[COUNT_OF(checked)];
};

static void clean_reading(struct reading *rd)
{
	for (size_t i = 0; i < COUNT_OF(checked); i++) {
		free(rd->set[i]);
		free(rd->where[i]);
	}
}

static void note_where(struct reading *rd, const char *where)
{
	for (size_t i = 0; i < COUNT_OF(checked); i++) {
		const char *now = conf_values_get(rd->values, checked[i].name, 0);

		if (str_eq(now, rd->set[i]))
			continue;
		str_set(&rd->set[i], now);
		str_set(&rd->where[i], where);
	}
}

static void check_settings(const struct reading *rd)
{
	for (size_t i = 0; i < COUNT_OF(checked); i++)
		if (!str_is_empty(rd->set[i]) && !accepts(&checked[i], rd->set[i]))
			strv_add_fmt(rd->warnings, "%s: %s is '%s', which is not %s; it is passed over", rd->where[i],
				     name_strings[checked[i].name], rd->set[i], checked[i].words);
}

static int read_one(const char *path, const struct conf_reader *reader, struct reading *rd, struct fail *f)
{
	int r;

	rd->values->has_left = false;
	r = conf_read_file(path, reader, rd->values, f);
	if (rd->values->has_left)
		strv_add_fmt(rd->warnings, "%s: it ends by exit, or by an error that ends bash: nothing of it counts",
			     path);
	note_where(rd, path);
	return r == -ENOENT ? 0 : r;
}

static int read_files(const char *etc_dir, const struct conf_reader *reader, struct reading *rd, struct fail *f)
{
	CLEAN(free) char *main_file = path_join(etc_dir, "framework.conf");
	CLEAN(free) char *dir = path_join(etc_dir, "framework.conf.d");
	CLEAN(strv) struct strv names = { 0 };
	int r = read_one(main_file, reader, rd, f);

	if (r < 0)
		return r;
	r = dir_list(dir, &names);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return fail_errno(f, r, "cannot read '%s'", dir);
	for (size_t i = 0; i < names.n; i++) {
		CLEAN(free) char *path = path_join(dir, names.items[i]);

		if (names.items[i][0] == '.' || !str_has_suffix(path, ".conf") ||
		    !path_is_file(path))
			continue;
		r = read_one(path, reader, rd, f);
		if (r < 0)
			return r;
	}
	return 0;
}

static void add_from_environment(const struct strv *environment, struct conf_values *io)
{
	for (size_t i = 0; i < COUNT_OF(from_environment); i++) {
		enum framework_name name = from_environment[i];

		if (str_is_empty(conf_values_get(io, name, 0)))
			conf_values_set(io, name, 0, env_get(environment, name_strings[name]));
	}
	if (str_is_empty(conf_values_get(io, FW_tmp_location, 0)))
		conf_values_set(io, FW_tmp_location, 0, env_get(environment, "TMPDIR"));
}

/* A value that is set to something, as a copy, else NULL. */
static char *take_text(const struct conf_values *v, enum framework_name name)
{
	const char *s = conf_values_get(v, name, 0);

	return str_is_empty(s) ? NULL : xstrdup(s);
}

static char *take_text_or(const struct conf_values *v, enum framework_name name,
			  const char *otherwise)
{
	const char *s = conf_values_get(v, name, 0);

	return xstrdup(s ? s : otherwise);
}

static bool is_on(const struct conf_values *v, enum framework_name name)
{
	return !str_is_empty(conf_values_get(v, name, 0));
}

static bool is_denied(const struct conf_values *v, enum framework_name name)
{
	const char *s = conf_values_get(v, name, 0);

	return s && (strcasecmp(s, "false") == 0 || strcasecmp(s, "no") == 0 || str_eq(s, "0"));
}

static int take_jobs(const struct conf_values *v)
{
	const char *s = conf_values_get(v, FW_parallel_jobs, 0);

	return s && is_number(s, JOBS_DIGITS) ? atoi(s) : -1;
}

/* A count of up to nine digits, else the default. */
static uint64_t take_count(const struct conf_values *v, enum framework_name name, uint64_t otherwise)
{
	const char *s = conf_values_get(v, name, 0);

	return s && is_number(s, COUNT_DIGITS) ? (uint64_t)atol(s) : otherwise;
}

static enum try_sign take_try_sign(const struct conf_values *v)
{
	const char *s = conf_values_get(v, FW_try_sign_modules, 0);

	if (s && strcasecmp(s, "true") == 0)
		return SIGN_ALWAYS;
	if (s && strcasecmp(s, "false") == 0)
		return SIGN_NEVER;
	return SIGN_NOT_IN_CHROOT;
}

static void fill(const struct conf_values *v, struct framework *ret)
{
	*ret = (struct framework){
		.source_tree = take_text(v, FW_source_tree),
		.dkms_tree = take_text(v, FW_dkms_tree),
		.install_tree = take_text(v, FW_install_tree),
		.tmp_location = take_text(v, FW_tmp_location),
		.verbose = is_on(v, FW_verbose),
		.symlink_modules = is_on(v, FW_symlink_modules),
		.modprobe_on_install = is_on(v, FW_modprobe_on_install),
		.autoinstall_all_kernels = is_on(v, FW_autoinstall_all_kernels),
		.continue_on_error = !is_denied(v, FW_continue_on_error),
		.parallel_jobs = take_jobs(v),
		.compress_gzip_opts = take_text_or(v, FW_compress_gzip_opts, ""),
		.compress_xz_opts =
			take_text_or(v, FW_compress_xz_opts, "--check=crc32 --lzma2=dict=1MiB"),
		.compress_zstd_opts = take_text_or(v, FW_compress_zstd_opts, "-q --rm -T0"),
		.build_environment = take_text(v, FW_build_environment),
		.post_transaction = take_text(v, FW_post_transaction),
		.sign_file = take_text(v, FW_sign_file),
		.mok_signing_key = take_text(v, FW_mok_signing_key),
		.mok_certificate = take_text(v, FW_mok_certificate),
		.try_sign_modules = take_try_sign(v),
		.build_user = take_text(v, FW_build_user),
		.build_sandbox = take_text(v, FW_build_sandbox),
		.build_limits = take_text(v, FW_build_limits),
		.build_store = take_text(v, FW_build_store),
		.build_launcher = take_text(v, FW_build_launcher),
		.build_launcher_dir = take_text(v, FW_build_launcher_dir),
		.build_launcher_network = take_text(v, FW_build_launcher_network),
		.required_modules = take_text(v, FW_required_modules),
		.initramfs = take_text(v, FW_initramfs),
		.build_store_size = take_count(v, FW_build_store_size, STORE_SIZE_MIB) << 20,
		.archive_max_size = take_count(v, FW_archive_max_size, ARCHIVE_SIZE_MIB) << 20,
		.archive_max_members = take_count(v, FW_archive_max_members, ARCHIVE_MEMBERS),
	};
}

int framework_load(const char *etc_dir, const char *kernel, const struct strv *environment,
		   struct framework *ret, struct fail *f)
{
	CLEAN(conf_values) struct conf_values values = { 0 };
	CLEAN(strv) struct strv vars = { 0 }, env = { 0 }, warnings = { 0 };
	CLEAN(reading) struct reading rd = { .values = &values, .warnings = &warnings };
	struct conf_reader reader = { .scope = { &vars, &env } };
	int r;

	conf_values_init(&values, &framework_names);
	strv_add_fmt(&vars, "kernelver=%s", kernel ? kernel : "");
	conf_read_environment(environment, &framework_names, &env);
	r = read_files(etc_dir, &reader, &rd, f);
	if (r < 0)
		return r;
	add_from_environment(environment, &values);
	note_where(&rd, "the environment");
	check_settings(&rd);
	fill(&values, ret);
	ret->warnings = warnings;
	warnings = (struct strv){ 0 };
	return 0;
}

void framework_done(struct framework *fw)
{
	char *strings[] = {
		fw->source_tree,	fw->dkms_tree,		fw->install_tree,
		fw->tmp_location,	fw->compress_gzip_opts, fw->compress_xz_opts,
		fw->compress_zstd_opts, fw->build_environment,	fw->post_transaction,
		fw->sign_file,		fw->mok_signing_key,	fw->mok_certificate,
		fw->build_user,		fw->build_sandbox,	fw->build_limits,
		fw->build_store,	fw->build_launcher,	fw->required_modules,
		fw->initramfs,		fw->build_launcher_dir, fw->build_launcher_network,
	};

	for (size_t i = 0; i < COUNT_OF(strings); i++)
		free(strings[i]);
	strv_done(&fw->warnings);
	*fw = (struct framework){ 0 };
}
