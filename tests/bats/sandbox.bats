#!/usr/bin/env bats
# The sandbox of builds: what it keeps from a build, what it lets through, and what is said of it.
load ../lib/dkms
bats_require_minimum_version 1.5.0

setup() {
	only_ours
	world_up
	echo keep >/etc/keep
	mkdir /etc/dkms/key
	echo secret >/etc/dkms/key/mok.priv
	chmod 644 /etc/dkms/key/mok.priv
	echo 'mok_signing_key=/etc/dkms/key/mok.priv' >>/etc/dkms/framework.conf.d/tests.conf
	default_key
	for d in "$W" "$C"; do chmod 755 "$d"; done
}

# as dkms makes it, where no other one is set
default_key() { (umask 077 && echo secret >/var/lib/dkms/mok.key); }

mode() { echo "build_sandbox=$1" >>/etc/dkms/framework.conf.d/tests.conf; }

log_of() { echo "/var/lib/dkms/$1/1.0/$K1/$ARCH/log/make.log"; }

# trying NAME COMMAND: a module whose make runs COMMAND before it makes the module
trying() {
	make_module "$1" 1.0 'MAKE[0]="sh ./try && sh ./mk $kernelver"'
	printf '%s\n' "$2" >"/usr/src/$1-1.0/try"
}

@test "make runs as nobody in particular, alone, with empty places and without a network" {
	trying hello 'echo "uid $(id -u) groups $(id -G)"; echo "pids $(ls /proc | grep -c "^[0-9]")"
		echo "tmp [$(ls -A /tmp /var/tmp /dev/shm | xargs)] run [$(ls -A /run)]"
		echo "routes $(tail -n +2 /proc/net/route | wc -l)"
		grep -E "NoNewPrivs|CapEff" /proc/self/status; echo "home $HOME tmpdir $TMPDIR"; touch /tmp/x
		test ! -w /usr -a ! -w / -a -w . && echo places'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	log=$(<"$(log_of hello)")
	[[ $log =~ uid\ ([0-9]+)\ groups\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -ge 65536 ]
	assert_same "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
	[[ $log =~ pids\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -lt 10 ]
	[[ $log == *"tmp [/dev/shm: /tmp: /var/tmp:] run []"* ]]
	[[ $log == *"routes 0"* ]]
	[[ $log == *"CapEff:	0000000000000000"* ]]
	[[ $log == *"NoNewPrivs:	1"* ]]
	[[ $log == *"home /tmp tmpdir /tmp"* ]]
	[[ $log == *places* ]]
	refute_exists /tmp/x
	assert_same "$(find /var/lib/dkms ! -user root)" ""
}

# evil_module PREFIX: its makefile tries all that it must not; PREFIX "-": and minds no failure. It knows the process id
# of the dkms that evil_build starts.
evil_module() {
	make_module evil 1.0 'MAKE[0]="make -k -f evil.mk kernel=$kernelver"'
	cat >/usr/src/evil-1.0/evil.mk <<-MK
		SHELL := /bin/bash
		.RECIPEPREFIX = >
		# what two of them say at once would mix in the log
		.NOTPARALLEL:
		all: write shadow key default net kill one daemon tmp fill
		>sh ./mk \$(kernel)
		write:
		>${1}echo gone >/etc/keep
		shadow:
		>${1}cat /etc/shadow
		key:
		>${1}cat /etc/dkms/key/mok.priv
		default:
		>${1}cat /var/lib/dkms/mok.key
		net:
		>${1}echo >/dev/tcp/192.0.2.1/80
		kill:
		>${1}kill -9 \$\$(cat pid)
		one:
		>${1}kill -9 1
		daemon:
		>${1}setsid sleep 1000 </dev/null >/dev/null 2>&1 &
		tmp:
		>${1}head -c 20M /dev/zero >/tmp/fat
		fill:
		>${1}head -c 20M /dev/zero >fat
	MK
}

# In a process group of its own, so that a kill of a group would show; sets what run_cmd does.
evil_build() {
	# shellcheck disable=SC2016
	run_cmd setsid -w sh -c 'echo $$ >/usr/src/evil-1.0/pid; exec "$@"' sh "$DKMS" build evil/1.0 -k "$K1" "$@"
	dkms_pid=$(</usr/src/evil-1.0/pid)
}

evil_was_named_and_is_gone() {
	local what
	for what in "writing '/etc/keep'" "reading '/etc/shadow'" "reading '/etc/dkms/key/mok.priv'" \
		"reading '/var/lib/dkms/mok.key'" "using the network (192.0.2.1 port 80)" "signalling process $dkms_pid" "signalling process 1" \
		"left processes running, which were ended: sleep" 'BUILD_SANDBOX="off"'; do
		assert_errors_have "$what" || return 1
	done
	refute_errors_have " more"
	refute_errors_have "tried again"
	assert_same "$(</etc/keep)" keep
	if grep -rE 'root:|secret' /var/lib/dkms/evil --include=make.log; then return 1; fi
	assert_same "$(grep -rhE '(shadow|mok.priv|mok.key): Operation not permitted' /var/lib/dkms/evil --include=make.log | wc -l)" 3
	assert_same "$(ps -C dkms,dkms-sandbox,make,sleep,head -o pid=,args=)" "" "what still runs"
	assert_same "$(find /var/lib/dkms -name fat -size +8M)" "" "what fills the disk"
	assert_same "$(find /var/lib/dkms ! -user root)" ""
}

@test "a build that tries everything it must not" {
	mode strict
	evil_module ''
	echo 'build_limits="fsize=8M"' >>/etc/dkms/framework.conf.d/tests.conf
	# no more than eight things are named
	sed -i '/^all:/s/ tmp / /' /usr/src/evil-1.0/evil.mk
	evil_build
	assert_status 10
	evil_was_named_and_is_gone
	assert_errors_have "making '/var/lib/dkms/evil/1.0/build/fat' larger than 8 MiB"
	assert_errors_have "a larger fsize in build_limits of framework.conf"
	sed -i '/^all:/s/ key default / tmp /' /usr/src/evil-1.0/evil.mk
	evil_build
	assert_status 10
	assert_errors_have "making '/var/lib/dkms/evil/1.0/build/fat' larger than 8 MiB"
	assert_errors_have "making '/tmp/fat' larger than 8 MiB"
	refute_errors_have " more"
	refute_exists "/var/lib/dkms/evil/1.0/$K1"
	run_dkms remove evil/1.0 --all
	assert_status 0
	refute_exists /var/lib/dkms/evil
}

@test "the same where no failure is minded: it builds, and each is named all the same" {
	local how
	evil_module -
	echo 'build_limits="fsize=8M"' >>/etc/dkms/framework.conf.d/tests.conf
	for how in auto strict; do
		mode $how
		evil_build --force
		assert_status 0
		evil_was_named_and_is_gone
		refute_errors_have "larger than"
		refute_errors_have fsize
		cmp "/var/lib/dkms/evil/1.0/$K1/$ARCH/module/evil.ko" "/usr/src/evil-1.0/ko/$K1/evil.ko"
		refute_exists /var/lib/dkms/evil/1.0/build
	done
}

@test "the same on a disk that it fills: it is stopped, named all the same, and nothing of it is left there" {
	mount -t tmpfs -o size=40m tmpfs /var/lib/dkms
	default_key
	evil_module -
	sed -i '$s/20M/200M/' /usr/src/evil-1.0/evil.mk
	evil_build
	assert_status 10
	assert_errors_have "it has filled the disk"
	evil_was_named_and_is_gone
	assert_same "$(ls /var/lib/dkms/evil/1.0/build)" make.log
	[ "$(df --output=used -k /var/lib/dkms | tail -1)" -lt 2000 ]
	umount /var/lib/dkms
}

@test "kill -9 -1 ends the build and nothing else" {
	mode strict
	sleep 60 3>&- &
	victim=$!
	trying evil 'setsid sleep 1000 & kill -9 -1'
	evil_build
	assert_status 10
	kill "$victim"
	wait "$victim" || :
	assert_same "$(ps -C dkms,dkms-sandbox,make,sleep -o pid=,args=)" "" "what still runs"
	refute_exists "/var/lib/dkms/evil/1.0/$K1"
}

@test "auto: no try gets a secret, with root's rights over files neither" {
	mkdir /usr/src/elsewhere
	trying hello 'cat /etc/dkms/key/mok.priv /var/lib/dkms/mok.key /etc/shadow'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 10
	assert_errors_have "from reading '/etc/dkms/key/mok.priv', reading '/var/lib/dkms/mok.key' and reading '/etc/shadow', which may be why it failed"
	refute_errors_have "tried again"
	trying hello 'echo x >/usr/src/elsewhere/out; cat /etc/dkms/key/mok.priv /var/lib/dkms/mok.key /etc/shadow'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 10
	assert_errors_have "tried again with that allowed, as root"
	assert_exists /usr/src/elsewhere/out
	if grep -rE 'root:|secret' /var/lib/dkms/hello --include=make.log; then return 1; fi
}

@test "where decoys cannot be watched nobody can read a secret either" {
	trying hello 'cat /etc/shadow; cat /etc/dkms/key/mok.priv; cat /var/lib/dkms/mok.key'
	sed -i '$a true' /usr/src/hello-1.0/try
	for call in fanotify_init fanotify_mark; do
		without EPERM $call build hello/1.0 -k "$K1" --force
		assert_status 0
		assert_no_errors
		assert_same "$(grep -c 'Permission denied' "$(log_of hello)")" 3
		run ! grep -E 'root:|secret' "$(log_of hello)"
	done
}

@test "each that a build fails of is named" {
	mode strict
	sleep 60 3>&- &
	victim=$!
	for try in "cat /etc/shadow:reading '/etc/shadow'" "echo x >/etc/keep:writing '/etc/keep'" \
		"cat /etc/dkms/key/mok.priv:reading '/etc/dkms/key/mok.priv'" \
		"cat /var/lib/dkms/mok.key:reading '/var/lib/dkms/mok.key'" \
		"mkdir /usr/share/xx:writing '/usr/share/xx'" \
		"bash -c 'echo >/dev/tcp/192.0.2.1/80':using the network (192.0.2.1 port 80)" \
		"kill $victim:signalling process $victim" "test -e $C/there:reading '$C/there'"; do
		touch "$C/there"
		trying one "${try%%:*}"
		run_dkms build one/1.0 -k "$K1"
		assert_status 10
		assert_errors_have "${try#*:}"
		assert_errors_have 'BUILD_SANDBOX="off"'
		assert_exists /var/lib/dkms/one/1.0/build/make.log
		assert_same "$(find /var/lib/dkms ! -user root)" ""
	done
	kill "$victim"
	assert_same "$(</etc/keep)" keep
}

@test "auto: what was denied is let through on the second try, and said" {
	mkdir /usr/src/elsewhere
	trying hello 'echo one >>/usr/src/elsewhere/out && grep -c . /usr/src/elsewhere/out'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "writing '/usr/src/elsewhere/out'"
	assert_errors_have "it is tried again with that allowed, as root"
	assert_errors_have 'BUILD_SANDBOX="off" into /etc/dkms/hello.conf'
	assert_same "$(</usr/src/elsewhere/out)" one
	assert_same "$(stat -c %U /usr/src/elsewhere/out)" root
	# with the line that settles it, nothing is said
	echo 'BUILD_SANDBOX=off' >/etc/dkms/hello.conf
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_no_errors
}

@test "auto: the build user writes where it may once the place is writable" {
	mkdir -m 777 /usr/src/open
	trying hello 'id -u >/usr/src/open/out'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "tried again with that allowed"
	refute_errors_have "as root"
	[ "$(</usr/src/open/out)" -ge 65536 ]
}

@test "auto: what lies in a hidden place is let in" {
	echo data >"$C/data"
	trying hello "grep data $C/data && echo more >$C/more"
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "reading '$C/data'"
	assert_errors_have "writing '$C/more'"
	assert_same "$(<"$C/more")" more
}

@test "auto: the network stays closed, and what only root may read is read as root" {
	trying net 'echo >/dev/tcp/127.0.0.1/9'
	sed -i 's/sh \.\/try/bash .\/try/' /usr/src/net-1.0/dkms.conf
	run_dkms build net/1.0 -k "$K1"
	assert_status 10
	assert_errors_have "using the network (127.0.0.1 port 9)"
	refute_errors_have "tried again"
	echo map >/boot/System.map
	chmod 600 /boot/System.map
	trying hello 'grep -q map /boot/System.map; grep CapEff /proc/self/status >&2'
	sed -i 's/; grep/ \&\& grep/' /usr/src/hello-1.0/try
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "reading '/boot/System.map'"
	assert_errors_have "as root"
	# root's rights over files, and no others
	grep -qx 'CapEff:	00000000000000ff' "$(log_of hello)"
}

@test "where the caller was before is not what a failed build lacked" {
	mkdir "$C/before"
	trying hello 'echo "nowhere.h: No such file or directory"; exit 1'
	run_cmd env OLDPWD="$C/before" "$DKMS" build hello/1.0 -k "$K1"
	assert_status 10
	refute_errors_have "$C/before"
	refute_errors_have "tried again"
}

@test "a compiler's error is not tried again" {
	kbuild_module hello 1.0
	echo 'int x = "' >>/usr/src/hello-1.0/hello.c
	run_dkms build hello/1.0 -k "$K1"
	assert_status 10
	refute_errors_have sandbox
}

@test "off: as root, in the system as it is" {
	mode off
	trying hello 'id -u; echo x >/etc/keep'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	grep -qx 0 "$(log_of hello)"
	assert_same "$(</etc/keep)" x
	# the module's own setting wins
	echo 'BUILD_SANDBOX=strict' >/etc/dkms/hello.conf
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 10
}

@test "build_user and build_limits of framework.conf" {
	printf '%s\n' 'build_user=nobody' 'build_limits="nofile=77 core=1K"' >>/etc/dkms/framework.conf.d/tests.conf
	trying hello 'id -un; ulimit -n'
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	grep -qx nobody "$(log_of hello)"
	grep -qx 77 "$(log_of hello)"
	printf '%s\n' 'build_user=nosuchuser' 'build_limits="nofile=many"' >>/etc/dkms/framework.conf.d/tests.conf
	run_dkms build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "nosuchuser"
	assert_errors_have "nofile=many"
}

@test "a build that fills the disk is stopped, and its directory emptied" {
	mode strict
	mount -t tmpfs -o size=40m tmpfs /var/lib/dkms
	trying fat 'dd if=/dev/zero of=fat bs=64k count=2000 status=none'
	run_dkms build fat/1.0 -k "$K1"
	assert_status 10
	assert_errors_have "it has filled the disk"
	assert_same "$(ls /var/lib/dkms/fat/1.0/build)" make.log
	[ "$(df --output=used -k /var/lib/dkms | tail -1)" -lt 2000 ]
	trying tmp 'dd if=/dev/zero of=/run/x bs=64k count=200 status=none'
	run_dkms build tmp/1.0 -k "$K1"
	assert_status 10
	refute_exists /run/x
	umount /var/lib/dkms
}

# fails_of COMMAND: it fails as a module's make; the log ends as it does for all that fail
fails_of() {
	trying one "$1"
	run_dkms build one/1.0 -k "$K1"
	assert_status 10
	tail -n 4 /var/lib/dkms/one/1.0/build/make.log | grep -qx '# exit code: [1-9][0-9]*'
	assert_same "$(find /var/lib/dkms ! -user root)" ""
	assert_same "$(ps -C dkms,dkms-sandbox,make,head,yes -o pid=,args=)" "" "what still runs"
}

@test "the limit on a file's size: named if the build fails of it" {
	echo 'build_limits="fsize=1M"' >>/etc/dkms/framework.conf.d/tests.conf
	fails_of 'mkdir -p a/b && head -c 2M /dev/zero >a/b/fat'
	assert_errors_have "the sandbox kept the build of one/1.0 from making '/var/lib/dkms/one/1.0/build/a/b/fat' larger than 1 MiB, which may be why it failed"
	assert_errors_have "a larger fsize in build_limits of framework.conf allows larger files"
	refute_errors_have BUILD_SANDBOX
	# one that goes on, and one that leaves nothing
	fails_of 'head -c 2M /dev/zero >/dev/shm/fat; exit 1'
	assert_errors_have "making '/dev/shm/fat' larger than 1 MiB"
	fails_of 'head -c 2M /dev/zero >fat; s=$?; rm fat; exit $s'
	assert_errors_have "making a file larger than 1 MiB"
	fails_of 'yes'
	assert_errors_have "making '/var/lib/dkms/one/1.0/build/make.log' larger than 1 MiB"
	# what else was in its way is let in, and the limit named again
	mkdir /usr/src/elsewhere
	fails_of 'echo x >/usr/src/elsewhere/out; head -c 2M /dev/zero >fat; exit 1'
	assert_errors_have "tried again with that allowed, as root"
	assert_errors_have 'a larger fsize in build_limits of framework.conf allows larger files; to settle it, put BUILD_SANDBOX="off"'
	assert_exists /usr/src/elsewhere/out
	# one that hides its failure
	make_module one 1.0 'MAKE[0]="sh ./try"'
	echo 'head -c 2M /dev/zero >fat; true' >/usr/src/one-1.0/try
	run_dkms build one/1.0 -k "$K1"
	assert_status 7
	assert_errors_have "making '/var/lib/dkms/one/1.0/build/fat' larger than 1 MiB"
}

@test "the limit on a file's size: what came with that size, and a limit that is off, is not named" {
	echo 'build_limits="fsize=1M"' >>/etc/dkms/framework.conf.d/tests.conf
	trying one 'exit 1'
	head -c 1M /dev/zero >/usr/src/one-1.0/blob
	run_dkms build one/1.0 -k "$K1"
	assert_status 10
	refute_errors_have sandbox
	echo 'build_limits=""' >>/etc/dkms/framework.conf.d/tests.conf
	fails_of 'head -c 1M /dev/zero >fat; exit 153'
	refute_errors_have sandbox
}

@test "a limit that was reached does not keep a build from what it is let in to" {
	echo 'build_limits="fsize=1M"' >>/etc/dkms/framework.conf.d/tests.conf
	mkdir -m 700 /usr/src/given
	echo word >/usr/src/given/word
	for place in fat /tmp/fat; do
		trying one "truncate -s 1M $place; cat /usr/src/given/word"
		run_dkms build --force one/1.0 -k "$K1"
		assert_status 0
		assert_errors_have /usr/src/given/word
	done
}

@test "a full place of the sandbox's own: named if the build fails" {
	# /run is small, and for root only
	mkdir /usr/src/elsewhere
	fails_of 'echo x >/usr/src/elsewhere/out; head -c 100G /dev/zero >/run/fat'
	assert_errors_have "the sandbox kept the build of one/1.0 from filling '/run' beyond its 4 MiB, which may be why it failed"
	assert_errors_have 'BUILD_SANDBOX="off"'
	refute_errors_have fsize
	refute_exists /run/fat
	# one that hides its failure, and one that does without
	make_module one 1.0 'MAKE[0]="sh ./try"'
	echo 'echo x >/usr/src/elsewhere/out || exit; head -c 100G /dev/zero >/run/fat; true' >/usr/src/one-1.0/try
	run_dkms build one/1.0 -k "$K1"
	assert_status 7
	assert_errors_have "filling '/run' beyond its 4 MiB"
	trying one 'echo x >/usr/src/elsewhere/out || exit; head -c 100G /dev/zero >/run/fat; true'
	run_dkms build one/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "tried again"
	refute_errors_have filling
}

@test "a full place of the sandbox's own: named also if the build has cleared it when it ends" {
	mode strict
	fails_of 'head -c 100G /dev/zero >/dev/shm/fat; sleep 1; rm /dev/shm/fat; exit 1'
	assert_errors_have "from filling '/dev/shm' beyond its "
	refute_exists /dev/shm/fat
	fails_of 'head -c 1M /dev/zero >/dev/shm/thin; sleep 1; exit 1'
	refute_errors_have filling
}

@test "trees below closed directories, and through links" {
	closed=$(mktemp -d "$C/closed.XXXX")
	mkdir -m 700 "$C/home"
	mkdir "$closed/tree" "$closed/src" "$C/links" "$C/home/dkms-src"
	chmod 700 "$closed"
	make_module hello 1.0 'PRE_BUILD=pre
MAKE[0]="sh ./mk $kernelver && make -C $source_tree/hello-1.0 -f mk2"'
	printf '%s\n' '#!/bin/sh' 'pwd >where' >/usr/src/hello-1.0/pre
	echo 'all: ; test -r dkms.conf' >/usr/src/hello-1.0/mk2
	chmod 755 /usr/src/hello-1.0/pre
	mv /usr/src/hello-1.0 "$C/home/dkms-src/"
	ln -s "$C/home/dkms-src/hello-1.0" "$closed/src/hello-1.0"
	ln -s "$closed/tree" "$C/links/tree"
	run_dkms build hello/1.0 -k "$K1" --dkmstree "$C/links/tree" --sourcetree "$closed/src"
	assert_status 0
	assert_no_errors
	assert_exists "$closed/tree/hello/1.0/$K1/$ARCH/module/hello.ko"
}

@test "kernels side by side, each with its own sandbox" {
	kbuild_module hello 1.0
	run_dkms build hello/1.0 -k "$K1" -k "$K2" -j 4
	assert_status 0
	assert_no_errors
	run ! grep -i jobserver /var/lib/dkms/hello/1.0/*/*/log/make.log
}

@test "POST_BUILD runs as root, outside" {
	trying hello 'touch made-by-make'
	printf '%s\n' '#!/bin/sh' 'id -u >/etc/post-uid; test -f made-by-make' >/usr/src/hello-1.0/post
	chmod 755 /usr/src/hello-1.0/post
	echo 'POST_BUILD=post' >>/usr/src/hello-1.0/dkms.conf
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	assert_same "$(</etc/post-uid)" 0
}

@test "killing dkms ends what runs in the sandbox" {
	trying hello 'setsid sleep 4321 & echo started >here; sleep 4321'
	"$DKMS" build hello/1.0 -k "$K1" 3>&- &
	pid=$!
	for _ in $(seq 100); do
		[ ! -e /var/lib/dkms/hello/1.0/build/here ] || break
		sleep 0.1
	done
	assert_exists /var/lib/dkms/hello/1.0/build/here
	kill -9 "$pid"
	for _ in $(seq 100); do
		pgrep -f 'sleep 4321' >/dev/null || break
		sleep 0.1
	done
	run pgrep -f 'sleep 4321'
	[ "$status" -ne 0 ]
}

# without ERRNO CALLS ARGS...: dkms on a machine where those system calls fail
without() {
	local err=$1 calls=$2
	shift 2
	run_cmd "${DKMS_TEST_ROOT%/test-root}/tests/tools/no-syscall" "$err" "$calls" "$DKMS" "$@"
}

@test "without mount namespaces: still as another user and without a network, said once" {
	trying hello 'echo "uid $(id -u) routes $(tail -n +2 /proc/net/route | wc -l)"; ls -d '"$C"
	without EPERM unshare:00020000 build hello/1.0 -k "$K1" -k "$K2" -j 4
	assert_status 0
	assert_errors_have "modules are built in less of a sandbox here: "
	assert_errors_have "cannot make a mount namespace: Operation not permitted"
	assert_same "$(grep -c 'less of a sandbox' <<<"$errors")" 1
	[[ $(<"$(log_of hello)") =~ uid\ ([0-9]+)\ routes\ 0 ]]
	[ "${BASH_REMATCH[1]}" -ge 65536 ]
	# strict means all of it
	mode strict
	without EPERM unshare:00020000 build hello/1.0 -k "$K1" --force
	[ "$status" -ne 0 ]
	assert_errors_have "the sandbox that build_sandbox asks for cannot be made"
}

@test "without mount namespaces: no other try is made for a secret or the kernel's settings" {
	local try
	chmod 600 /etc/dkms/key/mok.priv
	ln -s ../../shadow /etc/dkms/key/link
	for try in "cat /etc/dkms/key/mok.priv:reading '/etc/dkms/key/mok.priv'" "cat /etc/shadow:reading '/etc/shadow'" \
		"cat /var/lib/dkms/mok.key:reading '/var/lib/dkms/mok.key'" \
		"cat /etc/dkms/key/link:reading '/etc/dkms/key/link'" "cat /etc/gshadow:reading '/etc/gshadow'" \
		"echo x >>/etc/shadow:writing '/etc/shadow'" "mv ./try /etc/dkms/key/mok.priv:writing '/etc/dkms/key/mok.priv'" \
		"echo 1 >/proc/sys/vm/swappiness:writing '/proc/sys/vm/swappiness'"; do
		trying hello "${try%%:*}"
		without EPERM unshare:00020000 build hello/1.0 -k "$K1"
		assert_status 10
		assert_errors_have "from ${try#*:}, which may be why it failed"
		refute_errors_have "tried again"
	done
	# a try that is made for something else has root's rights: there only the build user is in the way
	trying hello 'cat /etc/dkms/key/mok.priv; echo x >/etc/keep'
	without EPERM unshare:00020000 build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "tried again with that allowed, as root"
	assert_same "$(grep -c secret "$(log_of hello)")" 1
}

@test "without a PID namespace: what a build leaves running is ended all the same, and nothing else" {
	local n=$$ calls k
	trying hello "setsid sh -c 'sleep 1$n & sleep 2$n; true' </dev/null >/dev/null 2>&1 &
		id -u; sleep 0.2"
	echo 'POST_BUILD="daemon"' >>/usr/src/hello-1.0/dkms.conf
	printf '%s\n' '#!/bin/sh' "setsid sh -c 'echo \$\$ >>$C/pids; exec sleep 3$n' </dev/null >/dev/null 2>&1 &" \
		>/usr/src/hello-1.0/daemon
	chmod +x /usr/src/hello-1.0/daemon
	for calls in unshare:20000000 unshare; do
		without EPERM $calls build hello/1.0 -k "$K1" -k "$K2" -j 4 --force
		assert_status 0
		for k in "$K1" "$K2"; do
			run ! grep -qx 0 "/var/lib/dkms/hello/1.0/$k/$ARCH/log/make.log"
		done
		assert_same "$(grep -c "the build of hello/1.0 left processes running, which were ended: s" <<<"$errors")" 2
		assert_errors_have sleep
		assert_same "$(pgrep -cf "sleep [12]$n")" 0
	done
	# nor is there a sandbox at all, in a tree that no other user can enter
	chmod 700 /var/lib
	without EPERM unshare build hello/1.0 -k "$K1" --force
	chmod 755 /var/lib
	assert_status 0
	assert_errors_have "left processes running, which were ended: s"
	assert_same "$(pgrep -cf "sleep [12]$n")" 0
	# what POST_BUILD starts is the administrator's
	for k in $(<"$C/pids"); do kill "$k"; done
	assert_same "$(wc -l <"$C/pids")" 5
}

@test "without any namespace, in a tree that the build user cannot enter: as ever" {
	trying hello 'id -u'
	chmod 700 /var/lib
	without EPERM unshare build hello/1.0 -k "$K1"
	assert_status 0
	grep -qx 0 "$(log_of hello)"
	assert_same "$(grep -c 'without a sandbox\|less of a sandbox' <<<"$errors")" 1
	chmod 755 /var/lib
	# once, however many modules and kernels are built
	trying other 'id -u'
	run_dkms add other/1.0
	run_dkms unbuild hello/1.0 --all
	without EPERM unshare autoinstall --all-kernels -j 4
	assert_status 0
	assert_same "$(grep -c 'without a sandbox\|less of a sandbox' <<<"$errors")" 1
	assert_same "$(grep -c '^dkms: ' <<<"$errors")" 1
	assert_same "$(find /var/lib/dkms -name hello.ko -o -name other.ko | wc -l)" 4
	run ! grep -qx 0 "$(log_of hello)"
	run ! grep -qx 0 "$(log_of other)"
	assert_same "$(find /var/lib/dkms ! -user root)" ""
}

@test "without CAP_SYS_ADMIN, as in a container" {
	trying hello 'id -u'
	run_cmd setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$DKMS" build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "modules are built in less of a sandbox here"
	run_cmd setpriv --bounding-set=-all --inh-caps=-all "$DKMS" build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "modules are built"
}

@test "with an older kernel: mounts made read-only one by one" {
	trying hello 'test ! -w /usr && id -u && touch here && ! touch /etc/there'
	without ENOSYS mount_setattr build hello/1.0 -k "$K1"
	assert_status 0
	refute_errors_have "less of a sandbox"
	assert_errors_have "/etc/there"
	without ENOSYS mount_setattr,open_tree build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "less of a sandbox"
}

@test "where the kernel tells nothing of denials, or the user cannot be changed" {
	trying hello 'id -u'
	without ENOSYS seccomp build hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	run ! grep -qx 0 "$(log_of hello)"
	without EPERM setresuid build hello/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "without"
}

@test "when dkms has ended, nothing of it is there any more" {
	local i
	trying hello false
	for i in {1..10}; do
		run_dkms build hello/1.0 -k "$K1"
		assert_same "$(ps -C dkms,dkms-sandbox -o stat=,args= || :)" ""
	done
}
