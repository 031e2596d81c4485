# SPDX-License-Identifier: LGPL-2.1-or-later
# The trees lie in a lower layer of an overlay, as in a container whose image has drivers: there a directory cannot be
# renamed.

load ../lib/dkms

setup() {
	world_up
	make_module hello 1.0
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	lay /var/lib/dkms
	lay "/usr/lib/modules/$K1"
}

lay() { # DIR
	local up=$C/layer$1
	mkdir -p "$up/upper" "$up/work" "$up/lower"
	cp -a "$1/." "$up/lower/"
	mount -t overlay -o "lowerdir=$up/lower,upperdir=$up/upper,workdir=$up/work,redirect_dir=off" layer "$1"
}

@test "remove of what an image's layer has" {
	run_dkms remove hello/1.0 --all
	assert_status 0
	assert_no_errors
	assert_dkms_status
	refute_exists "/usr/lib/modules/$K1/updates" /var/lib/dkms/hello
}

@test "unbuild and build of what an image's layer has" {
	run_dkms unbuild hello/1.0 -k "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0: added"
	run_dkms install hello/1.0 -k "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "build --force and install --force of what an image's layer has" {
	echo 'MAKE[0]="sh ./mk $kernelver; echo second >Module.symvers"' >>/usr/src/hello-1.0/dkms.conf
	run_dkms build --force hello/1.0 -k "$K1"
	assert_status 0
	assert_same "$(<"/var/lib/dkms/hello/1.0/$K1/$ARCH/module/Module.symvers")" second
	assert_same "$(find /var/lib/dkms -name '*.dkms*')" "" "what is left"
	run_dkms install --force hello/1.0 -k "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: installed"
}

@test "another version over what an image's layer has" {
	make_module hello 2.0
	run_dkms install hello/2.0 -k "$K1"
	assert_status 0
	assert_dkms_status "hello/1.0, $K1, $ARCH: built" "hello/2.0, $K1, $ARCH: installed"
}
