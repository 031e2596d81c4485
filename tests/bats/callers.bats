#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What dkms is started with and from: signals that are ignored, a terminal; and commands that spoil what is theirs.
load ../lib/dkms

setup() {
	world_up
}

# script FILE LINES...
script() {
	printf '%s\n' '#!/bin/sh' "${@:2}" >"$1"
	chmod 755 "$1"
}

@test "a signal that the caller ignores, as nohup does, ends nothing" {
	local sig
	make_module hello 1.0 'MAKE[0]="touch started; sleep 1; sh ./mk $kernelver"'
	for sig in HUP INT; do
		(trap '' "$sig" && exec "$DKMS" install --force hello/1.0 -k "$K1") >"$C/out" 2>&1 </dev/null 3>&- &
		until [ -e /var/lib/dkms/hello/1.0/build/started ]; do sleep 0.05; done
		kill "-$sig" $!
		wait $! || _fail "$sig: $(<"$C/out")"
		assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
		run_dkms unbuild hello/1.0 -k "$K1"
	done
	# its commands ignore it too
	make_module hello 2.0 'MAKE[0]="kill -HUP \$\$; sh ./mk $kernelver"'
	run_cmd sh -c "trap '' HUP; exec $DKMS build hello/2.0 -k $K1"
	assert_status 0
}

@test "a caller that ignores SIGCHLD hears of failures all the same" {
	local ignoring=(timeout -s KILL 60 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$DKMS")
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; false"'
	run_cmd "${ignoring[@]}" install hello/1.0 -k "$K1"
	assert_status 10
	make_module hello 2.0 'PRE_INSTALL="no"'
	script /usr/src/hello-2.0/no 'exit 1'
	run_cmd "${ignoring[@]}" install hello/2.0 -k "$K1"
	assert_status 101
	make_module hello 3.0
	run_cmd "${ignoring[@]}" install hello/3.0 -k "$K1"
	assert_status 0
}

@test "a script that uses the terminal is not stopped for it" {
	make_module hello 1.0 'POST_INSTALL="ask"'
	script /usr/src/hello-1.0/ask "stty -echo </dev/tty && stty echo </dev/tty && echo set >$C/asked" \
		'read -r answer </dev/tty || echo none >>'"$C/asked"
	run_cmd timeout -s KILL 60 script -qfec "$DKMS install hello/1.0 -k $K1" "$C/typescript"
	assert_status 0
	assert_same "$(cat "$C/asked")" $'set\nnone'
}

@test "a command that cuts its log short" {
	make_module hello 1.0 'MAKE[0]="echo x >make.log; echo hello.c:3:1: error: nonsense >&2; false"'
	for mode in auto off; do
		echo "BUILD_SANDBOX=$mode" >/etc/dkms/hello.conf
		run_cmd timeout -s KILL 60 "$DKMS" build hello/1.0 -k "$K1"
		assert_status 10
	done
}

@test "back to the older version, whose manifest stays" {
	make_module hello 1.0
	make_module hello 2.0
	run_dkms install hello/1.0 -k "$K1"
	run_dkms build hello/2.0 -k "$K1"
	mkdir "$C/bin"
	script "$C/bin/depmod" '[ "$1" != --version ] || exec /sbin/depmod --version' 'echo bad; exit 1'
	PATH=$C/bin:$PATH run_dkms install hello/2.0 -k "$K1"
	assert_status 6
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed" "hello/2.0, $K1, $ARCH: built"
}

@test "dkms called by a script of dkms waits for nobody, without /proc and in a PID namespace of its own too" {
	make_module other 1.0
	for how in "$DKMS" "unshare --pid --fork $DKMS"; do
		make_module hello 1.0 'POST_INSTALL="again"'
		script /usr/src/hello-1.0/again "$how build other/1.0 -k $K1" 'true'
		# looking for leaks needs the /proc of its own PID namespace, and before that any
		export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
		if ! grep -q __asan < <(nm -D "$DKMS"); then
			run_cmd unshare -m sh -c "mount -t tmpfs none /proc && exec timeout -s KILL 60 $DKMS install hello/1.0 -k $K1"
			assert_status 0
		fi
		run_cmd timeout -s KILL 60 "$DKMS" install --force hello/1.0 -k "$K1"
		assert_status 0
		assert_dkms_status "hello/1.0, $K1, $ARCH: installed" "other/1.0, $K1, $ARCH: built"
		for m in hello other; do run_dkms remove "$m/1.0" --all; done
	done
}
