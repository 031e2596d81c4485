#!/usr/bin/env bats
# Real driver packages on the standard kernel: module by module the same as with Debian's dkms.
load ../lib/compare

@test "v4l2loopback-dkms on the standard kernel" {
	compare_sides v4l2loopback-dkms "$K2"
}

@test "acpi-call-dkms on the standard kernel" {
	compare_sides acpi-call-dkms "$K2"
}

@test "bbswitch-dkms on the standard kernel" {
	compare_sides bbswitch-dkms "$K2"
}

@test "dm-writeboost-dkms on the standard kernel" {
	compare_sides dm-writeboost-dkms "$K2"
}

@test "jool-dkms on the standard kernel" {
	compare_sides jool-dkms "$K2"
}

@test "ddcci-dkms on the standard kernel" {
	compare_sides ddcci-dkms "$K2"
}

@test "evdi-dkms on the standard kernel" {
	compare_sides evdi-dkms "$K2"
}

@test "digimend-dkms on the standard kernel" {
	compare_sides digimend-dkms "$K2"
}
