# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# house BUILD SIDE LOGS: brings the build up to date, installs it into a directory of its own, fetches what cases
# need, and exports what inside and dkms.bash expect. Ends the script when something is missing.

house() {
	local top build=$1 side=$2 logs=$3 kernels
	top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	DKMS_TEST_ROOT=$build/test-root
	[ -f "$build/build.ninja" ] || make -s -C "$top" BUILD="$build" >"$logs/build.log" 2>&1
	if ! { ninja -C "$build" >"$logs/build.log" 2>&1 &&
		DESTDIR=$DKMS_TEST_ROOT meson install -C "$build" --no-rebuild --quiet >>"$logs/build.log" 2>&1; }; then
		cat "$logs/build.log"
		exit 1
	fi
	DKMS_TEST_TOP=$top
	DKMS_TEST_CACHE=${DKMS_TEST_CACHE:-$top/build/cache}
	WORLD=$("$top/tests/lib/world") || exit
	PEER=$("$top/tests/lib/fetch" peer) || exit
	kernels=$("$top/tests/lib/kernels") || exit
	read -r K1 K2 K3 <<<"$kernels"
	DKMS_TEST_SIDE=$side
	ARCH=$(uname -m)
	export DKMS_TEST_TOP DKMS_TEST_CACHE DKMS_TEST_SIDE DKMS_TEST_ROOT WORLD PEER K1 K2 K3 ARCH
	# a leak or a report of a sanitizer must be seen even where a case expects a failure
	export ASAN_OPTIONS=detect_leaks=1:exitcode=97
	export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=97 DKMS_TEST_LOGS=$logs
}
