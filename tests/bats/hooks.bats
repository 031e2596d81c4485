# SPDX-License-Identifier: LGPL-2.1-or-later
# What kernel packages, kernel-install, the boot and pacman call.

load ../lib/dkms

bad_module() { # NAME VERSION: does not build
	make_module "$1" "$2" 'MAKE[0]="false"'
}

hook() { # STAGE KERNEL
	run_cmd "/etc/kernel/$1.d/dkms" "${@:2}"
}

@test "the hooks of /etc/kernel do nothing and exit 0 where dkms is gone" {
	make_module hello 1.0
	run_dkms add hello/1.0
	cp /usr/sbin/dkms "$C/dkms"
	mount --bind /dev/null /usr/sbin/dkms
	for stage in postinst header_postinst preinst prerm; do
		hook "$stage" "$K1"
		assert_status 0
		assert_output ""
		assert_no_errors
	done
	run_cmd /usr/lib/kernel/install.d/40-dkms.install add "$K1" /nonexistent
	assert_status 0
	assert_output ""
	assert_no_errors
	umount /usr/sbin/dkms
	assert_dkms_status "hello/1.0: added"
}

@test "the hooks of /etc/kernel do nothing and exit 0 beside an older dkms without the script they call" {
	mount --bind /dev/null /usr/lib/dkms/kernel-hook
	for stage in postinst header_postinst preinst prerm; do
		hook "$stage" "$K1"
		assert_status 0
		assert_no_errors
	done
	umount /usr/lib/dkms/kernel-hook
}

@test "postinst.d installs what asks for AUTOINSTALL, for the kernel it was given" {
	make_module hello 1.0
	make_module byhand 1.0 'AUTOINSTALL=""'
	run_dkms add hello/1.0
	run_dkms add byhand/1.0
	hook postinst "$K1"
	assert_status 0
	assert_dkms_status "byhand/1.0: added" "hello/1.0, $K1, $ARCH: installed"
}

@test "postinst.d without headers does nothing, politely" {
	make_module hello 1.0
	run_dkms add hello/1.0
	rm "/usr/lib/modules/$K1/build"
	hook postinst "$K1"
	assert_status 0
	assert_no_errors
	assert_output_has "headers"
	assert_dkms_status "hello/1.0: added"
	hook postinst 9.9.9-none
	assert_status 0
	assert_no_errors
}

@test "header_postinst.d builds what postinst.d could not" {
	make_module hello 1.0
	run_dkms add hello/1.0
	mv "/usr/lib/modules/$K1/build" "$C/build"
	hook postinst "$K1"
	mv "$C/build" "/usr/lib/modules/$K1/build"
	hook header_postinst "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "a driver that does not build is told and does not stop the kernel package" {
	make_module hello 1.0
	bad_module broken 1.0
	run_dkms add hello/1.0
	run_dkms add broken/1.0
	hook postinst "$K1"
	assert_status 0
	assert_errors_have "broken/1.0"
	assert_errors_have "make.log"
	hook header_postinst "$K1"
	assert_status 0
	assert_dkms_status "broken/1.0: added" "hello/1.0, $K1, $ARCH: installed"
	# the verb's own status stays
	run_dkms kernel_postinst -k "$K1"
	assert_status 11
}

@test "a required module that is not installed in the end stops the kernel package" {
	make_module hello 1.0
	bad_module broken 1.0
	run_dkms add hello/1.0
	run_dkms add broken/1.0
	echo 'required_modules="hello broken"' >/etc/dkms/framework.conf.d/required.conf
	for stage in postinst header_postinst; do
		hook "$stage" "$K1"
		assert_status 1
		assert_errors_have "required_modules: broken"
	done
	# one that works, and one that dkms does not know, are no reason
	echo 'required_modules="hello zfs"' >/etc/dkms/framework.conf.d/required.conf
	hook postinst "$K1"
	assert_status 0
}

@test "a required module without headers: 0 from postinst.d, judged in header_postinst.d" {
	bad_module broken 1.0
	run_dkms add broken/1.0
	echo 'required_modules="broken"' >/etc/dkms/framework.conf.d/required.conf
	mv "/usr/lib/modules/$K1/build" "$C/build"
	hook postinst "$K1"
	assert_status 0
	mv "$C/build" "/usr/lib/modules/$K1/build"
	hook header_postinst "$K1"
	assert_status 1
}

@test "required modules count for nothing while autoinstall is off" {
	bad_module broken 1.0
	run_dkms add broken/1.0
	echo 'required_modules="broken"' >/etc/dkms/framework.conf.d/required.conf
	touch /etc/dkms/no-autoinstall
	hook postinst "$K1"
	assert_status 0
}

@test "a framework.conf that cannot be read does not stop the kernel package" {
	echo 'exit 3 # (' >/etc/dkms/framework.conf.d/zz.conf
	make_module hello 1.0
	hook postinst "$K1"
	assert_status 0
}

@test "prerm.d leaves nothing of the kernel in the dkms tree or in its directory" {
	make_module hello 1.0
	run_dkms install hello/1.0 -k "$K1"
	run_dkms install hello/1.0 -k "$K2"
	hook prerm "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
	refute_exists "/usr/lib/modules/$K1/updates" "/var/lib/dkms/hello/1.0/$K1" \
		"/var/lib/dkms/hello/kernel-$K1-$ARCH"
}

@test "preinst.d takes out what postinst.d then builds anew" {
	make_module hello 1.0
	run_dkms install hello/1.0 -k "$K1"
	hook preinst "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0: added"
	hook postinst "$K1"
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "preinst.d leaves alone what could not be built again" {
	make_module hello 1.0
	run_dkms install hello/1.0 -k "$K1"
	touch /etc/dkms/no-autoinstall
	hook preinst "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	rm /etc/dkms/no-autoinstall "/usr/lib/modules/$K1/build"
	hook preinst "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "a kernel that is none is passed over: no name, a path" {
	for stage in postinst header_postinst preinst prerm; do
		hook "$stage"
		assert_status 0
		hook "$stage" ../../etc
		assert_status 0
	done
}

@test "kernel-install's plugin installs with add, cleans up with remove, ignores the rest" {
	plugin=/usr/lib/kernel/install.d/40-dkms.install
	make_module hello 1.0
	run_dkms add hello/1.0
	run_cmd "$plugin" add "$K1" /boot/entry "/boot/vmlinuz-$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
	run_cmd "$plugin" inspect "$K1" /boot/entry
	assert_status 0
	run_cmd "$plugin" remove "$K1" /boot/entry
	assert_status 0
	assert_dkms_status "hello/1.0: added"
}

@test "kernel-install itself calls the plugin, and the plugins after it, also where a driver fails" {
	make_module hello 1.0
	bad_module broken 1.0
	run_dkms add hello/1.0
	run_dkms add broken/1.0
	echo kernel >"/boot/vmlinuz-$K1"
	echo 0123456789abcdef0123456789abcdef >/etc/machine-id
	echo layout=bls >/etc/kernel/install.conf
	# an image's own plugins index the modules after ours
	rm "/usr/lib/modules/$K1"/modules.dep*
	run_cmd kernel-install --verbose add "$K1" "/boot/vmlinuz-$K1"
	assert_status 0
	assert_output_has 90-loaderentry.install
	assert_dkms_status "broken/1.0: added" "hello/1.0, $K1, $ARCH: installed"
	grep -q '^updates/dkms/hello.ko:' "/usr/lib/modules/$K1/modules.dep"
	run_cmd kernel-install remove "$K1"
	assert_status 0
	assert_dkms_status "broken/1.0: added" "hello/1.0: added"
}

@test "kernel-install's plugin: a failed driver is 0, a required one 1, never 77" {
	plugin=/usr/lib/kernel/install.d/40-dkms.install
	make_module picky 1.0 'BUILD_EXCLUSIVE_KERNEL="^9"'
	bad_module broken 1.0
	run_dkms add picky/1.0
	run_cmd "$plugin" add "$K1" /boot/entry
	assert_status 0
	run_dkms add broken/1.0
	run_cmd "$plugin" add "$K1" /boot/entry
	assert_status 0
	assert_errors_have "broken/1.0"
	echo 'required_modules="broken"' >/etc/dkms/framework.conf.d/required.conf
	run_cmd "$plugin" add "$K1" /boot/entry
	assert_status 1
}

@test "dkms_autoinstaller start installs for the kernel that is named" {
	make_module hello 1.0
	run_dkms add hello/1.0
	run_cmd /usr/lib/dkms/dkms_autoinstaller start "$K2"
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
}

@test "dkms_autoinstaller start without a name takes the running kernel" {
	make_module hello 1.0
	run_dkms add hello/1.0
	mkdir -p "$C/bin"
	printf '#!/bin/sh\necho %s\n' "$K2" >"$C/bin/uname"
	chmod 755 "$C/bin/uname"
	PATH=$C/bin:$PATH run_cmd /usr/lib/dkms/dkms_autoinstaller start
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed"
}

@test "dkms_autoinstaller without headers: a message and 0" {
	make_module hello 1.0
	run_dkms add hello/1.0
	run_cmd /usr/lib/dkms/dkms_autoinstaller start 9.9.9-none
	assert_status 0
	assert_output_has "9.9.9-none"
	assert_dkms_status "hello/1.0: added"
}

@test "dkms_autoinstaller: a module failed: 1" {
	bad_module broken 1.0
	run_dkms add broken/1.0
	run_cmd /usr/lib/dkms/dkms_autoinstaller start "$K1"
	assert_status 1
}

@test "dkms_autoinstaller: the other words of init scripts are 0, what is no word is usage and 2" {
	for word in stop restart force-reload status reload; do
		run_cmd /usr/lib/dkms/dkms_autoinstaller "$word"
		assert_status 0
	done
	for word in '' begin --help; do
		run_cmd /usr/lib/dkms/dkms_autoinstaller $word
		assert_status 2
		assert_errors_have usage
	done
}

@test "dkms.service runs autoinstall for the booting kernel" {
	run_cmd cat /usr/lib/systemd/system/dkms.service
	assert_output_has "Type=oneshot"
	assert_output_has "ExecStart=/usr/lib/dkms/dkms_autoinstaller start %v"
	command -v systemd-analyze >/dev/null || return 0
	run_cmd systemd-analyze --man=no verify /usr/lib/systemd/system/dkms.service
	refute_errors_have "dkms.service:"
}

@test "pacman's script: a new source is installed for every kernel, a removed one goes" {
	make_module hello 1.0
	mkdir -p "$C/usr"
	run_cmd sh -c 'echo usr/src/hello-1.0/dkms.conf | /usr/lib/dkms/pacman-hook install'
	assert_status 0
	assert_dkms_status "hello/1.0, $K2, $ARCH: installed" "hello/1.0, $K1, $ARCH: installed"
	run_cmd sh -c 'echo usr/src/hello-1.0/dkms.conf | /usr/lib/dkms/pacman-hook remove'
	assert_status 0
	assert_dkms_status
}

@test "pacman's script: a new kernel gets every module, a removed one loses them" {
	make_module hello 1.0
	bad_module broken 1.0
	run_dkms add hello/1.0
	run_dkms add broken/1.0
	run_cmd sh -c "printf 'usr/lib/modules/$K1/vmlinuz\nusr/lib/modules/$K1/build/include/\n' |
		/usr/lib/dkms/pacman-hook install"
	assert_status 0
	assert_dkms_status "broken/1.0: added" "hello/1.0, $K1, $ARCH: installed"
	run_cmd sh -c "echo usr/lib/modules/$K1/vmlinuz | /usr/lib/dkms/pacman-hook remove"
	assert_status 0
	assert_dkms_status "broken/1.0: added" "hello/1.0: added"
}

@test "pacman's hooks name the script and the three operations" {
	for f in 70-dkms-install 70-dkms-upgrade 71-dkms-remove; do
		grep -q '^NeedsTargets$' "/usr/share/libalpm/hooks/$f.hook"
		exec=$(sed -n 's/^Exec = \([^ ]*\) .*/\1/p' "/usr/share/libalpm/hooks/$f.hook")
		[ -x "$exec" ]
	done
}

@test "apport's script is silent without apport and writes a report with it" {
	bad_module broken 1.0
	run_dkms add broken/1.0
	run_dkms build broken/1.0 -k "$K1"
	assert_status 10
	script=/usr/share/apport/package-hooks/dkms_packages.py
	run_cmd "$script" -m broken -v 1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	mkdir -p "$C/py/apport"
	cat >"$C/py/apport/__init__.py" <<-PY
		class Report(dict):
		    def __init__(self, kind):
		        super().__init__(ProblemType=kind)
		    def write(self, file):
		        for k, v in self.items():
		            file.write(f"{k}: {v}\n".encode())
		class packaging:
		    get_file_package = staticmethod(lambda path: "broken-dkms" if path == "/usr/src/broken-1.0/dkms.conf" else None)
		    get_version = staticmethod(lambda p: "1.0-1")
		    get_source = staticmethod(lambda p: "broken")
	PY
	echo "make_report_path = lambda r: '$C/report'" >"$C/py/apport/fileutils.py"
	PYTHONPATH=$C/py run_cmd "$script" -m broken -v 1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	grep -q '^Package: broken-dkms 1.0-1' "$C/report"
	grep -q "broken does not build for kernel $K1" "$C/report"
	grep -q '^DKMSBuildLog: DKMS (dkms-' "$C/report"
	# a source that no package brought
	rm "$C/report"
	PYTHONPATH=$C/py run_cmd "$script" -m other -v 1.0 -k "$K1"
	assert_status 0
	refute_exists "$C/report"
}

@test "the build user is one without shell and home" {
	run_cmd grep -v '^#' /usr/lib/sysusers.d/dkms.conf
	assert_output 'u dkms - "DKMS module builds" /nonexistent'
}
