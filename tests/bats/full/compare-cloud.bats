#!/usr/bin/env bats
# Real driver packages on the cloud kernel: module by module the same as with Debian's dkms.
load ../../lib/compare

@test "v4l2loopback-dkms on the cloud kernel" {
	compare_sides v4l2loopback-dkms "$K1"
}

@test "acpi-call-dkms on the cloud kernel" {
	compare_sides acpi-call-dkms "$K1"
}

@test "bbswitch-dkms on the cloud kernel" {
	compare_sides bbswitch-dkms "$K1"
}

@test "dm-writeboost-dkms on the cloud kernel" {
	compare_sides dm-writeboost-dkms "$K1"
}

@test "jool-dkms on the cloud kernel" {
	compare_sides jool-dkms "$K1"
}

@test "ddcci-dkms on the cloud kernel" {
	compare_sides ddcci-dkms "$K1"
}

@test "evdi-dkms on the cloud kernel" {
	compare_sides evdi-dkms "$K1"
}

@test "digimend-dkms on the cloud kernel" {
	compare_sides digimend-dkms "$K1"
}
