#!/usr/bin/env bats
# autoinstall and the kernel hooks.
load ../lib/exits

added() { # NAME [CONF_LINES]: an added module, version 1.0
	make_module "$1" 1.0 "${2:-}"
	tree_added "$1" 1.0
}

line() { # WORD NAMES: that line of the summary
	assert_output_has "autoinstall for $K1 ($ARCH) $1: $2"
}

@test "the newest version of every module, by version order, is installed" {
	make_module one 1.9
	make_module one 1.10
	tree_added one 1.9
	tree_added one 1.10
	added two
	ends 0 autoinstall -k "$K1"
	line succeeded "one/1.10 two/1.0"
	assert_dkms_status "one/1.10, $K1, $ARCH: installed" "one/1.9: added" "two/1.0, $K1, $ARCH: installed"
}

@test "what is installed is skipped: the link decides, not the bytes" {
	added one
	ends 0 autoinstall -k "$K1"
	echo other >"/lib/modules/$K1/updates/dkms/one.ko"
	before=$(writes)
	ends 0 autoinstall -k "$K1"
	assert_same "$(writes)" "$before" "what was written"
	ends 0 kernel_postinst -k "$K1"
	assert_same "$(writes)" "$before" "what was written"
}

@test "AUTOINSTALL=no, or not set, is left out; yes in any case" {
	added no1 'AUTOINSTALL=no'
	added no2 'unset AUTOINSTALL'
	added yes1 'AUTOINSTALL="Yes"'
	added yes2 'AUTOINSTALL="YES"'
	ends 0 autoinstall -k "$K1"
	assert_dkms_status "no1/1.0: added" "no2/1.0: added" "yes1/1.0, $K1, $ARCH: installed" "yes2/1.0, $K1, $ARCH: installed"
}

@test "no module at all: nothing to do" {
	ends 0 autoinstall -k "$K1"
	refute_exists "/lib/modules/$K1/updates"
	ends 0 kernel_preinst -k "$K1"
	ends 0 kernel_prerm -k "$K1"
}

@test "/etc/dkms/no-autoinstall: off, 0" {
	added one
	touch /etc/dkms/no-autoinstall
	before=$(writes)
	ends 0 autoinstall -k "$K1"
	ends 0 kernel_postinst -k "$K1"
	assert_same "$(writes)" "$before" "what was written"
	# root is asked for first
	refused_as_nobody 1 autoinstall -k "$K1"
}

@test "BUILD_DEPENDS: dependencies first, whatever their names" {
	added a 'BUILD_DEPENDS[0]="m"
BUILD_DEPENDS[1]="z"
POST_INSTALL="post"'
	added m 'BUILD_DEPENDS="z"
POST_INSTALL="post"'
	added z 'POST_INSTALL="post"'
	for m in a m z; do script "/usr/src/$m-1.0/post" "echo $m >>$C/order"; done
	ends 0 autoinstall -k "$K1"
	assert_same "$(paste -sd ' ' "$C/order")" "z m a"
	line succeeded "z/1.0 m/1.0 a/1.0"
}

@test "with one job each module is built when all before it are installed" {
	make_module early 1.0 "POST_INSTALL=post"
	printf '%s\n' '#!/bin/sh' 'sleep 1' 'echo done >/var/lib/left-by-early' >/usr/src/early-1.0/post
	chmod 755 /usr/src/early-1.0/post
	make_module later 1.0 'PRE_BUILD=pre'
	printf '%s\n' '#!/bin/sh' 'grep -q done /var/lib/left-by-early' >/usr/src/later-1.0/pre
	chmod 755 /usr/src/later-1.0/pre
	for m in early later; do run_dkms add "$m/1.0"; done
	run_dkms autoinstall -k "$K1" -j 1
	assert_status 0
	assert_dkms_status "early/1.0, $K1, $ARCH: installed" "later/1.0, $K1, $ARCH: installed"
}

@test "BUILD_DEPENDS: any version that is installed will do" {
	make_module base 2.0 'AUTOINSTALL=no'
	tree_installed base 1.0 "$K1"
	tree_added base 2.0
	sed -i '/AUTOINSTALL/d' /usr/src/base-1.0/dkms.conf
	added top 'BUILD_DEPENDS="base"'
	ends 0 autoinstall -k "$K1"
	run_dkms status top
	assert_output "top/1.0, $K1, $ARCH: installed"
}

@test "BUILD_DEPENDS on a module that dkms does not know: deferred, reported, no failure" {
	added top 'BUILD_DEPENDS="nobody"'
	added other
	ends 0 autoinstall -k "$K1"
	line deferred top/1.0
	line succeeded other/1.0
	assert_errors_have nobody
	assert_dkms_status "other/1.0, $K1, $ARCH: installed" "top/1.0: added"
}

@test "who waits for a deferred one waits too" {
	added mid 'BUILD_DEPENDS="nobody"'
	added top 'BUILD_DEPENDS="mid"'
	run_dkms autoinstall -k "$K1"
	# mid is known to dkms and was not installed
	assert_status 11
	line deferred mid/1.0
	line failed top/1.0
}

@test "11 a dependency failed" {
	added base 'MAKE[0]="false"'
	added mid 'BUILD_DEPENDS="base"'
	added top 'BUILD_DEPENDS="mid"'
	added other
	ends 11 autoinstall -k "$K1"
	line succeeded other/1.0
	line failed "base/1.0 mid/1.0 top/1.0"
	assert_errors_have "waits for base"
	assert_errors_have "waits for mid"
}

@test "11 a dependency has no AUTOINSTALL" {
	added base 'AUTOINSTALL=no'
	added top 'BUILD_DEPENDS="base"'
	ends 11 autoinstall -k "$K1"
	line failed top/1.0
	assert_errors_have "top/1.0, $K1, $ARCH: waits for base, which is not installed"
	assert_dkms_status "base/1.0: added" "top/1.0: added"
}

@test "11 a cycle, and a module that depends on itself" {
	added a 'BUILD_DEPENDS="b"'
	added b 'BUILD_DEPENDS="a"'
	added self 'BUILD_DEPENDS="self"'
	added fine
	ends 11 autoinstall -k "$K1"
	assert_output_has "succeeded: fine/1.0"
	for m in a/1.0 b/1.0 self/1.0; do [[ $output =~ failed:.*$m ]]; done
	assert_errors_have "a/1.0, $K1, $ARCH: waits for b, which is not installed"
	assert_errors_have "self/1.0, $K1, $ARCH: waits for self, which is not installed"
}

@test "11 one that is unknown and one that failed: failed" {
	added bad 'MAKE[0]="false"'
	added top 'BUILD_DEPENDS[0]="nobody"
BUILD_DEPENDS[1]="bad"'
	ends 11 autoinstall -k "$K1"
	[[ $output =~ failed:.*top/1.0 ]]
}

@test "77 counts as skipped; who depends on it is built unless excluded itself" {
	added base 'BUILD_EXCLUSIVE_KERNEL="^5"'
	added also 'BUILD_EXCLUSIVE_KERNEL="^5"
BUILD_DEPENDS="base"'
	ends 0 autoinstall -k "$K1"
	line skipped "base/1.0 also/1.0"
	added top 'BUILD_DEPENDS="base"'
	ends 11 autoinstall -k "$K1"
	line failed top/1.0
	assert_errors_have "needs modules that are not installed"
}

@test "21 modules that are built are still installed, and the summary still comes" {
	make_module ready 1.0
	ends 0 build ready/1.0 -k "$K1"
	added tobuild
	rm "/lib/modules/$K1/build"
	ends 21 autoinstall -k "$K1"
	line succeeded ready/1.0
	line failed tobuild/1.0
	assert_dkms_status "ready/1.0, $K1, $ARCH: installed" "tobuild/1.0: added"
	# nothing more to build that AUTOINSTALL wants: no headers needed
	conf tobuild 1.0 'AUTOINSTALL=no'
	ends 0 autoinstall -k "$K1"
}

@test "a module whose conf is bad failed; the others are installed" {
	added bad 'AUTOINSTALL=perhaps'
	added good
	ends 11 autoinstall -k "$K1"
	line succeeded good/1.0
	line failed bad/1.0
	assert_errors_have perhaps
}

@test "broken versions are reported and passed over" {
	make_module gone 2.0
	tree_added gone 2.0
	added gone
	added good
	rm -r /usr/src/gone-2.0
	ends 0 autoinstall -k "$K1"
	assert_errors_have gone/2.0
	assert_dkms_status "gone/1.0, $K1, $ARCH: installed" "gone/2.0: broken" "good/1.0, $K1, $ARCH: installed"
}

@test "a summary of all four" {
	added bad 'MAKE[0]="false"'
	added excl 'BUILD_EXCLUSIVE_KERNEL="^5"'
	added good
	added later 'BUILD_DEPENDS="nobody"'
	ends 11 autoinstall -k "$K1"
	line succeeded good/1.0
	line skipped excl/1.0
	line failed bad/1.0
	line deferred later/1.0
}

@test "kernel_postinst is autoinstall for that kernel" {
	added one
	ends 0 kernel_postinst -k "$K2"
	assert_dkms_status "one/1.0, $K2, $ARCH: installed"
}

@test "kernel_preinst unbuilds every AUTOINSTALL module, so that postinst builds it anew" {
	added auto
	added manual 'AUTOINSTALL=no'
	for m in auto manual; do ends 0 install "$m/1.0" -k "$K1" -k "$K2"; done
	ends 0 kernel_preinst -k "$K1"
	assert_dkms_status "auto/1.0, $K2, $ARCH: installed" \
		"manual/1.0, $K2, $ARCH: installed" "manual/1.0, $K1, $ARCH: installed"
	ends 0 kernel_postinst -k "$K1"
	run_dkms status auto -k "$K1"
	assert_output "auto/1.0, $K1, $ARCH: installed"
}

stays() { # NAME VERSION WHY: kernel_preinst leaves it, says so in a line of its own, and postinst has nothing against it
	ends 0 kernel_preinst -k "$K1"
	assert_output_has "$1/$2 stays as it is for kernel $K1 ($ARCH), since it could not be built again: "
	assert_same "$(grep -c "^$1/$2 stays .*$3" <<<"$output")" 1
	assert_exists "/lib/modules/$K1/updates/dkms/$1.ko"
	run_dkms status "$1/$2" -k "$K1"
	assert_output_has "$1/$2"
}

@test "kernel_preinst leaves alone what could not be built again: no source but dkms.conf" {
	added stub
	added whole
	for m in stub whole; do ends 0 install "$m/1.0" -k "$K1"; done
	find /usr/src/stub-1.0 -mindepth 1 ! -name dkms.conf -delete
	stays stub 1.0 "there is no source to build stub/1.0 from"
	assert_dkms_status "stub/1.0, $K1, $ARCH: installed" "whole/1.0: added"
	ends 0 kernel_postinst -k "$K1"
	assert_dkms_status "stub/1.0, $K1, $ARCH: installed" "whole/1.0, $K1, $ARCH: installed"
	# alone, with nothing to do for others
	ends 0 remove whole/1.0 --all
	stays stub 1.0 "there is no source"
	# what is not for autoinstall is nobody's concern here
	echo AUTOINSTALL=no >>/usr/src/stub-1.0/dkms.conf
	ends 0 kernel_preinst -k "$K1"
	assert_output ""
	assert_dkms_status "stub/1.0, $K1, $ARCH: installed"
	# the kernel goes, and all with it
	ends 0 kernel_prerm -k "$K1"
	assert_dkms_status "stub/1.0: added"
}

@test "kernel_preinst leaves alone what could not be built again: broken, a bad conf, not for this kernel" {
	for m in broken bad none other; do
		added "$m"
		ends 0 install "$m/1.0" -k "$K1"
	done
	mv /usr/src/broken-1.0 "$C"
	echo 'PACKAGE_VERSION=""' >>/usr/src/bad-1.0/dkms.conf
	rm /usr/src/none-1.0/dkms.conf
	echo 'BUILD_EXCLUSIVE_KERNEL="^1[.]"' >>/usr/src/other-1.0/dkms.conf
	stays broken 1.0 "is missing"
	stays bad 1.0 "is invalid"
	stays none 1.0 "is not there"
	stays other 1.0 "BUILD_EXCLUSIVE_KERNEL"
}

@test "kernel_preinst: the newest version comes back, or the older one stays" {
	make_module one 2.0
	added one
	ends 0 install one/1.0 -k "$K1"
	cp -a /usr/src/one-1.0 "$C"
	# the older one cannot be built again, the newest can
	find /usr/src/one-1.0 -mindepth 1 ! -name dkms.conf -delete
	tree_added one 2.0
	stays one 1.0 "there is no source to build one/1.0 from"
	# the other way round: postinst would try the newest
	cp -aT "$C/one-1.0" /usr/src/one-1.0
	find /usr/src/one-2.0 -mindepth 1 ! -name dkms.conf -delete
	stays one 1.0 "there is no source to build one/2.0 from"
}

@test "kernel_preinst: headers that are not there are no reason to leave anything" {
	added one
	ends 0 install one/1.0 -k "$K1"
	mv "/lib/modules/$K1/build" "$C/build"
	ends 0 kernel_preinst -k "$K1"
	assert_dkms_status "one/1.0: added"
}

@test "kernel_prerm unbuilds everything for the kernel, of all versions" {
	make_module one 2.0
	added one
	added manual 'AUTOINSTALL=no'
	ends 0 build one/1.0 -k "$K1"
	ends 0 install one/2.0 -k "$K1" -k "$K2"
	ends 0 install manual/1.0 -k "$K1"
	ends 0 kernel_prerm -k "$K1"
	assert_dkms_status "manual/1.0: added" "one/1.0: added" "one/2.0, $K2, $ARCH: installed"
	refute_exists "/lib/modules/$K1/updates"
	refute_grep updates "/lib/modules/$K1/modules.dep"
}

@test "kernel_prerm of a kernel that is already gone: the dkms tree is cleaned, nothing is left in its directory" {
	added one
	ends 0 install one/1.0 -k "$K1"
	find "/lib/modules/$K1" -mindepth 1 -maxdepth 1 ! -name updates -exec rm -r {} +
	ends 0 kernel_prerm -k "$K1"
	assert_dkms_status "one/1.0: added"
	refute_exists "/lib/modules/$K1/updates" "/lib/modules/$K1/modules.dep"
}

@test "kernel_prerm: an emptied module index and empty directories are not left behind" {
	added one
	ends 0 install one/1.0 -k "$K1"
	rm -r "/lib/modules/$K1"/{kernel,build,modules.builtin,modules.builtin.modinfo,modules.order}
	ends 0 kernel_prerm -k "$K1"
	refute_exists "/lib/modules/$K1/modules.dep" "/lib/modules/$K1/updates" "/lib/modules/$K1/modules.dep.bin"
}

@test "kernel_prerm: directories of the kernel that are empty go, others and links stay" {
	added one
	ends 0 install one/1.0 -k "$K1"
	mkdir -p "/lib/modules/$K1/weak-updates/a/b" "/lib/modules/$K1/extra/full" "$C/elsewhere/empty"
	touch "/lib/modules/$K1/extra/full/file"
	ln -s "$C/elsewhere" "/lib/modules/$K1/link"
	ends 0 kernel_prerm -k "$K1"
	refute_exists "/lib/modules/$K1/weak-updates" "/lib/modules/$K1/updates"
	assert_exists "/lib/modules/$K1/extra/full/file" "/lib/modules/$K1/link" "$C/elsewhere/empty"
}

@test "kernel_prerm: originals go back" {
	added dummy
	home=$(find "/lib/modules/$K1/kernel" -name 'dummy.ko*')
	ends 0 install dummy/1.0 -k "$K1"
	refute_exists "$home"
	ends 0 kernel_prerm -k "$K1"
	assert_exists "$home"
}

@test "kernel_prerm goes on with broken and bad modules" {
	added bad
	added good
	ends 0 install bad/1.0 -k "$K1"
	ends 0 install good/1.0 -k "$K1"
	conf bad 1.0 'AUTOINSTALL=perhaps'
	ends 0 kernel_prerm -k "$K1"
	refute_exists "/lib/modules/$K1/updates"
	run_dkms status good
	assert_output "good/1.0: added"
}

@test "post_transaction: once, after exit 0, with the target kernel; its failure changes nothing" {
	added one
	added two
	echo 'post_transaction="echo run for $kernelver; exit 9"' >/etc/dkms/framework.conf
	ends 0 autoinstall -k "$K1"
	log=/var/lib/dkms/post_transaction.log
	assert_same "$(grep -c "^run for $K1\$" $log)" 1
	rm $log
	# nothing changed: not run
	ends 0 autoinstall -k "$K1"
	ends 0 install one/1.0 -k "$K1"
	ends 0 uninstall one/1.0 -k "$K2"
	refute_exists $log
	for words in "uninstall one/1.0 -k $K1" "install one/1.0 -k $K1" "install --force one/1.0 -k $K1" \
		"unbuild one/1.0 -k $K1" "autoinstall -k $K1" "remove two/1.0 -k $K1" "kernel_preinst -k $K1" \
		"kernel_postinst -k $K1" "match --templatekernel $K1 -k $K2" "kernel_prerm -k $K2"; do
		rm -f $log
		# shellcheck disable=SC2086 # words
		ends 0 $words
		assert_exists $log
		if [ "${words#*"$K2"}" = "$words" ]; then grep -qx "run for $K1" $log; else grep -qx "run for $K2" $log; fi
	done
}

@test "post_transaction: not after a failure, nor after add and build" {
	echo 'post_transaction="true"' >/etc/dkms/framework.conf
	added bad 'MAKE[0]="false"'
	added good
	ends 11 autoinstall -k "$K1"
	ends 0 uninstall good/1.0 -k "$K2"
	ends 0 build good/1.0 -k "$K2"
	make_module more 1.0
	ends 0 add more/1.0
	refute_exists /var/lib/dkms/post_transaction.log
}

@test "post_transaction: after an autoinstall that skipped or deferred a module too" {
	echo 'post_transaction="true"' >/etc/dkms/framework.conf
	added good
	added excl 'BUILD_EXCLUSIVE_KERNEL="^5"'
	added later 'BUILD_DEPENDS="nobody"'
	ends 0 autoinstall -k "$K1"
	assert_exists /var/lib/dkms/post_transaction.log
}

@test "post_transaction: of several kernels one failed: for none of them" {
	echo 'post_transaction="true"' >/etc/dkms/framework.conf
	make_module hello 1.0 'PRE_INSTALL="pre"'
	script /usr/src/hello-1.0/pre '[ "$kernelver" = '"$K1"' ]'
	ends 101 install hello/1.0 -k "$K1" -k "$K2"
	assert_dkms_status "hello/1.0, $K2, $ARCH: built" "hello/1.0, $K1, $ARCH: installed"
	refute_exists /var/lib/dkms/post_transaction.log
}

@test "post_transaction: its log is one block; it runs in the caller's directory" {
	added one
	echo 'post_transaction="pwd; echo out; echo err >&2"' >/etc/dkms/framework.conf
	mkdir "$C/here"
	cd "$C/here"
	ends 0 autoinstall -k "$K1"
	log=/var/lib/dkms/post_transaction.log
	grep -qx "$C/here" $log
	grep -qx out $log
	grep -qx err $log
	grep -qx "# exit code: 0" $log
	grep -q "^# command: " $log
	grep -qE '^# elapsed time: [0-9]{2}:[0-9]{2}:[0-9]{2}$' $log
	grep -qE '^-{64}$' $log
	assert_same "$(grep -c DKMS $log || :)" 0
}

@test "BUILD_DEPENDS_REBUILD: what was built against another version is rebuilt after an install" {
	make_module base 1.0
	make_module base 2.0
	make_module top 1.0 'BUILD_DEPENDS="base"
BUILD_DEPENDS_REBUILD=yes
PRE_BUILD="pre"'
	script /usr/src/top-1.0/pre "echo x >>$C/count"
	ends 0 install base/1.0 -k "$K1"
	ends 0 install top/1.0 -k "$K1"
	assert_same "$(cat "/var/lib/dkms/top/1.0/$K1/$ARCH/.dep_base")" 1.0
	ends 0 install base/2.0 -k "$K1"
	assert_same "$(wc -l <"$C/count")" 2
	run_dkms status top
	assert_output "top/1.0, $K1, $ARCH: installed"
	assert_same "$(cat "/var/lib/dkms/top/1.0/$K1/$ARCH/.dep_base")" 2.0
	# the same version: nothing to do; --force skips the pass
	ends 0 install --force base/2.0 -k "$K1"
	ends 0 uninstall base/2.0 -k "$K1"
	ends 0 install base/2.0 -k "$K1"
	assert_same "$(wc -l <"$C/count")" 2
}

@test "BUILD_DEPENDS_REBUILD: a built one ends built; a failure is returned, the old result stays" {
	make_module base 1.0
	make_module top 1.0 'BUILD_DEPENDS="base"
BUILD_DEPENDS_REBUILD=yes
PRE_BUILD="pre"'
	script /usr/src/top-1.0/pre "echo x >>$C/count; exit \$(cat $C/fail)"
	echo 0 >"$C/fail"
	ends 0 install base/1.0 -k "$K1"
	ends 0 build top/1.0 -k "$K1"
	echo 0.5 >"/var/lib/dkms/top/1.0/$K1/$ARCH/.dep_base"
	ends 0 uninstall base/1.0 -k "$K1"
	ends 0 install base/1.0 -k "$K1"
	assert_same "$(wc -l <"$C/count")" 2
	run_dkms status top
	assert_output "top/1.0, $K1, $ARCH: built"
	ends 0 install top/1.0 -k "$K1"
	echo 55 >"$C/fail"
	rm "/var/lib/dkms/top/1.0/$K1/$ARCH/.dep_base"
	before=$(tree_digest "/var/lib/dkms/top/1.0/$K1" "/lib/modules/$K1/updates/dkms/top.ko")
	ends 0 uninstall base/1.0 -k "$K1"
	ends 55 install base/1.0 -k "$K1"
	assert_same "$(tree_digest "/var/lib/dkms/top/1.0/$K1" "/lib/modules/$K1/updates/dkms/top.ko")" "$before"
	assert_dkms_status "base/1.0, $K1, $ARCH: installed" "top/1.0, $K1, $ARCH: installed"
}

# top/1.0 is installed, built against base/1.0; base/2.0 is added
rebuild_world() { # CONF_LINES of base/2.0
	make_module base 1.0
	make_module base 2.0 "${1:-}"
	make_module top 1.0 'BUILD_DEPENDS="base"
BUILD_DEPENDS_REBUILD=yes
PRE_BUILD="pre"'
	echo 0 >"$C/fail"
	script /usr/src/top-1.0/pre "echo x >>$C/count; exit \$(cat $C/fail)"
	ends 0 install base/1.0 -k "$K1"
	ends 0 install top/1.0 -k "$K1"
	ends 0 add base/2.0
}

@test "BUILD_DEPENDS_REBUILD: in autoinstall too, before the one depmod" {
	rebuild_world
	stub depmod "[ \"\$1\" = --version ] || echo \"\$*\" >>$C/ran"
	ends 0 autoinstall -k "$K1"
	line succeeded base/2.0
	assert_same "$(wc -l <"$C/count") $(grep -c -e -a "$C/ran")" "2 1"
	assert_same "$(cat "/var/lib/dkms/top/1.0/$K1/$ARCH/.dep_base")" 2.0
	assert_dkms_status "base/1.0, $K1, $ARCH: built" "base/2.0, $K1, $ARCH: installed" "top/1.0, $K1, $ARCH: installed"
}

@test "BUILD_DEPENDS_REBUILD: beside other modules, also where one of those fails" {
	rebuild_world
	make_module other 1.0 'MAKE[0]="false"'
	ends 0 add other/1.0
	ends 11 autoinstall -k "$K1"
	line succeeded base/2.0
	line failed other/1.0
	assert_same "$(wc -l <"$C/count")" 2
	assert_dkms_status "base/1.0, $K1, $ARCH: built" "base/2.0, $K1, $ARCH: installed" "other/1.0: added" \
		"top/1.0, $K1, $ARCH: installed"
}

@test "BUILD_DEPENDS_REBUILD: one that fails in autoinstall is 11, and what was installed stays" {
	rebuild_world
	echo 3 >"$C/fail"
	ends 11 autoinstall -k "$K1"
	line succeeded base/2.0
	line failed top/1.0
	assert_dkms_status "base/1.0, $K1, $ARCH: built" "base/2.0, $K1, $ARCH: installed" "top/1.0, $K1, $ARCH: installed"
}

@test "BUILD_DEPENDS_REBUILD: none where the dependency could not be installed" {
	rebuild_world 'MAKE[0]="false"'
	ends 11 autoinstall -k "$K1"
	line failed base/2.0
	refute_output_has top/1.0
	refute_errors_have top/1.0
	assert_same "$(wc -l <"$C/count")" 1
	ends 10 install base/2.0 -k "$K1"
	assert_same "$(wc -l <"$C/count")" 1
	assert_dkms_status "base/1.0, $K1, $ARCH: installed" "base/2.0: added" "top/1.0, $K1, $ARCH: installed"
}

@test "11 confs that cannot be used in all ways; the others are installed" {
	added dup
	added ends 'exit 3'
	added good
	added hole 'BUILT_MODULE_NAME[4]=x'
	added none
	conf dup 1.0 'BUILT_MODULE_NAME[1]="dup"' 'DEST_MODULE_LOCATION[1]="/updates"'
	rm /usr/src/none-1.0/dkms.conf
	ends 11 autoinstall -k "$K1"
	line succeeded good/1.0
	for m in dup hole none; do [[ $output =~ failed:.*$m/1.0 ]]; done
}

@test "--all-kernels: one run for every kernel with headers; each has its summary and one depmod" {
	only_ours
	make_module one 1.0
	make_module two 1.0 'BUILD_DEPENDS[0]=one'
	make_module pick 1.0 "BUILD_EXCLUSIVE_KERNEL=\"^$K1\$\""
	for m in one two pick; do run_dkms add "$m/1.0"; done
	add_kernel 6.0.0-bare
	rm /lib/modules/6.0.0-bare/build
	run_dkms autoinstall --all-kernels
	assert_status 0
	assert_output_has "kernel 6.0.0-bare is passed over: its headers are not there"
	assert_output_has "autoinstall for $K1 ($ARCH) succeeded: one/1.0 pick/1.0 two/1.0"
	assert_output_has "autoinstall for $K2 ($ARCH) succeeded: one/1.0 two/1.0"
	assert_output_has "autoinstall for $K2 ($ARCH) skipped: pick/1.0"
	assert_dkms_status "one/1.0, $K2, $ARCH: installed" "one/1.0, $K1, $ARCH: installed" \
		"pick/1.0, $K1, $ARCH: installed" "two/1.0, $K2, $ARCH: installed" "two/1.0, $K1, $ARCH: installed"
	run_dkms autoinstall --all-kernels --json
	assert_status 0
	[ "$(jq -c '[.steps[]? | select(.state == "done")]' <<<"$output")" = '[]' ]
}

@test "--all-kernels: a failure on one kernel does not stop the others" {
	only_ours
	# shellcheck disable=SC2016
	make_module half 1.0 'MAKE[0]="sh ./half $kernelver"'
	printf '[ "$1" != %s ] || exit 3\nexec sh ./mk "$1"\n' "$K1" >/usr/src/half-1.0/half
	run_dkms add half/1.0
	run_dkms autoinstall --all-kernels
	assert_status 11
	assert_output_has "autoinstall for $K1 ($ARCH) failed: half/1.0"
	assert_output_has "autoinstall for $K2 ($ARCH) succeeded: half/1.0"
}

@test "--all-kernels: a conf that cannot be used is told once, and fails for each" {
	only_ours
	tree_added bad 1.0
	echo 'DEST_MODULE_LOCATION[0]=/bad' >>/usr/src/bad-1.0/dkms.conf
	run_dkms autoinstall --all-kernels
	assert_status 11
	[ "$(grep -c 'dkms.conf of bad/1.0' <<<"$errors")" = 1 ]
	assert_output_has "autoinstall for $K1 ($ARCH) failed: bad/1.0"
	assert_output_has "autoinstall for $K2 ($ARCH) failed: bad/1.0"
}

@test "--all-kernels: no kernel with headers; nothing to do" {
	only_ours
	run_dkms autoinstall --all-kernels
	assert_status 0
	make_module one 1.0
	run_dkms add one/1.0
	rm "/lib/modules/$K1/build" "/lib/modules/$K2/build"
	run_dkms autoinstall --all-kernels
	assert_status 21
	assert_errors_have "no kernel in '/lib/modules' has its headers"
}

@test "--all-kernels: what it does not go with" {
	only_ours
	assert_refused 2 autoinstall --all-kernels -k "$K1"
	assert_refused 2 autoinstall --all-kernels --kernelsourcedir /usr/src
	assert_refused 2 autoinstall --all-kernels --config /dev/null
	assert_refused 3 autoinstall --all-kernels -a x86_64
	assert_refused 5 autoinstall --all-kernels --all
	assert_refused 5 install hello/1.0 --all-kernels
	assert_refused 5 kernel_postinst --all-kernels -k "$K1"
	assert_refused 4 autoinstall -k "$K1" -k "$K2"
}
