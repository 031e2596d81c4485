#!/usr/bin/env bats
# The test house itself: what the helpers promise.
load ../lib/dkms

@test "a case's writes do not reach the machine" {
	make_module hello 1.0
	touch /etc/dkms/x /var/lib/dkms/x /boot/x
	assert_exists /usr/src/hello-1.0/dkms.conf
	refute_exists "$HOST/usr/src/hello-1.0" "$HOST/etc/dkms/x" "$HOST/var/lib/dkms/x" "$HOST/boot/x"
}

@test "nor the next case" {
	refute_exists /usr/src/hello-1.0 /etc/dkms/x /var/lib/dkms/x /boot/x
}

@test "a ready module is what modinfo and depmod take for a real one" {
	ready_ko "$C/a.ko" my-mod 7.1 "$K2" alias=pci:v1
	assert_same "$(modinfo -F version "$C/a.ko") $(modinfo -F name "$C/a.ko") $(modinfo -F alias "$C/a.ko")" \
		"7.1 my_mod pci:v1"
	[[ $(modinfo -F vermagic "$C/a.ko") == "$K2 "* ]]
	mkdir -p "/lib/modules/$K2/updates"
	cp "$C/a.ko" "/lib/modules/$K2/updates/my-mod.ko"
	depmod "$K2"
	assert_same "$(modinfo -k "$K2" -n my_mod)" "/lib/modules/$K2/updates/my-mod.ko"
}

@test "a digest sees mode, contents, links and new files" {
	mkdir "$C/d"
	echo a >"$C/d/f"
	ln -s f "$C/d/l"
	one=$(tree_digest "$C/d")
	assert_same "$(tree_digest "$C/d")" "$one"
	for change in 'chmod 600 d/f' 'echo b >d/f' 'ln -sfn g d/l' 'touch d/.new'; do
		(cd "$C" && eval "$change")
		two=$(tree_digest "$C/d")
		[ "$one" != "$two" ]
		one=$two
	done
}

@test "a compressed kernel's modules are indexed" {
	add_kernel 9.1.0-test .ko.xz
	assert_exists /lib/modules/9.1.0-test/kernel/drivers/net/dummy.ko.xz
	assert_same "$(modinfo -k 9.1.0-test -n dummy)" /lib/modules/9.1.0-test/kernel/drivers/net/dummy.ko.xz
}

@test "Debian's dkms builds and installs a ready module and a compiled one" {
	make_module hello 1.0
	kbuild_module real 2.0
	run_peer install hello/1.0 -k "$K1"
	assert_status 0
	run_peer install real/2.0 -k "$K1"
	assert_status 0
	assert_exists "/lib/modules/$K1/updates/dkms/hello.ko" "/lib/modules/$K1/updates/dkms/real.ko"
	run_peer status
	assert_same "$(sort <<<"$output")" "hello/1.0, $K1, $ARCH: installed
real/2.0, $K1, $ARCH: installed"
}
