#!/usr/bin/env bats
# Compilers' launchers: build_launcher of framework.conf.
load ../lib/dkms

setup() {
	only_ours
	world_up
	for v in "${!CCACHE_@}" "${!DISTCC_@}"; do unset "$v"; done
	OWN=/var/cache/dkms/ccache
	chmod 755 "$W" "$C"
}

settings() { printf '%s\n' "$@" >/etc/dkms/framework.conf; }
built() { echo "/var/lib/dkms/$1/1.0/${2:-$K1}/$ARCH"; }
log_of() { cat "$(built "$@")/log/make.log"; }
# a count of ccache's
stat_of() { CCACHE_DIR=${2:-$OWN} ccache --print-stats | awk -v name="$1" '$1 == name { print $2 }'; }

# build MODULE [ARGS...]: anew
build() {
	run_dkms build "$1/1.0" -k "$K1" --force "${@:2}"
	assert_status 0
}

# launcher NAME [COMMAND]: a program that notes what it is called with in $C/notes/log, runs COMMAND, and then the compiler
launcher() {
	mkdir -p "$C/bin" "$C/notes"
	chmod 777 "$C/notes"
	printf '#!/bin/sh\necho "$*" >>%s\n%s\nexec "$@"\n' "$C/notes/log" "${2:-:}" >"$C/bin/$1"
	chmod 755 "$C/bin/$1"
	settings "build_launcher=$C/bin/$1" "build_launcher_dir=$C/notes"
}

# probe NAME MAKE_LINE: a module whose make says what CC is and copies a ready module
probe() {
	make_module "$1" 1.0 "MAKE[0]=\"$2\""
	printf '%s\n' 'all:; @echo "CC is [$(CC)] of $(origin CC)" && sh ./mk $(kernelver)' >"/usr/src/$1-1.0/Makefile"
}

# compiling NAME FILES: a module whose make compiles FILES little files and copies a ready module
compiling() {
	make_module "$1" 1.0 "MAKE[0]=make"
	printf '%s\n' "o := \$(patsubst %,x%.o,\$(shell seq $2))" 'all: $(o); @sh ./mk $(kernelver)' \
		'%.o: %.c; @echo "  CC [M] $@" && $(CC) -c -o $@ $<' '%.c:; @echo "int $* = $(n)0;" >$@' \
		>"/usr/src/$1-1.0/Makefile"
}

@test "ccache: a second build comes from its cache, to the byte the same as one without" {
	kbuild_module quick 1.0
	run_dkms add quick/1.0
	build quick
	assert_no_errors
	cp "$(built quick)/module/quick.ko" "$C/plain.ko"
	settings build_launcher=ccache
	build quick
	assert_no_errors
	cmp "$C/plain.ko" "$(built quick)/module/quick.ko"
	[[ $(log_of quick) == *" KERNELRELEASE=$K1 CC='ccache gcc-"* ]]
	assert_same "$(stat_of direct_cache_hit)" 0
	[ "$(stat_of cache_miss)" -gt 1 ]
	missed=$(stat_of cache_miss)
	mkdir "$C/run"
	XDG_RUNTIME_DIR=$C/run build quick
	assert_no_errors
	cmp "$C/plain.ko" "$(built quick)/module/quick.ko"
	assert_same "$(stat_of cache_miss)" "$missed"
	assert_same "$(stat_of direct_cache_hit)" "$missed"
	run_dkms why quick/1.0 -k "$K1"
	assert_output_has ", with ccache"
	assert_output_has "nothing that went into it has changed"
	run_dkms why quick/1.0 -k "$K1" --json
	assert_same "$(jq -r '.builds[0].launcher' <<<"$output")" ccache
	# it is the build user's, and nobody else's
	[ "$(stat -c %u "$OWN")" -ge 65536 ]
	assert_same "$(stat -c %a "$OWN")" 700
	assert_same "$(find "$OWN" -user root)" ""
}

@test "which makes get it: all that the command starts, unless it names a compiler" {
	launcher launch
	cc=$(gcc-12 -dumpversion >/dev/null && echo gcc-12)
	for line in "make all" "'make' all" "env X=1 make" "X=1 make" "true; make" "(make all && true)" "sh ./try"; do
		probe one "$line"
		echo 'cd . && exec make "$@"' >/usr/src/one-1.0/try
		build one
		assert_no_errors
		[[ $(log_of one) == *"CC is [$C/bin/launch $cc] of command line"* ]] || _fail "$line: $(log_of one)"
	done
	for line in "make all CC=gcc" "CC=gcc make" "make CROSS_COMPILE= all" "make LLVM= all"; do
		probe one "$line"
		build one
		assert_no_errors
		[[ $(log_of one) != *launch* ]] || _fail "$line: $(log_of one)"
	done
	# makefiles that would have taken another compiler than the kernel's from the environment
	probe one "make all"
	echo 'export CC=clang' >"$C/environment"
	settings "build_launcher=$C/bin/launch" "build_launcher_dir=$C/notes" "build_environment=$C/environment"
	build one
	[[ $(log_of one) == *"CC is [clang] of environment"* ]]
}

@test "the compiler of a kernel of clang is clang, and PRE_BUILD has none" {
	launcher launch
	mkdir "$C/headers"
	cp -a "/lib/modules/$K1/build/." "$C/headers"
	rm "$C/headers/.kernelvariables"
	for f in "$C/headers/.config" "$C/headers/include/config/auto.conf"; do
		sed -i '/CONFIG_CC_VERSION_TEXT\|CONFIG_CC_IS_GCC/d' "$f"
		echo CONFIG_CC_IS_CLANG=y >>"$f"
	done
	probe one "make all"
	echo 'PRE_BUILD=pre' >>/usr/src/one-1.0/dkms.conf
	printf '#!/bin/sh\necho "CC here: $CC, $MAKEFLAGS."\n' >/usr/src/one-1.0/pre
	chmod 755 /usr/src/one-1.0/pre
	build one --kernelsourcedir "$C/headers"
	[[ $(log_of one) == *"CC is [$C/bin/launch clang] of command line"* ]]
	[[ $(log_of one) == *"CC here: clang, ."* ]]
}

@test "HOSTCC has none" {
	launcher launch
	kbuild_module quick 1.0
	echo 'hostprogs-always-y := tool' >>/usr/src/quick-1.0/Makefile
	echo 'int main(void) { return 0; }' >/usr/src/quick-1.0/tool.c
	build quick
	assert_no_errors
	grep -q '/quick\.c$' "$C/notes/log"
	grep -q '/quick\.mod\.c$' "$C/notes/log"
	grep -q 'tool\.c' "$C/notes/log" && return 1
	[[ $(log_of quick) == *HOSTCC*tool* ]]
}

@test "one that is not installed: said once, and built without" {
	settings build_launcher=ccachex
	for m in one two; do
		make_module "$m" 1.0
		run_dkms add "$m/1.0"
	done
	run_dkms autoinstall -k "$K1"
	assert_status 0
	assert_errors_have "modules are built without the build_launcher 'ccachex', which is not installed"
	assert_errors_have "take build_launcher out of framework.conf"
	assert_same "$(grep -c 'built without' <<<"$errors")" 1
	assert_dkms_status "one/1.0, $K1, $ARCH: installed" "two/1.0, $K1, $ARCH: installed"
}

@test "one that fails midway: built again without, and said" {
	launcher launch 'case $* in *x3.c) echo "launch: error: no servant is left" >&2; exit 1 ;; esac'
	compiling one 4
	build one
	assert_errors_have "the build of one/1.0 with launch failed: launch: error: no servant is left; it is tried again"
	assert_errors_have 'BUILD_LAUNCHER="no" in /etc/dkms/one.conf'
	grep -q 'x[12]\.c' "$C/notes/log"
	[[ $(log_of one) != *launch* ]]
	run_dkms why one/1.0 -k "$K1"
	refute_output_has "with launch"
	# what is wrong without it too fails as ever
	echo 'int x = y;' >/usr/src/one-1.0/x2.c
	run_dkms build one/1.0 -k "$K1" --force
	assert_status 10
	assert_errors_have "x2.c:1:9: error"
	grep -q launch /var/lib/dkms/one/1.0/build/make.log && return 1
	# and with what the line says there is no launcher
	rm /usr/src/one-1.0/x2.c
	echo 'BUILD_LAUNCHER=no' >/etc/dkms/one.conf
	build one
	assert_no_errors
}

@test "its directory: of the environment, of framework.conf, somebody else's" {
	compiling one 1
	settings build_launcher=ccache
	CCACHE_DIR=$C/mine build one
	assert_no_errors
	assert_same "$(stat_of cache_miss "$C/mine")" 1
	refute_exists "$OWN"
	# made where there is none
	settings build_launcher=ccache "build_launcher_dir=$C/new"
	CCACHE_DIR=$C/mine build one
	assert_no_errors
	assert_same "$(stat_of cache_miss "$C/new")" 1
	# root's stays root's, even if nothing is in it: it could be anything, /mnt for one
	mkdir "$C/roots"
	settings build_launcher=ccache "build_launcher_dir=$C/roots"
	build one
	assert_errors_have "modules are built without ccache: '$C/roots' cannot be used by the build user"
	assert_same "$(stat -c %U "$C/roots")" root
	# somebody's
	mkdir "$C/daemons"
	chown daemon: "$C/daemons"
	settings build_launcher=ccache "build_launcher_dir=$C/daemons"
	build one
	assert_errors_have "modules are built without ccache: '$C/daemons' cannot be used by the build user"
	assert_same "$(stat -c %U "$C/daemons")" daemon
	settings build_launcher=ccache "build_launcher_dir=$C/daemons" build_user=daemon
	build one
	assert_no_errors
	assert_same "$(stat_of cache_miss "$C/daemons")" 1
}

@test "with and without a sandbox, by turns" {
	compiling one 6
	settings build_launcher=ccache
	n=0
	for mode in off auto off strict; do
		echo "BUILD_SANDBOX=$mode" >/etc/dkms/one.conf
		n=$n build one
		assert_no_errors
		n=$((n + 1))
		assert_same "$(stat_of cache_miss)" $((n * 6))
	done
	# somebody has looked into it as root
	chown -R root: "$OWN"/*
	n=9 build one
	assert_errors_have "it is tried again without"
	n=10 build one
	assert_no_errors
}

# in_net "PLACE..." COMMAND...: run_cmd in a network of its own, where something answers at each port or path
in_net() {
	cat >"$C/serve" <<-'P'
		use IO::Socket::INET; use IO::Socket::UNIX; use POSIX ();
		sub listening { my $at = shift; return $at =~ m{/} ? IO::Socket::UNIX->new(Local => $at, Listen => 5)
			: IO::Socket::INET->new(LocalAddr => "127.0.0.1:$at", Listen => 5) }
		my @s = map { listening($_) or die "$_: $!" } @ARGV;
		m{/} and chmod 0666, $_ for @ARGV;
		for my $s (@s) { next if fork; while (my $c = $s->accept) { print $c "answer\n"; close $c } }
		POSIX::_exit(0);
	P
	cat >"$C/notes/ask" <<-'P'
		use IO::Socket::INET; use IO::Socket::UNIX;
		for my $at (@ARGV) {
			my $s = $at =~ m{/} ? IO::Socket::UNIX->new(Peer => $at) : IO::Socket::INET->new("127.0.0.1:$at");
			print "$at ", $s ? <$s> : "$!\n";
		}
	P
	# shellcheck disable=SC2016,SC2086
	run_cmd unshare -n -p -f --mount-proc --kill-child bash -c 'ip link set lo up && perl "$0" $1 >/dev/null && shift && "$@"' \
		"$C/serve" "$@"
}

@test "the network: only where build_launcher_network says" {
	launcher launch "perl $C/notes/ask 7001 7002 >$C/notes/net 2>&1"
	compiling one 1
	settings "build_launcher=$C/bin/launch" "build_launcher_dir=$C/notes" \
		'build_launcher_network="127.0.0.1:7001, 192.0.2.0/24:80 nowhere.invalid"'
	in_net "7001 7002" "$DKMS" build one/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "build_launcher_network has what is no address and no host that is known: nowhere.invalid"
	assert_errors_have "the sandbox kept the build of one/1.0 from using the network (127.0.0.1 port 7002)"
	assert_errors_have "name it in build_launcher_network of framework.conf"
	grep -qx '7001 answer' "$C/notes/net"
	grep -q '7002 answer' "$C/notes/net" && return 1
	settings "build_launcher=$C/bin/launch" "build_launcher_dir=$C/notes" build_launcher_network=127.0.0.0/8
	in_net "7001 7002" "$DKMS" build one/1.0 -k "$K1" --force
	assert_status 0
	assert_no_errors
	grep -qx '7002 answer' "$C/notes/net"
	# what has no launcher has no network
	echo BUILD_LAUNCHER=no >/etc/dkms/one.conf
	sed -i 's/^all:/all: net/' /usr/src/one-1.0/Makefile
	echo "net:; @perl $C/notes/ask 7001" >>/usr/src/one-1.0/Makefile
	in_net "7001 7002" "$DKMS" build one/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "127.0.0.1 port 7001"
	assert_errors_have 'BUILD_SANDBOX="off"'
	[[ $(log_of one) != *answer* ]]
}

@test "the network: a local socket is let in" {
	mkdir "$C/run"
	launcher launch "perl $C/notes/ask $C/run/sock >$C/notes/net 2>&1"
	compiling one 1
	settings "build_launcher=$C/bin/launch" "build_launcher_dir=$C/notes" "build_launcher_network=$C/run/sock"
	in_net "$C/run/sock" "$DKMS" build one/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	grep -q answer "$C/notes/net"
}

@test "the build store does not care, and side by side they share jobs and cache" {
	kbuild_module quick 1.0
	mkdir -m 700 "$C/store"
	settings "build_store=$C/store"
	run_dkms build quick/1.0 -k "$K1"
	assert_status 0
	settings "build_store=$C/store" build_launcher=ccache
	run_dkms unbuild quick/1.0 -k "$K1"
	run_dkms build quick/1.0 -k "$K1"
	assert_no_errors
	run_dkms why quick/1.0 -k "$K1"
	assert_output_has "from the build store"
	refute_output_has "with ccache"
	run_dkms unbuild quick/1.0 --all
	settings build_launcher=ccache
	run_dkms build quick/1.0 -k "$K1" -k "$K2" -j 2
	assert_status 0
	assert_no_errors
	for k in "$K1" "$K2"; do
		[[ $(log_of quick "$k") == *"CC='ccache gcc-"* ]]
		[[ $(log_of quick "$k") != *jobserver* ]]
	done
	missed=$(stat_of cache_miss)
	[ "$missed" -gt 4 ]
	run_dkms unbuild quick/1.0 --all
	run_dkms build quick/1.0 -k "$K1" -k "$K2" -j 2
	assert_no_errors
	assert_same "$(stat_of cache_miss)" "$missed"
}
