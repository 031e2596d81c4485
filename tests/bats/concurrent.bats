#!/usr/bin/env bats
# Several dkms at once; dkms called by dkms; what a killed one leaves running.
load ../lib/dkms
load ../lib/crash

setup() {
	crash_up
	crash_source crash 1.0 "crash1 dummy"
	crash_source crash 2.0 "crash1 dummy"
	crash_source other 1.0 other
	crash_source third 1.0 third
}

# What can be told of a state that another one made meanwhile, or that the others wait.
refusals='is already added|is not in the dkms tree|is not built for|is not installed|is already installed|nothing to do'
refusals+='|is not there to|no module of|there is no kernel|is in use|is neither a file nor|kept, not replaced'

# is_right STATUS FILE: what went to stderr is such a refusal with its hint, and a status that is not 0 has an error there
is_right() {
	[ "$1" -lt 128 ] || return 1
	if grep -v '^  ' "$2" | grep -qvE "^dkms: (error|warning): .*($refusals)|^dkms: waiting for another dkms to end: process [0-9]+"; then
		return 1
	fi
	[ "$1" = 0 ] || grep -q '^dkms: error: ' "$2"
}

# worker N COMMAND...: the commands (words of one string each) in turn, until $until
worker() {
	local n=$1 command rc
	shift
	while [ "$SECONDS" -lt "$until" ]; do
		for command in "$@"; do
			rc=0
			# shellcheck disable=SC2086
			"$DKMS" $command >"$C/out.$n" 2>"$C/err.$n" </dev/null 3>&- || rc=$?
			if ! is_right "$rc" "$C/err.$n"; then
				{ echo "dkms $command: $rc"; cat "$C/err.$n"; } >>"$C/bad"
			fi
			echo "$command: $rc" >>"$C/done"
		done
	done
}

# Every installed module is what was built, every index what depmod makes, nothing is left over.
consistent() {
	local k before f
	run_dkms status
	assert_status 0
	assert_no_errors
	refute_output_has WARNING
	refute_output_has "Differences"
	for k in "$K1" "$K2"; do
		before=$(sha256sum "$C/now/opt/lib/modules/$k"/modules.{dep,alias,symbols}{,.bin})
		depmod -b "$C/now/opt" "$k"
		assert_same "$(sha256sum "$C/now/opt/lib/modules/$k"/modules.{dep,alias,symbols}{,.bin})" "$before" "the index"
		f=opt/lib/modules/$k/kernel/drivers/net/dummy.ko
		[ -e "$C/now/$f" ] || f=var/crash/original_module/$k/$ARCH/dummy.ko
		cmp "$C/now/$f" "$WORLD/modules/$k/kernel/drivers/net/dummy.ko"
	done
	assert_same "$(find "$C/now" -name '*.dkms-*' -o -name '.new-*' -o -name .build -o -name .dkms -o -path "$C/now/tmp/*")" ""
}

@test "what eight processes are held to is not empty" {
	local bad=0
	printf 'dkms: error: crash/1.0 is not in the dkms tree\n  a hint\n' >"$C/err"
	is_right 3 "$C/err"
	is_right 137 "$C/err" || bad=$((bad + 1))
	printf 'dkms: warning: crash/1.0 is in use\n' >"$C/err"
	is_right 0 "$C/err"
	is_right 5 "$C/err" || bad=$((bad + 1))
	: >"$C/err"
	is_right 0 "$C/err"
	is_right 1 "$C/err" || bad=$((bad + 1))
	printf 'dkms: error: crash/1.0 is not installed\nmv: cannot stat it\n' >"$C/err"
	is_right 5 "$C/err" || bad=$((bad + 1))
	printf 'dkms: error: the journal cannot be read\n' >"$C/err"
	is_right 1 "$C/err" || bad=$((bad + 1))
	assert_same "$bad" 5
}

@test "eight processes with the same trees, and one that looks" {
	local until=$((SECONDS + ${DKMS_TEST_SECONDS:-10})) n
	: >"$C/bad"
	: >"$C/done"
	worker 1 "install crash/1.0 -k $K1" "uninstall crash/1.0 -k $K1" &
	worker 2 "install crash/2.0 -k $K1" "remove crash/2.0 -k $K1" &
	worker 3 "build other/1.0 -k $K1 -k $K2" "unbuild other/1.0 -k $K1" &
	worker 4 "add third/1.0" "install third/1.0 -k $K2" "remove third/1.0 --all" &
	worker 5 "autoinstall -k $K1" "install --force other/1.0 -k $K2" &
	worker 6 "install crash/1.0 -k $K2" "remove crash/1.0 --all" &
	worker 7 "autoinstall -k $K2" "kernel_prerm -k $K2" &
	worker 8 "mktarball crash/1.0 -k $K1 --archive $C/crash.tar.gz" "ldtarball --force $C/crash.tar.gz" "status" &
	while [ "$SECONDS" -lt "$until" ]; do
		run_cmd "$DKMS" status
		[ "$status" = 0 ] && [ -z "$errors" ] || { echo "status: $status"; echo "$errors"; } >>"$C/bad"
	done
	wait
	n=$(wc -l <"$C/done")
	echo "# $n commands of eight processes at once" >&3
	assert_same "$(head -40 "$C/bad")" ""
	[ "$n" -ge 16 ]
	consistent
}

@test "a look at what is taken away meanwhile" {
	local pid
	"$DKMS" add third/1.0 >/dev/null
	# it has just read the version's directory when another one removes that (looking for leaks fails under ptrace)
	ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" strace -o "$C/trace" -e trace=openat,newfstatat \
		-e inject=newfstatat:delay_enter=2000000:when=7+ \
		"$DKMS" status >"$C/slow.out" 2>"$C/slow.err" </dev/null 3>&- &
	pid=$!
	until grep -qs '"1.0"' "$C/trace"; do kill -0 "$pid"; done
	"$DKMS" remove third/1.0 --all >/dev/null
	wait "$pid"
	assert_same "$(cat "$C/slow.err" "$C/slow.out")" ""
}

@test "dkms called by scripts of a running dkms" {
	local s
	cat >"$C/now/src/crash-1.0/again" <<-SH
		#!/bin/sh
		exec dkms "\$@"
	SH
	chmod +x "$C/now/src/crash-1.0/again"
	cat >>"$C/now/src/crash-1.0/dkms.conf" <<-CONF
		POST_BUILD="again add third/1.0"
		PRE_INSTALL="again build third/1.0 -k $K1"
		POST_INSTALL="again install other/1.0 -k $K1"
		POST_REMOVE="again uninstall other/1.0 -k $K1"
	CONF
	run_cmd timeout 60 "$DKMS" install crash/1.0 -k "$K1"
	assert_status 0
	refute_output_has "waiting for"
	assert_dkms_status "crash/1.0, $K1, $ARCH: installed (Original modules exist)" "other/1.0, $K1, $ARCH: installed" \
		"third/1.0, $K1, $ARCH: built"
	consistent
	run_cmd timeout 60 "$DKMS" uninstall crash/1.0 -k "$K1"
	assert_status 0
	assert_dkms_status "crash/1.0, $K1, $ARCH: built" "other/1.0, $K1, $ARCH: built" "third/1.0, $K1, $ARCH: built"
	consistent
}

# The first index is made, and then its depmod goes on for as long as $C/late is not there, though not for ever.
slow_depmod() {
	mkdir "$C/bin"
	cat >"$C/bin/depmod" <<-SH
		#!/bin/sh
		$(command -v depmod) "\$@" || exit
		case " \$* " in *" -a "*) mkdir "$C/indexed" 2>/dev/null || exit 0 ;; *) exit 0 ;; esac
		for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$C/late" ] || sleep 0.2; done
	SH
	chmod +x "$C/bin/depmod"
	PATH=$C/bin:$PATH
}

@test "an index that was begun before a change is not put over the one of that change: two dkms trees" {
	slow_depmod
	"$DKMS" install crash/1.0 -k "$K1" >/dev/null 2>"$C/first.err" 3>&- &
	started "$C/indexed"
	run_dkms install third/1.0 -k "$K1" --dkmstree "$C/now/var2"
	touch "$C/late"
	assert_status 0
	wait $!
	assert_same "$(cat "$C/first.err")" ""
	run_dkms status --dkmstree "$C/now/var2"
	assert_output "third/1.0, $K1, $ARCH: installed"
	consistent
}

@test "an index that was begun before a change is not put over the one of that change: a script of a build" {
	slow_depmod
	cat >"$C/now/src/crash-1.0/more" <<-SH
		#!/bin/sh
		until [ -e "$C/indexed" ]; do sleep 0.1; done
		dkms install third/1.0 -k "$K1"
		touch "$C/late"
	SH
	chmod +x "$C/now/src/crash-1.0/more"
	# the other kernel's build needs no turn: it could wait for this script, and this script for it
	echo "[ \"\$kernelver\" != $K2 ] || POST_BUILD=more" >>"$C/now/src/crash-1.0/dkms.conf"
	run_cmd timeout 60 "$DKMS" install crash/1.0 -k "$K1" -k "$K2" -j 2
	assert_status 0
	assert_exists "$C/late"
	assert_dkms_status "crash/1.0, $K2, $ARCH: installed (Original modules exist)" \
		"crash/1.0, $K1, $ARCH: installed (Original modules exist)" "third/1.0, $K1, $ARCH: installed"
	consistent
}

@test "a kernel that another program has locked: it is said, and a signal ends the wait" {
	local fd
	exec {fd}<"$C/now/opt/lib/modules/$K1"
	flock "$fd"
	"$DKMS" install third/1.0 -k "$K1" >"$C/out" 2>"$C/err" 3>&- {fd}<&- &
	until grep -q "waiting for another dkms that changes the modules of kernel $K1" "$C/out"; do kill -0 $!; done
	kill -TERM $!
	status=0
	wait $! || status=$?
	assert_same "$status" 143
	assert_same "$(find "$C/now" -name 'third.ko' -path '*/opt/*' -o -name '.dkms')" ""
	flock -u "$fd"
	run_dkms install third/1.0 -k "$K1"
	assert_status 0
	refute_output_has waiting
	consistent
}

@test "a file system that has no locks: it is said once, and gone on" {
	# looking for leaks fails under ptrace
	export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
	local no_locks=(strace -f -o /dev/null -e inject=flock:error=ENOLCK -e trace=flock)
	run_cmd "${no_locks[@]}" "$DKMS" install third/1.0 -k "$K1"
	assert_status 0
	assert_same "$(grep -o "'.*' has no locks ([^)]*)" <<<"$errors")" \
		"'$C/now/opt/lib/modules/$K1' has no locks (No locks available)"
	no_locks=(strace -f -o /dev/null -e inject=fcntl:error=ENOLCK -e trace=fcntl -P "$C/now/var/.dkms/lock")
	run_cmd "${no_locks[@]}" "$DKMS" uninstall third/1.0 -k "$K1"
	assert_status 0
	assert_same "$(grep -o "'.*' has no locks ([^)]*)" <<<"$errors")" "'$C/now/var' has no locks (No locks available)"
	consistent
}

# started FILE: waits until it is there
started() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ ! -e "$1" ] || return 0
		sleep 0.1
	done
	return 1
}

@test "a killed holder is no holder, nor is what its script left running" {
	local pid
	printf '#!/bin/sh\nsleep 55.5 &\necho $! >%s/left.new\nmv %s/left.new %s/left\nwait\n' "$C" "$C" "$C" \
		>"$C/now/src/crash-1.0/stay"
	chmod +x "$C/now/src/crash-1.0/stay"
	echo 'POST_INSTALL=stay' >>"$C/now/src/crash-1.0/dkms.conf"
	"$DKMS" install crash/1.0 -k "$K1" >/dev/null 2>&1 </dev/null 3>&- &
	pid=$!
	started "$C/left"
	kill -KILL "$pid"
	wait "$pid" || :
	kill -0 "$(<"$C/left")"
	run_cmd timeout 30 "$DKMS" install other/1.0 -k "$K1"
	assert_status 0
	refute_output_has "waiting for"
	kill "$(<"$C/left")"
	assert_dkms_status "crash/1.0, $K1, $ARCH: installed (Original modules exist)" "other/1.0, $K1, $ARCH: installed"
	consistent
}

@test "one waits for the other, and says for whom" {
	local pid
	printf '#!/bin/sh\ntouch %s/left\nwhile [ ! -e %s/go ]; do sleep 0.1; done\n' "$C" "$C" >"$C/now/src/crash-1.0/stay"
	chmod +x "$C/now/src/crash-1.0/stay"
	echo 'POST_INSTALL=stay' >>"$C/now/src/crash-1.0/dkms.conf"
	"$DKMS" install crash/1.0 -k "$K1" >/dev/null 2>&1 </dev/null 3>&- &
	pid=$!
	started "$C/left"
	"$DKMS" install other/1.0 -k "$K1" >"$C/second" 2>&1 </dev/null 3>&- &
	until grep -q waiting "$C/second"; do sleep 0.1; done
	grep -q "waiting for another dkms to end: process $pid, .*install crash/1.0" "$C/second"
	run_dkms status
	assert_status 0
	touch "$C/go"
	wait
	assert_dkms_status "crash/1.0, $K1, $ARCH: installed (Original modules exist)" "other/1.0, $K1, $ARCH: installed"
	consistent
}

# A make that is told by signals only in time.
slow_build() { # SANDBOX
	echo "build_sandbox=$1" >>/etc/dkms/framework.conf.d/crash.conf
	cat >"$C/now/src/crash-1.0/slow" <<-'SH'
		[ -e /usr/src/quick ] || { touch started; sleep 5; echo spoilt >"$1/crash1.ko"; exit; }
		sh ./mk "$2"
	SH
	echo "MAKE[0]='sh ./slow \$dkms_tree/crash/1.0/build \$kernelver'" >>"$C/now/src/crash-1.0/dkms.conf"
	"$DKMS" build crash/1.0 -k "$K1" >/dev/null 2>&1 </dev/null 3>&- &
	slow=$!
	started "$C/now/var/crash/1.0/build/started"
	kill -KILL "$slow"
	wait "$slow" || :
	touch /usr/src/quick
	run_cmd timeout 60 "$DKMS" install crash/1.0 -k "$K1"
	assert_status 0
	assert_output_has "building crash/1.0"
	cmp "$C/now/var/crash/1.0/$K1/$ARCH/module/crash1.ko" "$C/now/src/crash-1.0/ko/$K1/crash1.ko"
	consistent
}

@test "a make that outlives its dkms spoils nothing" {
	slow_build auto
}

@test "a make that outlives its dkms spoils nothing, without a sandbox" {
	slow_build off
	sleep 6
	consistent
}
