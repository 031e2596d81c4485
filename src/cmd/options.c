/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/options.h"

const struct verb_row verb_table[] = {
	{ VERB_ADD, "add", "register a source tree" },
	{ VERB_REMOVE, "remove", "uninstall, unbuild and forget a module" },
	{ VERB_BUILD, "build", "build a module for a kernel" },
	{ VERB_UNBUILD, "unbuild", "throw away what was built for a kernel" },
	{ VERB_INSTALL, "install", "install a module on a kernel, building it if needed" },
	{ VERB_UNINSTALL, "uninstall", "take a module from a kernel, bring back what it replaced" },
	{ VERB_MATCH, "match", "install on a kernel what another one has" },
	{ VERB_AUTOINSTALL, "autoinstall", "install the newest version of every module" },
	{ VERB_MKTARBALL, "mktarball", "pack source and built modules" },
	{ VERB_LDTARBALL, "ldtarball", "unpack what mktarball made" },
	{ VERB_MKDEB, "mkdeb", "make a Debian package of source and built modules" },
	{ VERB_MKBMDEB, "mkbmdeb", "make a Debian package of built modules alone" },
	{ VERB_MKDSC, "mkdsc", "make a Debian source package" },
	{ VERB_MKRPM, "mkrpm", "make an rpm package" },
	{ VERB_STATUS, "status", "list what is added, built and installed" },
	{ VERB_WHY, "why", "say what a build was made of, and why it is or is not rebuilt" },
	{ VERB_SIGN, "sign", "sign what is built" },
	{ VERB_PLAN, "plan", "print modules and kernels as jobs for make, ninja or a CI" },
	{ VERB_GENERATE_MOK, "generate_mok", "make the key that modules are signed with" },
	{ VERB_KERNEL_PREINST, "kernel_preinst", "hook: a kernel is about to be installed" },
	{ VERB_KERNEL_POSTINST, "kernel_postinst", "hook: a kernel was installed" },
	{ VERB_KERNEL_PRERM, "kernel_prerm", "hook: a kernel is about to be removed" },
};
const size_t verb_count = COUNT_OF(verb_table);

const struct option_row option_table[] = {
	{ OPT_MODULE, "-m", "--module", NULL, "module[/version]", "what to act on" },
	{ OPT_VERSION_OF_MODULE, "-v", NULL, NULL, "version", "its version, where -m carries none" },
	{ OPT_KERNEL, "-k", "--kernelver", "--kernelversion", "kernel[/arch]",
	  "for which kernel; repeatable" },
	{ OPT_ARCH, "-a", "--arch", NULL, "arch", "for which architecture; repeatable" },
	{ OPT_CONF, "-c", NULL, NULL, "file", "the dkms.conf to use instead of the source's" },
	{ OPT_JOBS, "-j", NULL, NULL, "jobs", "how many jobs make may run; 0: no limit" },
	{ OPT_ALL, NULL, "--all", NULL, NULL, "all kernels that the module is built for" },
	{ OPT_ALL_KERNELS, NULL, "--all-kernels", NULL, NULL, "autoinstall, plan: every kernel that has its headers" },
	{ OPT_FORCE, NULL, "--force", NULL, NULL, "build or install again, skip sanity checks" },
	{ OPT_FORCE_VERSION_OVERRIDE, NULL, "--force-version-override", NULL, NULL,
	  "install over a newer version of the module" },
	{ OPT_TEMPLATE_KERNEL, NULL, "--templatekernel", NULL, "kernel",
	  "match: the kernel to take as the example" },
	{ OPT_DIRECTIVE, NULL, "--directive", NULL, "NAME=VALUE",
	  "set a directive after all conf files; repeatable" },
	{ OPT_CONFIG, NULL, "--config", NULL, "file", "the kernel's configuration" },
	{ OPT_KERNEL_SOURCE_DIR, NULL, "--kernelsourcedir", NULL, "dir", "the kernel's source or headers" },
	{ OPT_ARCHIVE, NULL, "--archive", NULL, "file", "the tarball to write or load" },
	{ OPT_BINARIES_ONLY, NULL, "--binaries-only", NULL, NULL, "mktarball, mkdeb, mkrpm: without the source" },
	{ OPT_SOURCE_ONLY, NULL, "--source-only", NULL, NULL, "mktarball, mkdeb, mkrpm: without built modules" },
	{ OPT_RPM_SAFE_UPGRADE, NULL, "--rpm_safe_upgrade", NULL, NULL,
	  "called from an rpm's scripts during its upgrade" },
	{ OPT_DKMS_TREE, NULL, "--dkmstree", NULL, "dir", "instead of /var/lib/dkms" },
	{ OPT_SOURCE_TREE, NULL, "--sourcetree", NULL, "dir", "instead of /usr/src" },
	{ OPT_INSTALL_TREE, NULL, "--installtree", NULL, "dir", "instead of /lib/modules" },
	{ OPT_SYMLINK_MODULES, NULL, "--symlink-modules", NULL, NULL, "install links instead of copies" },
	{ OPT_NO_DEPMOD, NULL, "--no-depmod", NULL, NULL, "leave depmod to the caller" },
	{ OPT_MODPROBE_ON_INSTALL, NULL, "--modprobe-on-install", NULL, NULL,
	  "load the module if it was installed on the running kernel" },
	{ OPT_DRY_RUN, NULL, "--dry-run", NULL, NULL, "say what would be done, and do nothing" },
	{ OPT_JSON, NULL, "--json", NULL, NULL, "report as one JSON document on stdout" },
	{ OPT_MAKE, NULL, "--make", NULL, NULL, "plan: as a makefile" },
	{ OPT_NINJA, NULL, "--ninja", NULL, NULL, "plan: as a file for ninja" },
	{ OPT_RESULT, NULL, "--result", NULL, "tarball|deb|rpm", "plan: what each job ends in" },
	{ OPT_QUIET, "-q", "--quiet", NULL, NULL, "say nothing at all" },
	{ OPT_VERBOSE, NULL, "--verbose", NULL, NULL, "show each command that is run" },
	{ OPT_DEBUG, NULL, "--debug", NULL, NULL, "trace decisions" },
	{ OPT_VERSION, "-V", "--version", NULL, NULL, "print the version" },
	{ OPT_HELP, "-h", "--help", NULL, NULL, "print this text" },
	{ OPT_HOOK, NULL, "--hook", NULL, NULL, NULL },
	{ OPT_SETTINGS, NULL, "--settings", NULL, NULL, NULL },
	{ OPT_DEPRECATED, NULL, "--no-initrd", NULL, NULL, NULL },
	{ OPT_DEPRECATED, NULL, "--no-clean-kernel", NULL, NULL, NULL },
	{ OPT_DEPRECATED, NULL, "--no-prepare-kernel", NULL, NULL, NULL },
};
const size_t option_count = COUNT_OF(option_table);

static void usage_option(struct buf *out, const struct option_row *o)
{
	struct buf left = { 0 };

	buf_add_str(&left, o->short_name ? o->short_name : "");
	if (o->short_name && o->long_name)
		buf_add_str(&left, ", ");
	buf_add_str(&left, o->long_name ? o->long_name : "");
	if (o->value)
		buf_add_fmt(&left, " %s", o->value);
	buf_add_fmt(out, "  %-36s %s\n", buf_str(&left), o->help);
	buf_done(&left);
}

void options_usage(struct buf *out)
{
	buf_add_str(out, "usage: dkms ACTION [options] [module[/version]] "
			 "[SOURCE_DIR | path/to/dkms.conf | ARCHIVE]\n\nactions:\n");
	for (size_t i = 0; i < verb_count; i++)
		buf_add_fmt(out, "  %-18s %s\n", verb_table[i].name, verb_table[i].help);
	buf_add_str(out, "\noptions:\n");
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].help)
			usage_option(out, &option_table[i]);
	buf_add_str(out, "\nSee dkms(8) for the whole story.\n");
}

void options_dump(struct buf *out)
{
	for (size_t i = 0; i < verb_count; i++)
		buf_add_fmt(out, "verb\t%s\t%s\n", verb_table[i].name, verb_table[i].help);
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_table[i];

		if (!o->help)
			continue;
		buf_add_fmt(out, "option\t%s\t%s\t%s\t%s\n", o->short_name ? o->short_name : "-",
			    o->long_name ? o->long_name : "-", o->value ? o->value : "-", o->help);
	}
}
