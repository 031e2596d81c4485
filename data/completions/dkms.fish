# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for dkms(8)

function __dkms_modules
    dkms status 2>/dev/null | string replace -rf '^([^,:]*/[^,:]*)[,:].*' '$1' | sort -u
end

function __dkms_kernels
    for dir in /lib/modules/*/
        basename $dir
    end
end

set -l actions add remove build unbuild install uninstall match autoinstall mktarball ldtarball status \
    generate_mok kernel_preinst kernel_postinst kernel_prerm
set -l files add build install ldtarball

complete -c dkms -f
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a add -d 'register a source tree'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a remove -d 'uninstall, unbuild and forget a module'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a build -d 'build a module for a kernel'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a unbuild -d 'throw away what was built'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a install -d 'install a module on a kernel'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a uninstall -d 'take a module from a kernel'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a match -d 'install on a kernel what another one has'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a autoinstall -d 'install the newest version of every module'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a mktarball -d 'pack source and built modules'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a ldtarball -d 'unpack what mktarball made'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a status -d 'list what is added, built and installed'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a generate_mok -d 'make the signing key'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a kernel_preinst -d 'hook: a kernel is about to be installed'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a kernel_postinst -d 'hook: a kernel was installed'
complete -c dkms -n "not __fish_seen_subcommand_from $actions" -a kernel_prerm -d 'hook: a kernel is about to be removed'
complete -c dkms -n "__fish_seen_subcommand_from $actions" -a '(__dkms_modules)'
complete -c dkms -n "__fish_seen_subcommand_from $files" -F

complete -c dkms -s m -l module -x -a '(__dkms_modules)' -d 'what to act on'
complete -c dkms -s v -x -d 'its version'
complete -c dkms -s k -l kernelver -x -a '(__dkms_kernels)' -d 'for which kernel'
complete -c dkms -s a -l arch -x -d 'for which architecture'
complete -c dkms -s c -r -F -d 'the dkms.conf to use'
complete -c dkms -s j -x -d 'how many jobs make may run'
complete -c dkms -l all -d 'all kernels that the module is built for'
complete -c dkms -l force -d 'build or install again'
complete -c dkms -l force-version-override -d 'install over a newer version'
complete -c dkms -l templatekernel -x -a '(__dkms_kernels)' -d 'the kernel to take as the example'
complete -c dkms -l directive -x -d 'set a directive after all conf files'
complete -c dkms -l config -r -F -d "the kernel's configuration"
complete -c dkms -l kernelsourcedir -r -F -d "the kernel's source or headers"
complete -c dkms -l archive -r -F -d 'the tarball to write or load'
complete -c dkms -l binaries-only -d 'without the source'
complete -c dkms -l source-only -d 'without built modules'
complete -c dkms -l rpm_safe_upgrade -d "called from an rpm's scripts"
complete -c dkms -l dkmstree -r -F -d 'instead of /var/lib/dkms'
complete -c dkms -l sourcetree -r -F -d 'instead of /usr/src'
complete -c dkms -l installtree -r -F -d 'instead of /lib/modules'
complete -c dkms -l symlink-modules -d 'install links instead of copies'
complete -c dkms -l no-depmod -d 'leave depmod to the caller'
complete -c dkms -l modprobe-on-install -d 'load what was installed'
complete -c dkms -s q -l quiet -d 'say nothing at all'
complete -c dkms -l verbose -d 'show each command that is run'
complete -c dkms -l debug -d 'trace decisions'
complete -c dkms -s V -l version -d 'print the version'
complete -c dkms -s h -l help -d 'print a summary'
