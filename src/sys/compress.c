/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/compress.h"

#include <errno.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sys/run.h"

struct compressor {
	const char *suffix, *program;
	const char *force; /* over a leftover, and past what else it would ask */
};

static const struct compressor compressors[] = {
	{ ".ko.gz", "gzip", "-f" },
	{ ".ko.xz", "xz", "-f" },
	{ ".ko.zst", "zstd", "-f" },
};

static const char *compressor_options(const struct framework *fw, const struct compressor *c)
{
	if (!fw)
		return NULL;
	return str_eq(c->program, "gzip") ? fw->compress_gzip_opts
	       : str_eq(c->program, "xz") ? fw->compress_xz_opts
					  : fw->compress_zstd_opts;
}

static const struct compressor *find(const char *suffix)
{
	for (size_t i = 0; i < COUNT_OF(compressors); i++)
		if (str_eq(suffix, compressors[i].suffix))
			return &compressors[i];
	return NULL;
}

int module_compress(const char *path, const char *suffix, const struct framework *framework,
		    const struct strv *environment, char **ret_path, struct fail *f)
{
	const struct compressor *c = find(suffix);
	CLEAN(strv) struct strv argv = { 0 };
	const char *options;
	int r;

	if (!c) {
		*ret_path = xstrdup(path);
		return 0;
	}
	options = compressor_options(framework, c);
	strv_add(&argv, c->program);
	if (options)
		strv_split(&argv, options, " \t\n");
	strv_add(&argv, c->force);
	strv_add(&argv, path);
	r = run_tool((const char *const *)argv.items, environment, f);
	if (r < 0) {
		fail_wrap(f, "cannot compress '%s'", path_base(path));
		return r;
	}
	*ret_path = xasprintf("%s%s", path, suffix + strlen(".ko"));
	if (!path_is_file(*ret_path))
		return fail_set(f, -EIO, "'%s' made no '%s'", c->program, path_base(*ret_path));
	unlink(path); /* zstd without --rm leaves it */
	return 0;
}
