/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/layout.h"

#include "base/mem.h"
#include "base/path.h"

char *layout_module(const struct layout *l)
{
	return path_join(l->tree, l->module);
}

char *layout_version(const struct layout *l)
{
	return path_join(l->tree, l->module, l->version);
}

char *layout_source(const struct layout *l)
{
	return path_join(l->tree, l->module, l->version, "source");
}

char *layout_build_dir(const struct layout *l)
{
	return path_join(l->tree, l->module, l->version, "build");
}

char *layout_built(const struct layout *l)
{
	return path_join(l->tree, l->module, l->version, l->kernel, l->arch);
}

char *layout_built_files(const struct layout *l)
{
	return path_join(l->tree, l->module, l->version, l->kernel, l->arch, "module");
}

char *layout_log(const struct layout *l)
{
	return path_join(l->tree, l->module, l->version, l->kernel, l->arch, "log", "make.log");
}

char *layout_failed(const struct layout *l)
{
	return path_join(l->tree, l->module, l->version, ".failed", l->kernel, l->arch);
}

char *layout_link(const struct layout *l)
{
	CLEAN(free) char *name = xasprintf("kernel-%s-%s", l->kernel, l->arch);

	return path_join(l->tree, l->module, name);
}

char *layout_link_target(const struct layout *l)
{
	return path_join(l->version, l->kernel, l->arch);
}

char *layout_originals(const struct layout *l)
{
	return path_join(l->tree, l->module, "original_module", l->kernel, l->arch);
}
