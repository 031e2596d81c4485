#!/usr/bin/env bats
# Builds side by side: private build directories, one jobserver, one writer, an end that leaves nothing.
load ../lib/exits

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

# A compiler that tells in the log when it began and ended to make an object of a module.
counting_compiler() {
	stub gcc-12 'exec "$0.bash" "$@"'
	cat >"$C/bin/gcc-12.bash" <<-'SH'
		#!/bin/bash
		PATH=${PATH#*:}
		case " $* " in
		*" -DMODULE "*" -c "*_unit*".c ") ;;
		*) exec gcc-12 "$@" ;;
		esac
		status=0
		echo "job $EPOCHREALTIME 1" >&2
		gcc-12 "$@" || status=$?
		sleep 0.1
		echo "job $EPOCHREALTIME -1" >&2
		exit "$status"
	SH
	chmod 755 "$C/bin/gcc-12.bash"
}

# units_module NAME UNITS [CONF_LINES]: one module of so many files
units_module() {
	local i units=''
	kbuild_module "$1" 1.0 "${3:-}"
	for ((i = 0; i < $2; i++)); do
		echo "int $1_$i(void); int $1_$i(void) { return $i; }" >"/usr/src/$1-1.0/$1_unit$i.c"
		units+=" $1_unit$i.o"
	done
	mv "/usr/src/$1-1.0/$1.c" "/usr/src/$1-1.0/$1_unit.c"
	printf 'obj-m := %s.o\n%s-y := %s_unit.o%s\n' "$1" "$1" "$1" "$units" >"/usr/src/$1-1.0/Makefile"
	tree_added "$1" 1.0
}

jobs_of() { # MODULE...: when each job of theirs began (1) and ended (-1), in order
	local m
	for m in "$@"; do sed -n 's/^job //p' "/var/lib/dkms/$m/1.0/$K1/$ARCH/log/make.log"; done | sort -n
}

at_once() { # how many of them ran at the same time, at most
	jobs_of "$@" | awk '{ n += $2; if (n > max) max = n } END { print max + 0 }'
}

@test "-j 2: three modules of many files never have more than two jobs of the compiler, and have two" {
	local m
	counting_compiler
	for m in a b c; do units_module "$m" 3; done
	ends 0 autoinstall -k "$K1" -j 2
	assert_same "$(jobs_of a b c | wc -l)" 24
	assert_same "$(at_once a b c)" 2
}

@test "a make that has its own -j gets the jobs that are free; the others wait for it" {
	local m
	counting_compiler
	# shellcheck disable=SC2016
	units_module a 5 'MAKE[0]="make -j8 -C $kernel_source_dir M=$dkms_tree/a/1.0/build modules"'
	units_module b 2
	units_module c 2
	ends 0 autoinstall -k "$K1" -j 3
	assert_same "$(jobs_of a | wc -l)" 12
	assert_same "$(jobs_of b c | wc -l)" 12
	[ "$(at_once a)" -gt 3 ]
	[ "$(at_once b c)" -gt 1 ] && [ "$(at_once b c)" -le 3 ]
	# not one job of the others while it runs
	[[ $(jobs_of a | tail -n 1) < $(jobs_of b c | head -n 1) ]]
}

@test "output of builds side by side never mixes" {
	local m k n log kernels="($K1|$K2)"
	for m in a b; do
		make_module "$m" 1.0 "MAKE[0]=\"sh ./talk $m \$kernelver && sh ./mk \$kernelver\""
		# in pieces, so that lines could be torn; both outputs; for as long as the others talk
		cat >"/usr/src/$m-1.0/talk" <<-'SH'
			i=0
			while [ $i -lt 1000 ]; do
				i=$((i + 1))
				printf 'out %s ' "$1"
				printf '%s line %s\n' "$2" $i
				printf 'err %s ' "$1" >&2
				printf '%s line %s\n' "$2" $i >&2
			done
		SH
	done
	for m in a b; do ends 0 add "$m/1.0"; done
	ends 0 autoinstall --all-kernels -j 4 --verbose
	for m in a b; do
		for k in "$K1" "$K2"; do
			log=/var/lib/dkms/$m/1.0/$k/$ARCH/log/make.log
			assert_same "$(grep -c ' line ' "$log")" 2000
			for n in out err; do
				assert_same "$(grep "^$n " "$log")" "$(seq -f "$n $m $k line %g" 1000)" "what $m said for $k"
			done
		done
	done
	# what dkms says: whole lines, of one build each, and nothing of a make
	refute_output_has " line "
	assert_no_errors
	if grep -vE "^([ab]/1\.0, $kernels, $ARCH|$kernels|autoinstall for $kernels \($ARCH\) succeeded): [a-z0-9/. ]+$" <<<"$output"; then
		_fail "other lines"
	fi
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

_running() { ps -C dkms,dkms-sandbox,make,sleep,depmod,my-sign,post -o pid=,args= || :; }

# interrupted SIGNAL WHOM SLEEPERS ARGS...: dkms, or with WHOM "group" its process group as by Ctrl-C, gets SIGNAL when so
# many of its programs sleep; it dies of it soon, and nothing is left running. What it said is in $C/said.
interrupted() {
	local signal=$1 whom=$2 sleepers=$3 starter pid i sleeping='^sleep [0-9]+[.]7$' before
	shift 3
	before=$(_running)
	rm -f "$C/pid" "$C/end"
	# background processes of a script would ignore SIGINT
	perl -e '
		my ($pid_file, $end_file) = splice(@ARGV, 0, 2);
		sub put { open(my $f, ">", "$_[0].new") or die; print $f $_[1]; close($f); rename("$_[0].new", $_[0]); }
		defined(my $pid = fork) or die;
		if (!$pid) {
			setpgrp(0, 0);
			$SIG{$_} = "DEFAULT" for qw(INT TERM QUIT HUP);
			exec(@ARGV) or die;
		}
		put($pid_file, $pid);
		waitpid($pid, 0);
		put($end_file, $? & 127 ? "died of " . ($? & 127) : "exit status " . ($? >> 8));
	' "$C/pid" "$C/end" "$DKMS" "$@" >"$C/said" 2>&1 </dev/null 3>&- &
	starter=$!
	for ((i = 0; i < 1200; i++)); do
		[ "$(pgrep -cf "$sleeping")" != "$sleepers" ] || break
		sleep 0.05
	done
	assert_same "$(pgrep -cf "$sleeping")" "$sleepers" "programs that sleep" || return 1
	pid=$(<"$C/pid")
	if [ "$whom" = group ]; then kill "-$signal" -- "-$pid"; else kill "-$signal" "$pid"; fi
	for ((i = 0; i < 1200; i++)); do
		[ ! -e "$C/end" ] || break
		sleep 0.05
	done
	[ -e "$C/end" ] || kill -KILL "$pid"
	wait "$starter"
	assert_same "$(<"$C/end")" "died of $(kill -l "$signal")" || return 1
	assert_same "$(_running)" "$before" "what runs before and after"
}

all_trees() {
	tree_digest /var/lib/dkms /usr/lib/modules /usr/src /etc/dkms /boot /var/cache/dkms "$TMPDIR" |
		grep -v '/lib/dkms/[ab]/1.0/build -> $'
}

# runs_well KERNEL...: with nothing in the way autoinstall for them ends well: a/1.0 and b/1.0 are there, in the index too
runs_well() {
	local k m
	touch "$C/quick" /usr/src/quick
	ends 0 autoinstall --all-kernels -j 2
	no_leftovers
	refute_exists /var/lib/dkms/.dkms
	for k; do
		for m in a b; do
			cmp "/var/lib/dkms/$m/1.0/$k/$ARCH/module/$m.ko" "/lib/modules/$k/updates/dkms/$m.ko"
			grep -q "^updates/dkms/$m.ko:" "/lib/modules/$k/modules.dep"
		done
	done
}

slow_make() { # NAME
	# shellcheck disable=SC2016
	make_module "$1" 1.0 'MAKE[0]="touch litter; [ -e /usr/src/quick ] || sleep 77.7; sh ./mk $kernelver"'
	ends 0 add "$1/1.0"
}

@test "Ctrl-C during the makes of two modules: both end, and nothing was there" {
	local before
	slow_make a
	slow_make b
	before=$(all_trees)
	interrupted INT group 2 autoinstall -k "$K1" -j 2
	assert_same "$(all_trees)" "$before"
	interrupted QUIT group 2 autoinstall -k "$K1" -j 2
	assert_same "$(all_trees)" "$before"
	runs_well "$K1"
}

@test "an end that is asked for during the makes of two kernels of one module: nothing was there" {
	local before
	slow_make a
	before=$(all_trees)
	interrupted TERM dkms 2 build a/1.0 -k "$K1" -k "$K2" -j 2
	assert_same "$(all_trees)" "$before"
	slow_make b
	interrupted TERM dkms 2 autoinstall --all-kernels -j 2
	ends 0 remove b/1.0 --all
	rm -r /usr/src/b-1.0
	assert_same "$(all_trees)" "$before"
	slow_make b
	runs_well "$K1" "$K2"
}

@test "Ctrl-C during POST_INSTALL: what is installed stays, and is in the index" {
	local m n=0
	for m in a b; do
		make_module "$m" 1.0 'POST_INSTALL=post'
		script "/usr/src/$m-1.0/post" "[ -e $C/quick ] || sleep 77.7"
		ends 0 add "$m/1.0"
	done
	interrupted INT group 1 autoinstall -k "$K1" -j 2
	for m in a b; do
		[ ! -e "/lib/modules/$K1/updates/dkms/$m.ko" ] || n=$((n + 1))
		assert_same "$(grep -c "^updates/dkms/$m.ko:" "/lib/modules/$K1/modules.dep")" \
			"$(find "/lib/modules/$K1/updates" -name "$m.ko" | wc -l)"
	done
	assert_same "$n" 1
	run_dkms status
	assert_same "$(grep -c ': installed$' <<<"$output")" 1
	no_leftovers
	refute_exists /var/lib/dkms/.dkms
	runs_well "$K1"
}

@test "Ctrl-C during depmod: it ends first, so what is installed is in the index" {
	local m real
	for m in a b; do
		make_module "$m" 1.0
		ends 0 add "$m/1.0"
	done
	real=$(command -v depmod)
	stub depmod "[ \"\$1\" = --version ] || [ -e $C/quick ] || sleep 1.7" "exec $real \"\$@\""
	interrupted INT group 1 autoinstall -k "$K1" -j 2
	assert_dkms_status "a/1.0, $K1, $ARCH: installed" "b/1.0, $K1, $ARCH: installed"
	for m in a b; do grep -q "^updates/dkms/$m.ko:" "/lib/modules/$K1/modules.dep"; done
	no_leftovers
	refute_exists /var/lib/dkms/.dkms
	runs_well "$K1"
}

@test "an end that is asked for while a module is signed: nothing was there" {
	local before
	make_module a 1.0
	make_module b 1.0
	ends 0 add a/1.0
	ends 0 add b/1.0
	script "$C/my-sign" "[ -e $C/quick ] || sleep 77.7"
	printf '%s\n' try_sign_modules=true "sign_file=$C/my-sign" >/etc/dkms/framework.conf.d/tests.conf
	ends 0 generate_mok
	before=$(all_trees)
	interrupted TERM group 2 autoinstall -k "$K1" -j 2
	assert_same "$(all_trees)" "$before"
	interrupted HUP dkms 1 build a/1.0 -k "$K1"
	assert_same "$(all_trees)" "$before"
	runs_well "$K1"
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
