#!/usr/bin/env bats
# Killed, or out of luck, at every point, with all that there is: modules that are signed and compressed, skeletons for the
# index, scripts, originals.
load ../lib/dkms
load ../lib/crash

setup() {
	crash_up
	crash_compressed
	crash_source crash 1.0 "crash1 dummy"
	printf '#!/bin/sh\necho "$0" >>%s/scripts\n' "$C" | tee "$C/now/src/crash-1.0/"{post_build,post_install,pre_install,post_remove} >/dev/null
	chmod 755 "$C/now/src/crash-1.0/"p*
	cat >>"$C/now/src/crash-1.0/dkms.conf" <<-CONF
		PRE_INSTALL=pre_install
		POST_INSTALL=post_install
		POST_BUILD=post_build
		POST_REMOVE=post_remove
	CONF
	BETWEEN=()
	# the key, and a proof of the skeletons
	crash_source first 1.0 first
	_dkms_ok install first/1.0 -k "$K1"
	grep -q skeletons /var/cache/dkms/depmod/*/last
}

# All that the scenario is about was really there.
_was_all() { # SCRIPT...
	local s
	for s in "$@"; do grep -q "$s\$" "$C/scripts" || return 1; done
}

_has_skeletons() {
	grep -q skeletons /var/cache/dkms/depmod/*/last
}

_is_signed() { # MODULE
	[ "$(modinfo -F signer "$C/now/opt/lib/modules/$K1/updates/dkms/$1.ko.xz")" = "DKMS module signing key" ]
}

@test "install" {
	BETWEEN=("add crash/1.0" "build crash/1.0 -k $K1") POST_BUILD_FAILS=1
	crash install crash/1.0 -k "$K1"
	_was_all post_build pre_install post_install
	_has_skeletons
	_is_signed dummy
}

@test "uninstall" {
	_dkms_ok install crash/1.0 -k "$K1"
	_is_signed dummy
	crash uninstall crash/1.0 -k "$K1"
	_was_all post_remove
	_has_skeletons
}

@test "autoinstall of two, one of which needs the other" {
	_dkms_ok remove first/1.0 --all
	crash_source other 1.0 other 'BUILD_DEPENDS[0]=crash'
	_dkms_ok add crash/1.0
	_dkms_ok add other/1.0
	ANY_ORDER=1 POST_BUILD_FAILS=1
	crash autoinstall -k "$K1"
	_was_all post_build post_install
	_is_signed other
}
