# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for dkms(8)

_dkms_modules() {
	dkms status 2>/dev/null | sed -n 's/^\([^,:]*\/[^,:]*\)[,:].*/\1/p' | sort -u
}

_dkms_kernels() {
	local dir
	for dir in /lib/modules/*/; do
		dir=${dir%/}
		echo "${dir##*/}"
	done
}

_dkms() {
	local cur=$2 prev=$3 word action=''
	local actions='add remove build unbuild install uninstall match autoinstall mktarball ldtarball status
		generate_mok kernel_preinst kernel_postinst kernel_prerm'
	local options='-m --module -v -k --kernelver -a --arch -c -j --all --force --force-version-override
		--templatekernel --directive --config --kernelsourcedir --archive --binaries-only --source-only
		--rpm_safe_upgrade --dkmstree --sourcetree --installtree --symlink-modules --no-depmod
		--modprobe-on-install -q --quiet --verbose --debug -V --version -h --help'

	COMPREPLY=()
	case $prev in
	-m | --module)
		mapfile -t COMPREPLY < <(compgen -W "$(_dkms_modules)" -- "$cur")
		return
		;;
	-k | --kernelver | --kernelversion | --templatekernel)
		mapfile -t COMPREPLY < <(compgen -W "$(_dkms_kernels)" -- "$cur")
		return
		;;
	--kernelsourcedir | --dkmstree | --sourcetree | --installtree)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		compopt -o filenames
		return
		;;
	-c | --config | --archive)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
		return
		;;
	-v | -a | --arch | -j | --directive)
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		return
	fi
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ " ${actions//[$'\n\t']/ } " == *" $word "* ]]; then action=$word; fi
	done
	if [ -z "$action" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$actions" -- "$cur")
		return
	fi
	case $action in
	add | build | install | ldtarball)
		mapfile -t COMPREPLY < <(compgen -W "$(_dkms_modules)" -- "$cur"; compgen -f -- "$cur")
		compopt -o filenames
		;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(_dkms_modules)" -- "$cur") ;;
	esac
}

complete -F _dkms dkms
