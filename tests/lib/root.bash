# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A Debian of its own for cases that install packages: `load ../lib/dkms` and `load ../lib/root` in a bats file.
#
#   root_begin            in setup_file: $DEB is our package, $DRIVERS has driver packages, $A and $B are the kernels
#   root_lay NAME [FROM]  a writable root $W/roots/NAME, over the cached one or over what FROM has become
#   root_drop NAME        takes it away
#   put_debs              our package and the drivers, as /debs/*.deb in $ROOT
#   in_root CMD...        in the root $ROOT; run_in_root the same, setting $status, $output, $errors
#   apt ARGS...           apt-get in $ROOT, unattended, without initramfs; must succeed (run_apt: need not)
#
# shellcheck disable=SC2034

root_begin() {
	BASE=$("$DKMS_TEST_TOP/tests/lib/debian-root")
	{ read -r A; read -r B; } <"$BASE/kernels"
	DEB=$("$DKMS_TEST_TOP/tests/lib/packages" deb)
	DRIVERS=$("$DKMS_TEST_TOP/tests/lib/packages" drivers)
	export BASE A B DEB DRIVERS
	mkdir -p "$W/roots"
}

root_lay() {
	local d=$W/roots/$1 lower=$BASE
	[ -z "${2:-}" ] || lower=$(_layers "$2")
	mkdir -p "$d" "$d.up" "$d.work"
	echo "${2:-}" >"$d.from"
	mount -t overlay -o "lowerdir=$lower,upperdir=$d.up,workdir=$d.work" dkms-root "$d"
	mount -t proc proc "$d/proc"
	mount --rbind /dev "$d/dev"
	mount -t tmpfs tmpfs "$d/run"
	ROOT=$d
}

_layers() {
	local from=$1
	printf '%s' "$W/roots/$from.up"
	from=$(cat "$W/roots/$from.from")
	if [ -n "$from" ]; then
		printf ':%s' "$(_layers "$from")"
	else
		printf ':%s' "$BASE"
	fi
}

# root_close NAME: done with writing; others may be laid over it
root_close() {
	umount -R -l "$W/roots/$1"
	rm -rf --one-file-system "$W/roots/$1" "$W/roots/$1.work"
}

root_drop() {
	! mountpoint -q "$W/roots/$1" || umount -R -l "$W/roots/$1" || return 1
	rm -rf --one-file-system "$W/roots/$1" "$W/roots/$1.work" "$W/roots/$1.up" "$W/roots/$1.from"
}

# /debs in the root: dkms.deb, and the driver packages
put_debs() {
	mkdir -p "$ROOT/debs"
	cp "$DEB" "$ROOT/debs/dkms.deb"
	cp "$DRIVERS"/*.deb "$ROOT/debs/"
}

in_root() {
	chroot "$ROOT" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive INITRD=No TERM=dumb HOME=/root "$@" </dev/null 3>&- 4>&-
}

run_in_root() {
	ran="$*"
	status=0
	in_root "$@" >"$W/.stdout" 2>"$W/.stderr" || status=$?
	output=$(<"$W/.stdout")
	errors=$(<"$W/.stderr")
}

run_apt() {
	run_in_root apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confnew "$@"
}

apt() {
	run_apt "$@"
	assert_status 0
}

# the packages of a kernel, as apt names them
image() { echo "linux-image-$1"; }
headers() { echo "linux-headers-$1"; }

root_status() { # LINES: what `dkms status` prints in the root
	local want=''
	[ $# -eq 0 ] || want=$(printf '%s\n' "$@")
	run_in_root dkms status
	assert_status 0
	assert_same "$output" "$want" "status lines"
}

# what is installed for a kernel by dkms, with the index that finds it
assert_loadable() { # KERNEL MODULE...
	local k=$1 m f
	shift
	for m in "$@"; do
		f=$ROOT/lib/modules/$k/updates/dkms/$m.ko
		[ -f "$f" ] || _fail "no $m for $k" || return 1
		[[ $(modinfo -F vermagic "$f") == "$k "* ]] || _fail "$m is not for $k" || return 1
		grep -q "^updates/dkms/$m.ko:" "$ROOT/lib/modules/$k/modules.dep" || _fail "$m is not in the index of $k" ||
			return 1
	done
}

# nothing is half-configured or unpacked only
assert_dpkg_clean() {
	run_in_root dpkg --audit
	assert_status 0
	assert_output ""
}
