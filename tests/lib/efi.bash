# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Firmware with Secure Boot as the kernel shows it, made of files: load after dkms.
#
#	efi_up                      Secure Boot is on, and so is lockdown
#	efi_variable NAME BYTES     a variable of the firmware's, or of shim's (Mok…): BYTES as for printf
#	efi_certificates NAME DER…  the same with a database of certificates
#	efi_down

EFI_VARS=/sys/firmware/efi/efivars

efi_up() {
	mount -t tmpfs none /sys/firmware
	mkdir -p "$EFI_VARS"
	efi_variable SecureBoot '\1'
	efi_variable SetupMode '\0'
	mount -t tmpfs none /sys/kernel/security
	echo 'none [integrity] confidentiality' >/sys/kernel/security/lockdown
	: >"$C/keys"
	mount --bind "$C/keys" /proc/keys
}

efi_down() {
	umount /proc/keys /sys/kernel/security /sys/firmware
}

_efi_file() {
	case $1 in
	Mok*) echo "$EFI_VARS/$1-605dab50-e046-4300-abb6-3dd810dd8b23" ;;
	db) echo "$EFI_VARS/$1-d719b2cb-3d3a-4596-a3bc-dad00e67656f" ;;
	*) echo "$EFI_VARS/$1-8be4df61-93ca-11d2-aa0d-00e098032b8c" ;;
	esac
}

_le32() {
	printf '%b' "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

efi_variable() {
	printf '%b' "\\6\\0\\0\\0$2" >"$(_efi_file "$1")"
}

# A list of hashes first, as distributions have them, then one list for each certificate.
efi_certificates() { # NAME DER...
	local name=$1 f n
	shift
	{
		_le32 6
		printf '%b' '\x26\x16\xc4\xc1\x4c\x50\x92\x40\xac\xa9\x41\xf9\x36\x93\x43\x28'
		_le32 $((28 + 48))
		_le32 0
		_le32 48
		head -c 48 /dev/zero
		for f; do
			n=$(stat -c %s "$f")
			printf '%b' '\xa1\x59\xc0\xa5\xe4\x94\xa7\x4a\x87\xb5\xab\x15\x5c\x2b\xf0\x72'
			_le32 $((28 + 16 + n))
			_le32 0
			_le32 $((16 + n))
			head -c 16 /dev/zero
			cat "$f"
		done
	} >"$(_efi_file "$name")"
}
