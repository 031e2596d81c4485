#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What dkms says of Secure Boot: is it on, is the certificate enrolled, and what is to be done. The firmware is made
# of files here; full/secure-boot.bats has a real one.

load ../lib/dkms
load ../lib/efi

MOK=/var/lib/dkms/mok.pub
GENKEY="/usr/libexec/dkms/dkms-sign genkey"

setup() {
	only_ours
	world_up
	firmware=
	echo try_sign_modules=true >/etc/dkms/framework.conf.d/tests.conf
	make_module hello 1.0
}

teardown() {
	[ -z "$firmware" ] || efi_down
	world_down
}

firmware() {
	efi_up
	firmware=1
}

warns() {
	assert_status 0
	[ "$(grep -c "^dkms: warning" <<<"$errors")" = 1 ] || _fail "there should be one warning"
	assert_errors_have "dkms: warning: Secure Boot is on, and the kernel will refuse to load hello/1.0$1"
}

again() { run_dkms install --force hello/1.0 -k "$K1"; }

@test "a certificate that is not enrolled is told when a module is installed, with what is to be done" {
	firmware
	run_dkms build hello/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	run_dkms install hello/1.0 -k "$K1"
	warns ": the certificate of the key that signed is not enrolled"
	assert_errors_have "enrol it before the reboot: mokutil --import $MOK"
	assert_output "hello/1.0, $K1, $ARCH: installed"
	# nothing was done, nothing is said
	run_dkms install hello/1.0 -k "$K1"
	assert_no_errors
	run_dkms autoinstall -k "$K1"
	assert_no_errors
	run_dkms status
	assert_no_errors
}

@test "once for all modules of a run, by name" {
	make_module more 2.0
	make_module third 3.0
	make_module fourth 4.0
	for m in hello/1.0 more/2.0 third/3.0 fourth/4.0; do run_dkms add $m; done
	firmware
	run_dkms autoinstall -k "$K1"
	assert_status 0
	assert_same "$(grep -c '^dkms: warning' <<<"$errors")" 1
	assert_errors_have "and 1 more: the certificate"
}

@test "enrolled with shim, by the firmware's vendor, or in the kernel: nothing is said" {
	firmware
	run_dkms install hello/1.0 -k "$K1"
	warns ": the certificate"
	$GENKEY "$C/k" "$C/other"
	efi_certificates MokListRT "$C/other"
	again
	warns ": the certificate"
	efi_certificates MokListRT "$C/other" $MOK
	again
	assert_no_errors
	rm "$EFI_VARS"/MokListRT*
	efi_certificates db $MOK
	again
	assert_no_errors
	rm "$EFI_VARS"/db-*
	again
	warns ": the certificate"
	id=$(openssl x509 -inform der -in $MOK -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tr A-F a-f)
	echo "3191be I------     1 perm 1f010000     0     0 asymmetri DKMS module signing key: $id: X509.rsa ${id: -8} []" >/proc/keys
	again
	assert_no_errors
	# another key of the same name
	sed "s/key: $id/key: ${id//[0-4]/7}/" "$C/keys" >"$C/others"
	cat "$C/others" >/proc/keys
	again
	warns ": the certificate"
}

@test "shim's list as the kernel keeps it counts where the firmware's variable is too small" {
	firmware
	run_dkms install hello/1.0 -k "$K1"
	efi_certificates MokListRT $MOK
	mkdir /sys/firmware/efi/mok-variables
	tail -c +5 "$EFI_VARS"/MokListRT-* >/sys/firmware/efi/mok-variables/MokListRT
	rm "$EFI_VARS"/MokListRT-*
	again
	assert_no_errors
}

@test "an enrolment that was asked for waits for the reboot" {
	firmware
	run_dkms generate_mok
	efi_certificates MokNew $MOK
	run_dkms install hello/1.0 -k "$K1"
	warns " until the certificate's enrolment, which was asked for, is confirmed"
	run_dkms generate_mok
	assert_output_has "Secure Boot: on; lockdown: integrity; the certificate: enrolment waits for a reboot"
	assert_output_has "  1. reboot; at the blue screen"
	refute_output_has "1. mokutil --import"
}

@test "a module that is not signed, and one that somebody else signed" {
	firmware
	echo try_sign_modules=false >/etc/dkms/framework.conf.d/tests.conf
	run_dkms install hello/1.0 -k "$K1"
	# a chroot, for all that can be seen: another machine's Secure Boot
	assert_no_errors
	echo try_sign_modules=true >/etc/dkms/framework.conf.d/tests.conf
	again
	warns ": not signed"
	$GENKEY "$C/k" "$C/c"
	/usr/libexec/dkms/dkms-sign sign sha256 "$C/k" "$C/c" "/var/lib/dkms/hello/1.0/$K1/$ARCH/module/hello.ko"
	again
	warns ": signed with a key whose certificate is not enrolled"
	assert_errors_have "enrol the certificate of 'DKMS module signing key'"
	# the kernel's own, say
	echo "3 I------     1 perm 1f010000     0     0 asymmetri DKMS module signing key: 00: X509.rsa 00 []" >/proc/keys
	again
	assert_no_errors
	# but not where that is one of the enrolled: the name is that of every dkms
	$GENKEY "$C/k2" "$C/c2"
	efi_certificates MokListRT "$C/c2"
	again
	warns ": signed with a key whose certificate is not enrolled"
}

@test "where nothing is refused nothing is said: off, waived, in setup, not locked down; no EFI" {
	run_dkms install hello/1.0 -k "$K1"
	assert_no_errors
	firmware
	efi_variable SecureBoot '\0'
	again
	assert_no_errors
	efi_variable SecureBoot '\1'
	efi_variable SetupMode '\1'
	again
	assert_no_errors
	efi_variable SetupMode '\0'
	efi_variable MokSBStateRT '\1'
	again
	assert_no_errors
	rm "$EFI_VARS"/MokSBStateRT-*
	again
	warns ": the certificate"
	echo '[none] integrity confidentiality' >/sys/kernel/security/lockdown
	again
	assert_no_errors
	rm /sys/kernel/security/lockdown
	again
	warns ": the certificate"
	# a kernel that was built without lockdown refuses nothing
	echo capability >/sys/kernel/security/lsm
	again
	assert_no_errors
}

@test "broken variables are as good as none" {
	firmware
	run_dkms install hello/1.0 -k "$K1"
	efi_certificates MokListRT $MOK
	cp "$EFI_VARS"/MokListRT-* "$C/whole"
	for n in 0 4 40 108 400 $(($(stat -c %s "$C/whole") - 1)); do
		head -c "$n" "$C/whole" >"$(echo "$EFI_VARS"/MokListRT-*)"
		again
		warns ": the certificate"
	done
}

@test "generate_mok tells the steps, as long as there are some" {
	run_dkms generate_mok
	assert_status 0
	assert_same "$(wc -l <<<"$output")" 2
	firmware
	mkdir "$C/bin"
	printf '#!/bin/sh\n' >"$C/bin/mokutil"
	chmod 755 "$C/bin/mokutil"
	PATH=$C/bin:$PATH run_dkms generate_mok
	assert_status 0
	assert_same "$(tail -n +2 <<<"$output")" "where Secure Boot is on, enrol the certificate: mokutil --import $MOK
Secure Boot: on; lockdown: integrity; the certificate: not enrolled
  1. mokutil --import $MOK  (asks twice for a password, which is for step 3)
  2. reboot; at the blue screen press a key within ten seconds
  3. choose Enroll MOK, Continue, Yes, type the password, choose Reboot
  4. see that it is enrolled: mokutil --test-key $MOK"
	efi_certificates MokListRT $MOK
	run_dkms generate_mok
	assert_same "$(tail -n +3 <<<"$output")" "Secure Boot: on; lockdown: integrity; the certificate: enrolled"
	Q='.enrolment == "enrolled" and .certificate == "/var/lib/dkms/mok.pub" and .secure_boot.lockdown == "integrity" and
		.secure_boot.on and .secure_boot.refuses_unknown' json generate_mok
	assert_status 0
	efi_variable SecureBoot '\0'
	rm "$EFI_VARS"/Mok*
	run_dkms generate_mok
	assert_same "$(tail -n +3 <<<"$output")" "Secure Boot: off; lockdown: integrity; the certificate: not enrolled"
	Q='.secure_boot.on == false' json generate_mok
	assert_status 0
}

@test "why shows the state, and whether the key that signed is enrolled" {
	run_dkms install hello/1.0 -k "$K1"
	Q='.secure_boot == null and .builds[0].files[0].enrolment == null' json why hello/1.0 -k "$K1"
	assert_status 0
	firmware
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has "sha256), not enrolled"
	assert_output_has "secure boot     on; lockdown: integrity"
	efi_certificates MokListRT $MOK
	run_dkms why hello/1.0 -k "$K1"
	assert_output_has "sha256), enrolled"
	Q='.secure_boot.on and .builds[0].files[0].enrolment == "enrolled"' json why hello/1.0 -k "$K1"
	assert_status 0
}
