#!/usr/bin/env bats
# Builds side by side: private build directories, one jobserver, one writer, an end that leaves nothing.
load ../lib/exits

refute_running() { # PATTERN of a command line
	if pgrep -f "$1"; then return 1; fi
}

@test "two kernels of one module are built at the same path at once" {
	make_module hello 1.0 'PRE_BUILD="meet"'
	# each waits for the other: one after the other would never end
	cat >/usr/src/hello-1.0/meet <<-EOS
		#!/bin/sh
		touch "$C/here.\$kernelver"
		for i in \$(seq 100); do
			[ -e "$C/here.$K1" ] && [ -e "$C/here.$K2" ] && break
			sleep 0.1
		done
		[ "\$i" -lt 100 ] && echo "\$kernelver" >made-for
	EOS
	chmod 755 /usr/src/hello-1.0/meet
	ends 0 build hello/1.0 -k "$K1" -k "$K2"
	for k in "$K1" "$K2"; do
		cmp <(modinfo -F vermagic "/var/lib/dkms/hello/1.0/$k/$ARCH/module/hello.ko" | cut -d' ' -f1) <(echo "$k")
		assert_same "$(head -n 1 "/var/lib/dkms/hello/1.0/$k/$ARCH/log/make.log")" \
			"DKMS (dkms-4.0.0) make.log for hello/1.0 for kernel $k ($ARCH)"
	done
	assert_same "$(find /var/lib/dkms/hello/1.0 -mindepth 1 -maxdepth 1 -printf "%f\n" | sort | xargs)" "$(printf '%s\n' "$K1" "$K2" source | sort | xargs)"
}

@test "two kernels of one module fail: build/ is the last one's, each keeps its log" {
	make_module hello 1.0 'MAKE[0]="echo for $kernelver; false"'
	ends 10 build hello/1.0 -k "$K1" -k "$K2"
	assert_exists /var/lib/dkms/hello/1.0/build/make.log
	for k in "$K1" "$K2"; do
		grep -q "^for $k" "/var/lib/dkms/hello/1.0/.failed/$k/$ARCH/log"
		assert_errors_have "/var/lib/dkms/hello/1.0/.failed/$k/$ARCH/log"
	done
	refute_exists /var/lib/dkms/hello/1.0/.build
}

@test "two kernels of one module, and the second is refused: the first one's directory goes all the same" {
	make_module hello 1.0
	mkdir -p /lib/modules/9.9.9-none
	ends 21 build hello/1.0 -k "$K1" -k 9.9.9-none -j 1
	assert_exists "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
	refute_exists /var/lib/dkms/hello/1.0/.build /var/lib/dkms/hello/1.0/build /var/lib/dkms/.dkms
}

@test "-j 2: never more than two builds at once, however many there are" {
	for m in a b c d e; do
		make_module "$m" 1.0 'PRE_BUILD="count"' 'AUTOINSTALL="yes"'
		cat >"/usr/src/$m-1.0/count" <<-EOS
			#!/bin/sh
			touch "$C/run.$m"
			ls "$C"/run.* | wc -l >>"$C/at-once"
			sleep 0.3
			rm "$C/run.$m"
		EOS
		chmod 755 "/usr/src/$m-1.0/count"
		tree_added "$m" 1.0
	done
	ends 0 autoinstall -k "$K1" -j 2
	assert_same "$(sort -n "$C/at-once" | tail -n 1)" 2
	assert_same "$(wc -l <"$C/at-once")" 5
}

@test "scripts run one at a time, however many builds run" {
	for m in a b c d; do
		make_module "$m" 1.0 'POST_BUILD="alone"
			PRE_INSTALL="alone"
			POST_INSTALL="alone"'
		cat >"/usr/src/$m-1.0/alone" <<-EOS
			#!/bin/sh
			mkdir "$C/alone" || echo "\$module is not alone" >>"$C/not-alone"
			sleep 0.2
			rmdir "$C/alone"
			echo "\$module" >>"$C/ran"
		EOS
		chmod 755 "/usr/src/$m-1.0/alone"
		tree_added "$m" 1.0
	done
	ends 0 autoinstall -k "$K1" -j 4
	refute_exists "$C/not-alone"
	assert_same "$(sort "$C/ran" | uniq -c | xargs)" "3 a 3 b 3 c 3 d"
}

@test "POST_BUILD keeps files of its build beside the modules, named by the dkms tree" {
	only_ours
	make_module hello 1.0 'MAKE[0]="echo $kernelver >config.h; sh ./mk $kernelver"
POST_BUILD="keep -a ${arch} -k ${kernelver} -t ${dkms_tree}"'
	cat >/usr/src/hello-1.0/keep <<-'EOS'
		#!/bin/sh
		exec cp "$6/hello/1.0/build/config.h" "$6/hello/1.0/$4/$2/"
	EOS
	chmod 755 /usr/src/hello-1.0/keep
	run_dkms add hello/1.0
	run_dkms build hello/1.0 -k "$K1" -k "$K2" -j 2
	assert_status 0
	for k in "$K1" "$K2"; do
		assert_same "$(<"/var/lib/dkms/hello/1.0/$k/$ARCH/config.h")" "$k"
		run_dkms install hello/1.0 -k "$k"
		assert_status 0
	done
	run_dkms remove hello/1.0 --all
	assert_status 0
	refute_exists /var/lib/dkms/hello
}

@test "who has the turn loses it when it is killed, and its script does not keep it" {
	for m in a b; do
		make_module "$m" 1.0 "POST_BUILD=\"stay\""
		cat >"/usr/src/$m-1.0/stay" <<-EOS
			#!/bin/sh
			[ ! -e "$C/first" ] || exit 0
			cut -d' ' -f4 /proc/\$PPID/stat >"$C/first.new"
			mv "$C/first.new" "$C/first"
			exec sleep 66.6
		EOS
		chmod 755 "/usr/src/$m-1.0/stay"
		tree_added "$m" 1.0
	done
	"$DKMS" autoinstall -k "$K1" -j 2 >"$C/out" 2>"$C/err" &
	pid=$!
	for i in $(seq 100); do [ -e "$C/first" ] && break || sleep 0.1; done
	kill -KILL "$(<"$C/first")"
	status=0
	wait "$pid" || status=$?
	assert_same "$status" 11
	grep -q "installed" "$C/out"
}

@test "makes share the jobs of one jobserver, and the log shows the classic command" {
	for m in a b; do
		kbuild_module "$m" 1.0
		tree_added "$m" 1.0
	done
	ends 0 autoinstall -k "$K1" -j 2
	for m in a b; do
		log=/var/lib/dkms/$m/1.0/$K1/$ARCH/log/make.log
		grep -q "^# command: make -j2 KERNELRELEASE=$K1 " "$log"
		refute_grep 'jobserver\|forced in submake' "$log"
	done
}

# A make of the version wanted. It opens the jobserver as make 4.4 does, by name, and lets the real one, which may be
# older, have it as a descriptor.
stub_make() {
	mkdir -p "$C/bin"
	cat >"$C/bin/make" <<-SH
		#!/bin/bash
		if [ "\$1" = --version ]; then echo "GNU Make $1"; exit; fi
		echo "as \$(id -u): \$MAKEFLAGS"
		if [[ \$MAKEFLAGS == *--jobserver-auth=fifo:* ]]; then
			fifo=\${MAKEFLAGS##*fifo:}
			exec 100>&- 90<>"\${fifo%% *}"
			echo "tokens: \$(timeout 0.1 head -c 1 <&90 | tee /dev/fd/90)"
			MAKEFLAGS=" -j2 --jobserver-auth=90,90"
		fi
		exec /usr/bin/make "\$@"
	SH
	chmod -R a+rX "$C/bin"
	chmod 755 "$C/bin/make"
	PATH=$C/bin:$PATH
}

@test "make 4.4 and later open the jobserver by name, in the sandbox too" {
	local log k
	stub_make 4.4.1
	kbuild_module a 1.0
	ends 0 build a/1.0 -k "$K1" -k "$K2" -j 3
	for k in "$K1" "$K2"; do
		log=/var/lib/dkms/a/1.0/$k/$ARCH/log/make.log
		grep -q '^as [1-9][0-9]*:  *-j3 --jobserver-auth=fifo:/.*/jobs$' "$log"
		# of three jobs each of the two builds has one for itself
		grep -q '^tokens: +$' "$log"
		refute_grep 'jobserver unavailable\|forced in submake\|ermission' "$log"
	done
	echo 'build_sandbox=off' >/etc/dkms/framework.conf.d/sandbox.conf
	ends 0 build a/1.0 -k "$K1" -k "$K2" --force -j 2
	grep -q '^as 0:  *-j2 --jobserver-auth=fifo:/.*/jobs$' "/var/lib/dkms/a/1.0/$K1/$ARCH/log/make.log"
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "an older make gets the jobserver as a descriptor" {
	stub_make 4.3
	kbuild_module a 1.0
	ends 0 build a/1.0 -k "$K1" -k "$K2" -j 2
	grep -q '^as [1-9][0-9]*:  *-j2 --jobserver-auth=100,100$' "/var/lib/dkms/a/1.0/$K1/$ARCH/log/make.log"
}

@test "make 4.4 gets it as a descriptor too where the path is no word of MAKEFLAGS" {
	stub_make 4.4.1
	kbuild_module a 1.0
	for dir in "a blank" 'd$o'; do
		mkdir -m 1777 "$C/$dir"
		TMPDIR=$C/$dir ends 0 build a/1.0 -k "$K1" -k "$K2" --force -j 2
		grep -q '^as [1-9][0-9]*:  *-j2 --jobserver-auth=100,100$' "/var/lib/dkms/a/1.0/$K1/$ARCH/log/make.log"
	done
}

@test "an interruption ends all builds at once and leaves nothing" {
	for m in a b; do
		make_module "$m" 1.0 "MAKE[0]=\"sleep 77.7\""
		tree_added "$m" 1.0
	done
	before=$(tree_digest /var/lib/dkms)
	"$DKMS" autoinstall -k "$K1" -j 2 >"$C/out" 2>"$C/err" &
	pid=$!
	for i in $(seq 100); do
		[ "$(pgrep -fc 'sleep 77.7')" -ge 2 ] && break
		sleep 0.1
	done
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	assert_same "$status" 130
	refute_running 'sleep 77.7'
	assert_same "$(tree_digest /var/lib/dkms | grep -v /build)" "$(grep -v /build <<<"$before")"
	refute_exists "/lib/modules/$K1/updates"
}

@test "a second dkms waits, and says for whom" {
	make_module slow 1.0 "MAKE[0]=\"touch $C/begun; for i in {1..300}; do [ -e $C/go ] && break; sleep 0.1; done; cp /usr/src/slow-1.0/slow.ko-\$kernelver slow.ko\""
	make_module other 1.0
	ready_ko "/usr/src/slow-1.0/slow.ko-$K1" slow 1.0 "$K1"
	"$DKMS" build slow/1.0 -k "$K1" >"$C/first" 2>&1 &
	first=$!
	for i in $(seq 100); do [ -e "$C/begun" ] && break || sleep 0.1; done
	"$DKMS" build other/1.0 -k "$K1" >"$C/second" 2>&1 &
	second=$!
	for i in $(seq 100); do grep -q waiting "$C/second" && break || sleep 0.1; done
	grep -q "waiting for another dkms to end: process $first, .*build slow/1.0" "$C/second"
	ends 0 status
	touch "$C/go"
	wait "$first"
	wait "$second"
	assert_dkms_status "other/1.0, $K1, $ARCH: built" "slow/1.0, $K1, $ARCH: built"
	refute_exists /var/lib/dkms/.dkms
}

@test "a dkms that a script of a running one calls works" {
	make_module inner 1.0
	make_module outer 1.0 'POST_INSTALL="again"'
	printf '#!/bin/sh\nexec "%s" install inner/1.0 -k "%s"\n' "$DKMS" "$K1" >/usr/src/outer-1.0/again
	chmod 755 /usr/src/outer-1.0/again
	ends 0 install outer/1.0 -k "$K1"
	assert_dkms_status "inner/1.0, $K1, $ARCH: installed" "outer/1.0, $K1, $ARCH: installed"
	assert_same "$(modinfo -k "$K1" -n inner)" "/lib/modules/$K1/updates/dkms/inner.ko"
}
