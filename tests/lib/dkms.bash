# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a bats file needs. Begin a file with
#
#	load ../lib/dkms
#
# and run it with tests/run FILE. Every case gets a fresh world: /etc, /boot, /var/lib, /var/cache, /usr/src and
# /lib/modules are private copies (what the case writes is gone after it), TMPDIR is its own, and the
# program is installed in /usr as `dkms`. The world has two kernels with headers and a handful of
# modules each; neither is the running one, so every command names its kernel:
#
#	$K1  the cloud flavour      $K2  the standard flavour      $ARCH  `uname -m`
#	$C   a scratch directory of the case
#
# A file that needs more in setup() defines its own and calls world_up first (teardown: world_down).
#
# Modules that need no compiler
#	make_module NAME VERSION [CONF_LINES]   /usr/src/NAME-VERSION, "built" by copying a ready module
#	kbuild_module NAME VERSION [CONF_LINES] the same, compiled by the kernel's own makefiles (a second or two)
#	ready_ko FILE NAME VERSION [KERNEL [FIELD=VALUE...]]
#	add_kernel RELEASE [.ko.xz]             another kernel in /lib/modules, modules so compressed
#	as_distro ID [ID_LIKE]                  what os-release says (else it is the machine's own: Debian)
# Trees made by hand
#	tree_added M V; tree_built M V K; tree_installed M V K
# Running and judging
#	run_dkms ARGS...     the program; sets $status, $output (stdout), $errors (stderr); a document of --json is judged
#	Q=FILTER json ARGS...   the program with --json; $output and $status are those of `jq -e FILTER`
#	run_peer ARGS...     Debian's dkms, the same way      run_as_nobody CMD...   the same, without root
#	assert_status N; assert_output TEXT; assert_output_has TEXT; assert_errors_have TEXT; assert_no_errors
#	assert_dkms_status LINE...              what `dkms status` prints, all of it
#	assert_refused N ARGS...                exit status N, and the trees byte-identical before and after
#	tree_digest DIR...                      every path with type, mode, owner, link target, contents

# shellcheck disable=SC2034 # variables for the cases

# lifecycle and bench/run read this without bats
if declare -F bats_require_minimum_version >/dev/null; then bats_require_minimum_version 1.5.0; fi

DKMS=/usr/sbin/dkms
PEER_DKMS=${PEER:-}/usr/sbin/dkms
if [ "${DKMS_TEST_SIDE:-ours}" = peer ]; then DKMS=$PEER_DKMS; fi

_lay() { # DIR LOWER: a private writable view of LOWER over DIR
	local up=$C/.up$1
	mkdir -p "$up/upper" "$up/work"
	mount -t overlay -o "lowerdir=$2,upperdir=$up/upper,workdir=$up/work" dkms-case "$1"
}

world_up() {
	[ -n "${W:-}" ] || { echo "run this file with tests/run" >&2; return 1; }
	C=$W/${WORLD_CASE:-case}
	mkdir -p "$C/tmp"
	chmod 755 "$C"
	chmod 1777 "$C/tmp"
	local etc=$HOST/etc
	[ ! -d "$W/root/etc" ] || etc=$W/root/etc:$etc
	_lay /etc "$etc"
	_lay /var/lib "$HOST/var/lib"
	_lay /var/cache "$HOST/var/cache"
	_lay /usr/src "$HOST/usr/src"
	_lay /usr/lib/modules "${WORLD_MODULES:-$WORLD/modules}"
	mount -t tmpfs dkms-case /boot
	rm -rf /var/lib/dkms /etc/dkms
	mkdir -p /var/lib/dkms /etc/dkms/framework.conf.d
	# cases about signing say otherwise
	echo 'try_sign_modules=false' >/etc/dkms/framework.conf.d/tests.conf
	unset CC CXX CFLAGS CXXFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL parallel_jobs sign_file mok_signing_key \
		mok_certificate try_sign_modules modprobe_on_install build_environment post_transaction \
		NO_WEAK_MODULES ADDON_MODULES_DIR module module_version kernelver arch
	export TMPDIR=$C/tmp LC_ALL=C.UTF-8
	cd "$C" || return 1
}

world_down() {
	local d
	cd / || return 1
	for d in /boot /usr/lib/modules /usr/src /var/cache /var/lib /etc; do
		umount -R -l "$d" || :
	done
	forget_below "$C"
}

# rm -rf goes through bind mounts: what a case left mounted below its directory would be emptied, the real system
# with it. So everything below is unmounted first, and where that cannot be done nothing is removed.
forget_below() { # DIR
	local m
	while IFS= read -r m; do
		umount -l "$m" || :
	done < <(awk -v d="$1/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
	if awk -v d="$1/" 'index($5, d) == 1 { found = 1 } END { exit !found }' /proc/self/mountinfo; then
		echo "still mounted below $1; it is left alone" >&2
		return 1
	fi
	rm -rf --one-file-system "$1"
}

setup() { world_up; }
teardown() { world_down; }

# --- modules ---------------------------------------------------------------------------------------

# ready_ko FILE NAME VERSION [KERNEL [FIELD=VALUE...]]
# A module that modinfo, depmod and strip take for one compiled for KERNEL (default: $K1). VERSION "-" leaves
# the field out; srcversion depends on name and version unless given. Other fields are added, and
# replace: vermagic=, srcversion=, depends=, name=.
ready_ko() {
	local file=$1 name=$2 version=$3 base=$WORLD/ready/${4:-$K1}.ko f tmp=$1.info
	shift $(($# < 4 ? $# : 4))
	[ -f "$base" ] || base=$WORLD/ready/$K1.ko
	objcopy -O binary --only-section=.modinfo "$base" "$tmp"
	{
		[ "$version" = - ] || echo "version=$version"
		f=$(printf '%s' "$name $version" | md5sum)
		f=${f:0:23}
		[[ "$*" == *srcversion=* ]] || echo "srcversion=${f^^}F"
		[[ "$*" == *name=* ]] || echo "name=${name//-/_}"
		for f in "$@"; do echo "$f"; done
		tr '\0' '\n' <"$tmp" | while IFS= read -r f; do
			case $f in
			'' | version=* | srcversion=* | name=*) ;;
			vermagic=* | depends=*) [[ "$*" == *"${f%%=*}="* ]] || echo "$f" ;;
			*) echo "$f" ;;
			esac
		done
	} | tr '\n' '\0' >"$tmp.new"
	objcopy --update-section ".modinfo=$tmp.new" "$base" "$file"
	rm -f "$tmp" "$tmp.new"
}

_conf() { # NAME VERSION "MODULES" EXTRA
	local i=0 m
	echo "PACKAGE_NAME=\"$1\""
	echo "PACKAGE_VERSION=\"$2\""
	for m in $3; do
		echo "BUILT_MODULE_NAME[$i]=\"$m\""
		echo "DEST_MODULE_LOCATION[$i]=\"/updates/dkms\""
		i=$((i + 1))
	done
	echo 'CLEAN="true"'
	echo 'AUTOINSTALL="yes"'
	printf '%s\n' "$4"
}

# make_module [-m "MODULE..."] [-V MODULE_VERSION] NAME VERSION [CONF_LINES]
# Source tree /usr/src/NAME-VERSION whose MAKE copies ready modules, for $K1 and $K2 (any other kernel
# gets those of $K1). It has one module called NAME, or those of -m; their modinfo version is
# VERSION, or that of -V. CONF_LINES come last in dkms.conf, so they win.
make_module() {
	local modules='' mv='' m k dir
	while [[ ${1:-} == -[mV] ]]; do
		if [ "$1" = -m ]; then modules=$2; else mv=$2; fi
		shift 2
	done
	dir=/usr/src/$1-$2
	modules=${modules:-$1}
	mkdir -p "$dir/ko/$K1" "$dir/ko/$K2"
	ln -sfn "$K1" "$dir/ko/other"
	for m in $modules; do
		for k in "$K1" "$K2"; do
			ready_ko "$dir/ko/$k/$m.ko" "$m" "${mv:-$2}" "$k"
		done
	done
	cat >"$dir/mk" <<-'MK'
		d=ko/$1
		[ -d "$d" ] || d=ko/other
		echo "CC [M] copied from $d"
		cp "$d"/*.ko .
	MK
	# shellcheck disable=SC2016
	_conf "$1" "$2" "$modules" 'MAKE[0]="sh ./mk $kernelver"' >"$dir/dkms.conf"
	printf '%s\n' "${3:-}" >>"$dir/dkms.conf"
}

# kbuild_module NAME VERSION [CONF_LINES]
kbuild_module() {
	local dir=/usr/src/$1-$2
	mkdir -p "$dir"
	cat >"$dir/$1.c" <<-C
		#include <linux/module.h>
		MODULE_LICENSE("GPL");
		MODULE_VERSION("$2");
		static int test_init(void) { return 0; }
		static void test_exit(void) { }
		module_init(test_init);
		module_exit(test_exit);
	C
	echo "obj-m := $1.o" >"$dir/Makefile"
	_conf "$1" "$2" "$1" "${3:-}" >"$dir/dkms.conf"
}

# add_kernel RELEASE [SUFFIX]: with the headers of $K1
add_kernel() {
	local k=$1 suffix=${2:-.ko} dir=/usr/lib/modules/$1 f
	mkdir -p "$dir"
	cp -r "$WORLD/modules/$K1"/{kernel,modules.order,modules.builtin,modules.builtin.modinfo} "$dir/"
	ln -s "/usr/src/linux-headers-$K1" "$dir/build"
	while IFS= read -r f; do
		case $suffix in
		.ko) ;;
		.ko.xz) xz --check=crc32 "$f" ;;
		.ko.gz) gzip -n "$f" ;;
		.ko.zst) zstd -q --rm "$f" ;;
		esac
	done < <(find "$dir/kernel" -name '*.ko')
	sed -i "s/\.ko\$/$suffix/" "$dir/modules.order"
	depmod "$k"
}

as_distro() {
	rm -f /etc/os-release
	printf 'ID=%s\n' "$1" >/etc/os-release
	[ -z "${2:-}" ] || printf 'ID_LIKE="%s"\n' "$2" >>/etc/os-release
}

# --- trees made by hand ----------------------------------------------------------------------------

tree_added() {
	[ -d "/usr/src/$1-$2" ] || make_module "$1" "$2"
	mkdir -p "/var/lib/dkms/$1/$2/build"
	ln -sfn "/usr/src/$1-$2" "/var/lib/dkms/$1/$2/source"
}

tree_built() {
	local t=/var/lib/dkms/$1/$2/$3/$ARCH
	[ -e "/var/lib/dkms/$1/$2/source" ] || tree_added "$1" "$2"
	mkdir -p "$t/module" "$t/log"
	echo "DKMS make.log for $1-$2 for kernel $3 ($ARCH)" >"$t/log/make.log"
	cp "/usr/src/$1-$2/ko/$3"/*.ko "$t/module/" 2>/dev/null || cp "/usr/src/$1-$2"/ko/other/*.ko "$t/module/"
}

tree_installed() {
	[ -d "/var/lib/dkms/$1/$2/$3/$ARCH/module" ] || tree_built "$1" "$2" "$3"
	mkdir -p "/lib/modules/$3/updates/dkms"
	cp "/var/lib/dkms/$1/$2/$3/$ARCH/module"/*.ko* "/lib/modules/$3/updates/dkms/"
	ln -sfn "$2/$3/$ARCH" "/var/lib/dkms/$1/kernel-$3-$ARCH"
}

# --- running ---------------------------------------------------------------------------------------

run_cmd() { # any command; the program under test and the others are started through here
	ran="$*"
	status=0
	"$@" >"$C/.stdout" 2>"$C/.stderr" </dev/null 3>&- || status=$?
	output=$(<"$C/.stdout")
	errors=$(<"$C/.stderr")
}

run_dkms() {
	run_cmd "$DKMS" "$@"
	[[ " $* " != *" --json "* ]] || assert_document
}
run_peer() { run_cmd "$PEER_DKMS" "$@"; }
run_as_nobody() { run_cmd setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# The case needs what Debian's 3.0.10 does not have.
only_ours() {
	if [ "${DKMS_TEST_SIDE:-ours}" = peer ]; then skip "not in dkms 3.0.10"; fi
}

# --- judging ---------------------------------------------------------------------------------------

_fail() {
	{
		echo "$1"
		echo "command: ${ran:-}"
		echo "status: ${status:-}"
		echo "stdout:"
		sed 's/^/    /' <<<"${output:-}"
		echo "stderr:"
		sed 's/^/    /' <<<"${errors:-}"
	} >&2
	return 1
}

assert_status() {
	[ "$status" -eq "$1" ] || _fail "exit status should be $1"
}

assert_output() {
	[ "$output" = "$1" ] || _fail "stdout should be: $1"
}

assert_output_has() {
	[[ $output == *"$1"* ]] || _fail "stdout should have: $1"
}

refute_output_has() {
	[[ $output != *"$1"* ]] || _fail "stdout should not have: $1"
}

assert_errors_have() {
	[[ $errors == *"$1"* ]] || _fail "stderr should have: $1"
}

refute_errors_have() {
	[[ $errors != *"$1"* ]] || _fail "stderr should not have: $1"
}

# What --json wrote is as docs/json.md says, and its exit status is the program's.
assert_document() {
	local wrong
	wrong=$(jq -nr --stream --rawfile page "$DKMS_TEST_TOP/docs/json.md" -f "$DKMS_TEST_TOP/tests/lib/document.jq" \
		"$C/.stdout" 2>&1) || _fail "no document: $wrong" || return 1
	[ -z "$wrong" ] || _fail "not as docs/json.md says: $wrong" || return 1
	[ "$(jq .exit_status "$C/.stdout")" = "$status" ] || _fail "the exit status in the document should be $status"
}

# json ARGS...: the program with --json; $output is what the filter $Q makes of the document, $status that of jq -e
json() {
	run_dkms "$@" --json || return 1
	status=0
	output=$(jq -e "$Q" "$C/.stdout") || status=$?
}

assert_no_errors() {
	[ -z "$errors" ] || _fail "stderr should be empty"
}

assert_exists() {
	local f
	for f in "$@"; do
		[ -e "$f" ] || [ -L "$f" ] || _fail "should exist: $f"
	done
}

refute_exists() {
	local f
	for f in "$@"; do
		if [ -e "$f" ] || [ -L "$f" ]; then _fail "should not exist: $f" || return 1; fi
	done
}

assert_same() { # GOT WANTED [WHAT]
	[ "$1" = "$2" ] || {
		echo "${3:-values} differ; wanted (<) and got (>):" >&2
		diff <(printf '%s\n' "$2") <(printf '%s\n' "$1") >&2
		return 1
	}
}

assert_dkms_status() {
	local want=''
	[ $# -eq 0 ] || want=$(printf '%s\n' "$@")
	run_dkms status
	assert_status 0
	assert_same "$output" "$want" "status lines"
}

# Every path below the directories: type, mode, owner, link target or sha256. The kernel headers are left out.
tree_digest() {
	local d
	for d in "$@"; do
		[ -e "$d" ] || { echo "absent $d"; continue; }
		find "$d/" -path '/usr/src/linux-*' -prune -o -printf '%y %m %u:%g %p -> %l\n' | LC_ALL=C sort
		find "$d/" -path '/usr/src/linux-*' -prune -o -type f -print0 | LC_ALL=C sort -z |
			xargs -0 -r sha256sum
	done
}

digest_world() {
	tree_digest /var/lib/dkms /usr/src /usr/lib/modules /etc/dkms "$C/tmp"
}

assert_refused() {
	local want=$1 before
	shift
	before=$(digest_world)
	run_dkms "$@"
	assert_status "$want" || return 1
	assert_same "$(digest_world)" "$before" "the trees before and after a refusal"
}
