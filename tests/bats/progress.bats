#!/usr/bin/env bats
# What a build shows of itself while it runs.
load ../lib/dkms

slow_module() {
	make_module alpha 1.0 'MAKE[0]="sleep 2; sh ./mk $kernelver"'
}

# on_terminal COMMAND...: runs it on a terminal of its own, 60 columns wide; $output is what was written there
on_terminal() {
	local line
	printf -v line '%q ' "$@"
	run_cmd script -qefc "stty cols 60; $line" /dev/null
}

@test "on a terminal a line shows what goes on, and is gone after it" {
	slow_module
	unset NO_COLOR
	TERM=xterm on_terminal "$DKMS" build alpha/1.0 -k "$K1"
	assert_status 0
	assert_output_has $'\r\033[Kbuilding alpha/1.0 for '
	assert_output_has $'\033[2m (1 s)\033[0m'
	assert_output_has $'\r\033[Kalpha/1.0, '"$K1, $ARCH: built"
}

@test "NO_COLOR: the line has no colours" {
	slow_module
	NO_COLOR=1 TERM=xterm on_terminal "$DKMS" build alpha/1.0 -k "$K1"
	assert_status 0
	assert_output_has ' (1 s)'
	refute_output_has $'\033[2m'
}

@test "TERM=dumb: plain lines" {
	slow_module
	TERM=dumb on_terminal "$DKMS" build alpha/1.0 -k "$K1"
	assert_status 0
	assert_output_has "building alpha/1.0 for $K1"
	refute_output_has $'\033'
}

@test "no terminal: plain lines" {
	slow_module
	run_dkms build alpha/1.0 -k "$K1"
	assert_status 0
	assert_output_has "building alpha/1.0 for $K1"
	assert_output_has "alpha/1.0, $K1, $ARCH: built"
	refute_output_has $'\033'
}

@test "--quiet says nothing on a terminal" {
	slow_module
	TERM=xterm on_terminal "$DKMS" build --quiet alpha/1.0 -k "$K1"
	assert_status 0
	assert_output ''
}

@test "a script's own output finds a clean line" {
	slow_module
	printf '#!/bin/sh\necho from the script\n' >/usr/src/alpha-1.0/post
	chmod +x /usr/src/alpha-1.0/post
	echo 'POST_INSTALL=post' >>/usr/src/alpha-1.0/dkms.conf
	TERM=xterm on_terminal "$DKMS" install alpha/1.0 -k "$K1"
	assert_status 0
	[[ $output =~ ($'\n'|$'\033[K')"from the script" ]] || _fail "the line should be cleared first"
}
