#!/usr/bin/env bats
# What install and uninstall have to do with the rest of the system: loading, weak modules, lists of packages that
# force an install, upgrades by rpm.
load ../lib/exits

logged() { assert_same "$(cat "$C/log" 2>/dev/null)" "$1" "what was called"; rm -f "$C/log"; }

@test "--modprobe-on-install: all modaliases of /sys/devices, then systemd-modules-load; the running kernel only" {
	stub modprobe "echo \"modprobe \$1 \$2 \$3\" >>$C/log; shift 3; printf '%s\\n' \"\$@\" >$C/aliases"
	stub systemctl "echo \"systemctl \$*\" >>$C/log"
	add_kernel "$RUNNING"
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1" --modprobe-on-install
	logged ""
	on_running_kernel install hello/1.0 --modprobe-on-install
	assert_status 0
	logged "modprobe -a -b -q
systemctl restart systemd-modules-load.service"
	assert_same "$(find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u | sed '/^$/d')" "$(sort -u "$C/aliases")"
	on_running_kernel install hello/1.0 --modprobe-on-install
	logged ""
	on_running_kernel uninstall hello/1.0 --modprobe-on-install
	logged ""
	on_running_kernel install hello/1.0
	logged ""
}

@test "modprobe_on_install in framework.conf and the environment; its failure is none" {
	stub modprobe "echo modprobe >>$C/log; exit 1"
	stub systemctl "exit 1"
	add_kernel "$RUNNING"
	make_module hello 1.0
	modprobe_on_install=true on_running_kernel install hello/1.0
	assert_status 0
	logged modprobe
	on_running_kernel uninstall hello/1.0
	echo modprobe_on_install=true >/etc/dkms/framework.conf
	on_running_kernel install hello/1.0
	assert_status 0
	logged modprobe
}

force_list() { # LINES
	mkdir -p "$C/list"
	printf '%s\n' "$@" >"$C/list/some-package"
	mkdir -p /usr/share/dkms/modules_to_force_install
	mount -o bind "$C/list" /usr/share/dkms/modules_to_force_install
}

@test "modules_to_force_install: <m>_version-override skips the comparison only" {
	make_module hello 1.0
	ready_ko "/lib/modules/$K1/kernel/hello.ko" hello 2.0
	force_list hello_version-override
	run_dkms install hello/1.0 -k "$K1"
	one=$status
	ends 0 uninstall hello/1.0 -k "$K1"
	conf hello 1.0 'PRE_INSTALL="no"'
	script /usr/src/hello-1.0/no 'exit 1'
	run_dkms install hello/1.0 -k "$K1"
	umount /usr/share/dkms/modules_to_force_install
	assert_same "$one $status" "0 101"
}

weak() { # PATH of the tool: write down how it is called
	mkdir -p "$(dirname "$1")"
	script "$1" "echo \"\${0##*/} \$*: \$(cat | tr '\\n' ' ')\" >>$C/log"
}

@test "weak modules: rhel's tool is told after an install and before an uninstall, the paths on its stdin" {
	weak /usr/sbin/weak-modules
	as_distro rhel
	make_module -m "hello two" hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	p="/lib/modules/$K1/extra"
	logged "weak-modules --no-initramfs --add-modules: $p/hello.ko $p/two.ko "
	ends 0 uninstall hello/1.0 -k "$K1"
	logged "weak-modules --no-initramfs --remove-modules: $p/hello.ko $p/two.ko "
	rm /usr/sbin/weak-modules
}

@test "weak modules: off with NO_WEAK_MODULES, of the conf or the environment; a missing tool or its failure is none" {
	as_distro rhel
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	ends 0 uninstall hello/1.0 -k "$K1"
	weak /usr/sbin/weak-modules
	NO_WEAK_MODULES=yes run_dkms install hello/1.0 -k "$K1"
	NO_WEAK_MODULES=yes run_dkms uninstall hello/1.0 -k "$K1"
	logged ""
	conf hello 1.0 'NO_WEAK_MODULES="yes"'
	ends 0 install hello/1.0 -k "$K1"
	ends 0 uninstall hello/1.0 -k "$K1"
	logged ""
	conf hello 1.0 'NO_WEAK_MODULES="no"'
	script /usr/sbin/weak-modules 'exit 3'
	ends 0 install hello/1.0 -k "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	rm /usr/sbin/weak-modules
	as_distro debian
	weak /usr/sbin/weak-modules
	ends 0 uninstall hello/1.0 -k "$K1"
	logged ""
	rm /usr/sbin/weak-modules
}

rpm_transaction() { # COMMANDS...: each run by a scriptlet's shell, whose parent is rpm
	local c n=0
	: >"$C/transaction"
	for c in "$@"; do
		n=$((n + 1))
		printf '%s\ntrue\n' "$c" >"$C/scriptlet.$n"
		echo "bash $C/scriptlet.$n" >>"$C/transaction"
	done
	run_cmd bash "$C/transaction"
}

@test "--rpm_safe_upgrade: remove by the rpm process that added the same version does nothing" {
	make_module hello 1.0
	rpm_transaction "$DKMS add hello/1.0 --rpm_safe_upgrade" "$DKMS install hello/1.0 -k $K1 --rpm_safe_upgrade" \
		"ls $C/tmp; cat $C/tmp/dkms_rpm_safe_upgrade_lock.*" \
		"$DKMS remove hello/1.0 --all --rpm_safe_upgrade; echo remove said \$?"
	assert_output_has dkms_rpm_safe_upgrade_lock.
	assert_output_has hello-1.0
	assert_output_has "remove said 0"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	# another process does remove it
	rpm_transaction "$DKMS remove hello/1.0 --all --rpm_safe_upgrade"
	assert_dkms_status
}

@test "no /dev/null, as in a chroot that nobody furnished: what is missing is said, and what to do" {
	only_ours
	make_module hello 1.0
	# a chroot's /dev before anything was mounted there
	run_cmd unshare -m sh -c 'mount -t tmpfs none /dev; exec "$@"' sh "$DKMS" build hello/1.0 -k "$K1"
	[ "$status" != 0 ] || _fail "no /dev/null, and it worked"
	assert_errors_have "cannot open '/dev/null'"
	assert_errors_have "mount --bind /dev <chroot>/dev"
	refute_errors_have "cannot run 'bash'"
}

@test "a tool that a signal kills: which signal is said" {
	only_ours
	make_module hello 1.0
	mkdir bin
	printf '%s\n' '#!/bin/sh' 'kill -9 $$' >bin/strip
	chmod 755 bin/strip
	PATH=$C/bin:$PATH run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_errors_have "'hello.ko' is not stripped: 'strip' was killed by signal 9 (Killed)"
	mv bin/strip bin/depmod
	PATH=$C/bin:$PATH run_dkms install hello/1.0 -k "$K1"
	assert_status 6
	assert_errors_have "depmod for kernel $K1 was killed by signal 9 (Killed)"
}

# asking NAME COMMAND: a module whose make runs COMMAND before it makes the module
asking() {
	make_module "$1" 1.0 'MAKE[0]="bash ./ask && sh ./mk $kernelver"'
	printf '%s\n' "$2" >"/usr/src/$1-1.0/ask"
	chmod 755 "$W" "$C"
}

@test "a build that is tried again as root can open no setting of the kernel for writing" {
	echo map >/boot/System.map
	chmod 600 /boot/System.map
	asking hello 'cat /boot/System.map || exit 1
		echo "uid $(id -u)"
		for f in /proc/sys/kernel/{core_pattern,modprobe,hostname} /proc/sysrq-trigger /sys/kernel/mm/transparent_hugepage/enabled; do
			[ ! -e $f ] || if ( : >>$f ) 2>/dev/null; then echo "opened $f"; else echo "closed $f"; fi
		done
		: >>/proc/self/comm && echo "open its own"'
	ends 0 build hello/1.0 -k "$K1"
	assert_errors_have "reading '/boot/System.map'"
	assert_errors_have "the sandbox kept the build of hello/1.0 from writing '/proc/sys/kernel/core_pattern'"
	log=/var/lib/dkms/hello/1.0/$K1/$ARCH/log/make.log
	grep -qx 'uid 0' "$log"
	refute_grep '^opened' "$log"
	grep -qx 'closed /proc/sys/kernel/core_pattern' "$log"
	grep -qx 'open its own' "$log"
}

@test "a build that wants to write a setting of the kernel: named, and never tried again with that" {
	asking hello '( : >>/proc/sys/kernel/core_pattern ) || exit 1'
	ends 10 build hello/1.0 -k "$K1"
	assert_errors_have "the sandbox kept the build of hello/1.0 from writing '/proc/sys/kernel/core_pattern', which may be why it failed"
	refute_errors_have "tried again"
}

@test "uninstall is cut short, then another module takes the place: the next dkms leaves that alone" {
	fault=${DKMS_TEST_ROOT%/test-root}/tests/tools/syscall-fault
	ko=/lib/modules/$K1/updates/dkms/hello.ko
	make_module hello 1.0
	ends 0 install hello/1.0 -k "$K1"
	run_cmd "$fault" -t "$C/points" count 0 "$DKMS" uninstall hello/1.0 -k "$K1"
	assert_status 0
	n=$(sed -n 's,^\([0-9]*\) unlink .*/updates/dkms/hello\.ko$,\1,p' "$C/points")
	[ -n "$n" ]
	ends 0 install hello/1.0 -k "$K1"
	# its record is on the disk, nothing is carried out
	run_cmd "$fault" kill $((n - 1)) "$DKMS" uninstall hello/1.0 -k "$K1"
	assert_status 137
	assert_exists "$ko"
	ready_ko "$ko" hello 7.0
	cp "$ko" "$C/theirs.ko"
	ends 0 build hello/1.0 -k "$K1" --force
	cmp "$ko" "$C/theirs.ko"
	refute_exists "/var/lib/dkms/hello/kernel-$K1-$ARCH"
	no_leftovers
}

@test "a result that is larger than any module, if only by its size: 7, and it is not copied" {
	make_module hello 1.0 'MAKE[0]="sh ./mk $kernelver; truncate -s 600M hello.ko"'
	ends 7 build hello/1.0 -k "$K1"
	assert_errors_have "'hello.ko', which dkms.conf promises, is larger than 512 MiB"
	assert_dkms_status "hello/1.0: added"
}

# strip_stub LINE...: for strip, in a place where the build user finds it; $C/said is open to all
strip_stub() {
	mkdir -p "$C/said"
	chmod 1777 "$C/said"
	stub strip "$@"
	chmod 755 "$W" "$C" "$C/bin"
}

@test "strip runs as the build user, without privileges, also where that cannot go; what it makes is stored" {
	only_ours
	real=$(command -v strip)
	strip_stub "{ id -u; id -G; grep -E '^(Cap[IPEA]|NoNewPrivs)' /proc/self/status; env; } >$C/said/\$\$" "exec $real \"\$@\""
	make_module hello 1.0
	ko=/usr/src/hello-1.0/ko/$K1/hello.ko
	objcopy --add-section .debug_info=/etc/passwd "$ko"
	chmod 700 /var/lib/dkms
	KBUILD_SIGN_PIN=12345 ends 0 build hello/1.0 -k "$K1"
	assert_no_errors
	said=$(cat "$C/said"/*)
	[[ $said =~ ^([0-9]+)$'\n'([0-9]+)$'\n' ]]
	[ "${BASH_REMATCH[1]}" -ge 65536 ]
	assert_same "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
	assert_same "$(grep ^Cap <<<"$said" | cut -f 2 | sort -u)" 0000000000000000
	[[ $said == *"NoNewPrivs:	1"* && $said != *12345* ]]
	built=/var/lib/dkms/hello/1.0/$K1/$ARCH/module
	assert_same "$(stat -c '%n %a %U %h' "$built"/* | sed 's,.*/,,')" "hello.ko 644 root 1"
	assert_same "$(ls -A "${built%/*}")" "$(printf '%s\n' .manifest log module)"
	cp "$ko" "$C/want.ko"
	"$real" -g "$C/want.ko"
	cmp "$built/hello.ko" "$C/want.ko"
	[ "$(stat -c %s "$C/want.ko")" -lt "$(stat -c %s "$ko")" ]
	# without a sandbox as ever
	echo build_sandbox=off >>/etc/dkms/framework.conf.d/tests.conf
	rm "$C/said"/*
	ends 0 build hello/1.0 -k "$K1" --force
	assert_same "$(head -n 1 "$C/said"/*)" 0
	cmp "$built/hello.ko" "$C/want.ko"
}

@test "a strip that a module has taken over leaves that module as it was, and nothing else" {
	only_ours
	echo keep >/etc/keep
	make_module hello 1.0
	built=/var/lib/dkms/hello/1.0/$K1/$ARCH
	for way in 'ln -s /etc/keep "$3"' 'mkfifo "$3"' 'mkdir "$3"' ': >"$3"' 'truncate -s 600M "$3"' 'rm "$4"' 'exit 3'; do
		strip_stub "( echo x >\"\$4\" ) 2>/dev/null; echo x >/etc/keep; echo x >>$built/log/make.log" "$way"
		ends 0 build hello/1.0 -k "$K1" --force
		assert_errors_have "'hello.ko' is not stripped"
		cmp "$built/module/hello.ko" "/usr/src/hello-1.0/ko/$K1/hello.ko"
		assert_same "$(</etc/keep)" keep
		assert_same "$(ls -A "$built" "$built/module")" "$(printf '%s\n' "$built:" .manifest log module '' "$built/module:" hello.ko)"
	done
}
