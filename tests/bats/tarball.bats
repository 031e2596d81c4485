#!/usr/bin/env bats
# mktarball and ldtarball: dkms(8), "mktarball", "ldtarball" and "Tarballs".
load ../lib/dkms

members() { tar -tf "$1" | LC_ALL=C sort; }
tarball_of() { echo "/var/lib/dkms/$1/$2/tarball/$3"; }

# alpha/1.0, built for the kernels named, as if dkms had done it; a tarball of it is $C/alpha.tar.gz
alpha_tarball() {
	local k args=()
	make_module alpha 1.0
	ln -s /usr/share/common-licenses/GPL-2 /usr/src/alpha-1.0/COPYING
	tree_added alpha 1.0
	for k in "$@"; do
		tree_built alpha 1.0 "$k"
		args+=(-k "$k")
	done
	[ $# -gt 0 ] || args=(--source-only)
	run_dkms mktarball alpha/1.0 "${args[@]}" --archive "$C/alpha.tar.gz"
	assert_status 0
}

forget_alpha() { rm -rf /var/lib/dkms/alpha /usr/src/alpha-1.0; }

# pack FILE: what is in $C/pack
pack() { tar -C "$C/pack" --numeric-owner -caf "$1" .; }

nothing_left_in_tmp() { assert_same "$(ls -A "$C/tmp")" "" "what is left in TMPDIR"; }

# --- mktarball: names and members ---

@test "mktarball: names, and members that begin with ./" {
	make_module alpha 1.0
	ln -s /usr/share/common-licenses/GPL-2 /usr/src/alpha-1.0/COPYING
	tree_built alpha 1.0 "$K1"
	run_dkms mktarball alpha/1.0 -k "$K1"
	assert_status 0
	assert_no_errors
	t=$(tarball_of alpha 1.0 "alpha-1.0-kernel$K1-$ARCH.dkms.tar.gz")
	assert_output "alpha/1.0: tarball written to '$t'"
	assert_same "$(ls -A /var/lib/dkms/alpha/1.0/tarball)" "${t##*/}"
	gzip -t "$t"
	assert_same "$(members "$t")" "./dkms_main_tree/
./dkms_main_tree/$K1/
./dkms_main_tree/$K1/$ARCH/
./dkms_main_tree/$K1/$ARCH/log/
./dkms_main_tree/$K1/$ARCH/log/make.log
./dkms_main_tree/$K1/$ARCH/module/
./dkms_main_tree/$K1/$ARCH/module/alpha.ko
./dkms_source_tree/
./dkms_source_tree/COPYING
./dkms_source_tree/dkms.conf
./dkms_source_tree/ko/
./dkms_source_tree/ko/$K2/
./dkms_source_tree/ko/$K2/alpha.ko
./dkms_source_tree/ko/$K1/
./dkms_source_tree/ko/$K1/alpha.ko
./dkms_source_tree/ko/other
./dkms_source_tree/mk"
	mkdir x
	tar -C x -xf "$t"
	diff -r --no-dereference x/dkms_source_tree /usr/src/alpha-1.0
	diff -r "x/dkms_main_tree/$K1" "/var/lib/dkms/alpha/1.0/$K1"
	assert_same "$(stat -c %a "$t")" 644
}

@test "mktarball: --all takes every kernel, in version order" {
	tree_built alpha 1.0 "$K1"
	tree_built alpha 1.0 "$K2"
	run_dkms mktarball alpha/1.0 --all
	assert_status 0
	assert_exists "$(tarball_of alpha 1.0 "alpha-1.0-kernel$K2-$ARCH-kernel$K1-$ARCH.dkms.tar.gz")"
	assert_same "$(members /var/lib/dkms/alpha/1.0/tarball/* | grep -c '/module/alpha.ko$')" 2
}

@test "mktarball: several -k, in their order" {
	tree_built alpha 1.0 "$K1"
	tree_built alpha 1.0 "$K2"
	run_dkms mktarball alpha/1.0 -k "$K2" -k "$K1"
	assert_status 0
	assert_exists "$(tarball_of alpha 1.0 "alpha-1.0-kernel$K2-$ARCH-kernel$K1-$ARCH.dkms.tar.gz")"
}

@test "mktarball: a part about kernels of 200 characters is manykernels" {
	tree_added alpha 1.0
	for n in 199 200; do
		k=6.1.0-$(printf "%0$((n - 6 - 7 - ${#ARCH}))d" 0)
		mkdir -p "/var/lib/dkms/alpha/1.0/$k/$ARCH/module"
		run_dkms mktarball alpha/1.0 -k "$k"
		assert_status 0
	done
	k=6.1.0-$(printf "%0$((199 - 6 - 7 - ${#ARCH}))d" 0)
	assert_same "$(ls /var/lib/dkms/alpha/1.0/tarball)" "alpha-1.0-kernel$k-$ARCH.dkms.tar.gz
alpha-1.0-manykernels.dkms.tar.gz"
}

@test "mktarball: --source-only" {
	tree_built alpha 1.0 "$K1"
	run_dkms mktarball alpha/1.0 --source-only
	assert_status 0
	t=$(tarball_of alpha 1.0 alpha-1.0-source-only.dkms.tar.gz)
	assert_same "$(members "$t" | cut -d/ -f2- | grep main)" "dkms_main_tree/"
	members "$t" | grep -qx ./dkms_source_tree/dkms.conf
}

@test "mktarball: --binaries-only" {
	tree_built alpha 1.0 "$K1"
	run_dkms mktarball alpha/1.0 --binaries-only -k "$K1"
	assert_status 0
	t=$(tarball_of alpha 1.0 "alpha-1.0-kernel$K1-$ARCH.dkms.tar.gz")
	assert_same "$(members "$t" | grep -v /dkms_main_tree/)" "./dkms_binaries_only/
./dkms_binaries_only/PACKAGE_NAME
./dkms_binaries_only/PACKAGE_VERSION
./dkms_binaries_only/dkms.conf"
	assert_same "$(tar -xOf "$t" ./dkms_binaries_only/PACKAGE_NAME)" alpha
	assert_same "$(tar -xOf "$t" ./dkms_binaries_only/PACKAGE_VERSION)" 1.0
	tar -xOf "$t" ./dkms_binaries_only/dkms.conf | cmp - /usr/src/alpha-1.0/dkms.conf
	nothing_left_in_tmp
}

@test "mktarball: the suffix of --archive picks the compression" {
	tree_added alpha 1.0
	while read -r suffix magic; do
		run_dkms mktarball alpha/1.0 --source-only --archive "a.$suffix"
		assert_status 0
		f=$(tarball_of alpha 1.0 "a.$suffix")
		got=$(head -c 6 "$f" | od -An -tx1 | tr -d ' \n')
		[[ $got == "$magic"* ]] || { echo "$suffix: $got" >&2; false; }
		run_dkms ldtarball "$f" --force
		assert_status 0
	done <<-'END'
		tar 2e2f646b
		tar.gz 1f8b08
		tgz 1f8b08
		tar.bz2 425a68
		tar.xz fd377a585a00
		tar.zst 28b52ffd
		odd 2e2f646b
	END
}

@test "mktarball: --archive with a / names another directory, made if it is missing" {
	tree_added alpha 1.0
	run_dkms mktarball alpha/1.0 --source-only --archive sub/dir/x.tar.xz
	assert_status 0
	assert_exists "$C/sub/dir/x.tar.xz"
	refute_exists /var/lib/dkms/alpha/1.0/tarball
	run_dkms mktarball alpha/1.0 --source-only --archive "$C/y.tar.gz"
	assert_status 0
	assert_exists "$C/y.tar.gz"
}

@test "mktarball: the same tree gives the same bytes, and SOURCE_DATE_EPOCH is the latest time" {
	tree_built alpha 1.0 "$K1"
	for n in 1 2; do
		run_dkms mktarball alpha/1.0 -k "$K1" --archive "$C/$n.tar.gz"
		assert_status 0
		run_dkms mktarball alpha/1.0 -k "$K1" --binaries-only --archive "$C/b$n.tar.gz"
		assert_status 0
		sleep 1.1
	done
	cmp 1.tar.gz 2.tar.gz
	cmp b1.tar.gz b2.tar.gz
	touch -d 2001-02-03 /usr/src/alpha-1.0/mk
	SOURCE_DATE_EPOCH=1500000000 run_dkms mktarball alpha/1.0 -k "$K1" --archive "$C/3.tar"
	assert_same "$(TZ=UTC tar -tvf 3.tar | awk '{ print $4 }' | sort -u)" "2001-02-03
2017-07-14"
	assert_same "$(tar --numeric-owner -tvf 3.tar | awk '{ print $2 }' | sort -u)" 0/0
}

# --- mktarball: refusals, in their order ---

@test "mktarball: what is refused, and with what status" {
	tree_added alpha 1.0
	assert_refused 8 mktarball alpha/1.0 --source-only --binaries-only
	assert_refused 1 mktarball
	assert_refused 1 mktarball alpha
	assert_refused 3 mktarball none/1.0 -k "$K1"
	assert_refused 3 mktarball alpha/2.0 -k "$K1"
	assert_refused 6 mktarball alpha/1.0 -k "$K1"
	assert_errors_have "$K1"
	assert_refused 6 mktarball alpha/1.0 --all
	tree_built alpha 1.0 "$K1"
	assert_refused 6 mktarball alpha/1.0 -k "$K1" -k "$K2"
	assert_errors_have "$K2"
	rm /usr/src/alpha-1.0/dkms.conf
	assert_refused 4 mktarball alpha/1.0 -k "$K2"
	echo 'PACKAGE_NAME=alpha' >/usr/src/alpha-1.0/dkms.conf
	assert_refused 8 mktarball alpha/1.0 -k "$K2"
	rm -rf /usr/src/alpha-1.0
	assert_refused 4 mktarball alpha/1.0 -k "$K1"
	assert_errors_have broken
}

@test "mktarball: a directory that cannot be written to" {
	tree_built alpha 1.0 "$K1"
	mkdir ro
	mount -t tmpfs -o ro none "$C/ro"
	assert_refused 9 mktarball alpha/1.0 -k "$K1" --archive "$C/ro/x.tar.gz"
	assert_errors_have "'$C/ro'"
	umount "$C/ro"
	: >"$C/file"
	assert_refused 9 mktarball alpha/1.0 -k "$K1" --archive "$C/file/x.tar.gz"
	run_as_nobody "$DKMS" mktarball alpha/1.0 -k "$K1"
	assert_status 9
	refute_exists /var/lib/dkms/alpha/1.0/tarball
}

@test "mktarball: a full disk leaves the old tarball, and nothing beside it" {
	tree_built alpha 1.0 "$K1"
	# libarchive forgets to free its compressors when it fails
	export ASAN_OPTIONS=detect_leaks=0
	head -c 3000000 /dev/urandom >/usr/src/alpha-1.0/big
	mkdir full
	mount -t tmpfs -o size=1m none "$C/full"
	echo old >"$C/full/x.tar.gz"
	run_dkms mktarball alpha/1.0 -k "$K1" --archive "$C/full/x.tar.gz"
	assert_status 6
	assert_errors_have "No space left"
	assert_same "$(ls -A "$C/full")" x.tar.gz
	assert_same "$(cat "$C/full/x.tar.gz")" old
	umount "$C/full"
}

# --- ldtarball ---

@test "ldtarball: source and built kernels come back as they were" {
	alpha_tarball "$K1" "$K2"
	src=$(tree_digest /usr/src/alpha-1.0)
	b1=$(tree_digest "/var/lib/dkms/alpha/1.0/$K1")
	b2=$(tree_digest "/var/lib/dkms/alpha/1.0/$K2")
	forget_alpha
	run_dkms ldtarball "$C/alpha.tar.gz"
	assert_status 0
	assert_no_errors
	assert_output "alpha/1.0: added
alpha/1.0, $K2, $ARCH: loaded
alpha/1.0, $K1, $ARCH: loaded"
	assert_same "$(tree_digest /usr/src/alpha-1.0)" "$src"
	assert_exists "/var/lib/dkms/alpha/1.0/$K1/$ARCH/.loaded"
	assert_same "$(tree_digest "/var/lib/dkms/alpha/1.0/$K1" | grep -v '/\.loaded')" "$b1"
	assert_same "$(tree_digest "/var/lib/dkms/alpha/1.0/$K2" | grep -v '/\.loaded')" "$b2"
	assert_same "$(readlink /var/lib/dkms/alpha/1.0/source)" /usr/src/alpha-1.0
	assert_exists /var/lib/dkms/alpha/1.0/build
	run_dkms status -k "$K1"
	assert_output "alpha/1.0, $K1, $ARCH: built"
	nothing_left_in_tmp
	run_dkms install alpha/1.0 -k "$K1"
	assert_status 0
}

@test "ldtarball: --archive names it too, and -m names the version that it becomes" {
	alpha_tarball "$K1"
	forget_alpha
	run_dkms ldtarball --archive "$C/alpha.tar.gz"
	assert_status 0
	forget_alpha
	run_dkms ldtarball -m beta/3 "$C/alpha.tar.gz"
	assert_status 0
	assert_errors_have "the name counts"
	assert_dkms_status "beta/3, $K1, $ARCH: built"
}

@test "ldtarball: an archive that is missing, or is none" {
	assert_refused 2 ldtarball
	assert_refused 2 ldtarball "$C/none.tar.gz"
	assert_refused 2 ldtarball --archive "$C/none.tar.gz"
	assert_refused 2 ldtarball alpha/1.0
	echo "this is no archive" >"$C/junk"
	assert_refused 3 ldtarball "$C/junk"
	: >"$C/empty"
	assert_refused 3 ldtarball "$C/empty"
	mkfifo "$C/fifo"
	assert_refused 3 ldtarball "$C/fifo"
	mkdir -p "$C/pack/some/where"
	pack "$C/noconf.tar.gz"
	assert_refused 3 ldtarball "$C/noconf.tar.gz"
	assert_errors_have "dkms.conf"
	alpha_tarball "$K1"
	forget_alpha
	size=$(stat -c %s "$C/alpha.tar.gz")
	for n in 20 $((size / 2)) $((size - 1)); do
		head -c $n "$C/alpha.tar.gz" >"$C/cut.tar.gz"
		assert_refused 3 ldtarball "$C/cut.tar.gz"
	done
	nothing_left_in_tmp
}

@test "ldtarball: built modules without a dkms.conf where it belongs" {
	mkdir -p "$C/pack/dkms_main_tree/$K1/$ARCH/module" "$C/pack/elsewhere"
	pack "$C/a.tar.gz"
	assert_refused 7 ldtarball "$C/a.tar.gz"
	make_module alpha 1.0
	cp /usr/src/alpha-1.0/dkms.conf "$C/pack/elsewhere/"
	rm -rf /usr/src/alpha-1.0
	pack "$C/a.tar.gz"
	assert_refused 7 ldtarball "$C/a.tar.gz"
	mkdir "$C/pack/dkms_source_tree"
	ln -s /etc/passwd "$C/pack/dkms_source_tree/dkms.conf"
	pack "$C/a.tar.gz"
	assert_refused 7 ldtarball "$C/a.tar.gz"
}

@test "ldtarball: an invalid dkms.conf" {
	mkdir -p "$C/pack/dkms_main_tree" "$C/pack/dkms_source_tree"
	echo 'PACKAGE_NAME=alpha' >"$C/pack/dkms_source_tree/dkms.conf"
	pack "$C/a.tar.gz"
	assert_refused 8 ldtarball "$C/a.tar.gz"
	assert_refused 8 ldtarball "$C/a.tar.gz" -m alpha/1.0
	rm -rf "$C/pack/dkms_main_tree"
	pack "$C/a.tar.gz"
	assert_refused 8 ldtarball "$C/a.tar.gz"
}

@test "ldtarball: an added version is refused, with --force replaced" {
	alpha_tarball "$K1"
	assert_refused 8 ldtarball "$C/alpha.tar.gz"
	assert_errors_have "already added"
	echo changed >>/usr/src/alpha-1.0/mk
	echo more >/usr/src/alpha-1.0/more
	echo changed >"/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko"
	run_dkms ldtarball "$C/alpha.tar.gz" --force
	assert_status 0
	assert_no_errors
	refute_exists /usr/src/alpha-1.0/more
	[ "$(grep -c changed /usr/src/alpha-1.0/mk)" = 0 ]
	cmp "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko" "/usr/src/alpha-1.0/ko/$K1/alpha.ko"
	assert_same "$(find /usr/src/alpha* /var/lib/dkms -name '.*' ! -name .loaded; find /usr/src -maxdepth 1 -name '.*')" "" \
		"files of dkms's own"
}

@test "ldtarball: --force leaves what is installed as it is" {
	alpha_tarball "$K1"
	tree_installed alpha 1.0 "$K1"
	run_dkms ldtarball "$C/alpha.tar.gz" --force
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
}

@test "ldtarball: kernels that are built already are kept, with a warning" {
	alpha_tarball "$K1" "$K2"
	rm -rf /var/lib/dkms/alpha
	mkdir -p "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module"
	echo mine >"/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko"
	run_dkms ldtarball "$C/alpha.tar.gz"
	assert_status 0
	assert_errors_have "$K1"
	refute_errors_have "$K2 "
	assert_same "$(cat "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko")" mine
	assert_exists "/var/lib/dkms/alpha/1.0/$K2/$ARCH/module/alpha.ko"
	run_dkms ldtarball "$C/alpha.tar.gz" --force
	assert_status 0
	cmp "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko" "/usr/src/alpha-1.0/ko/$K1/alpha.ko"
}

@test "ldtarball: --force needs root, writing needs access" {
	alpha_tarball "$K1"
	forget_alpha
	run_as_nobody "$DKMS" ldtarball "$C/alpha.tar.gz" --force
	assert_status 1
	run_as_nobody "$DKMS" ldtarball "$C/alpha.tar.gz"
	assert_status 1
	assert_dkms_status
	mkdir -m 777 "$C/t" "$C/s"
	run_as_nobody "$DKMS" ldtarball "$C/alpha.tar.gz" --dkmstree "$C/t" --sourcetree "$C/s"
	assert_status 0
	assert_exists "$C/t/alpha/1.0/$K1/$ARCH/module/alpha.ko" "$C/s/alpha-1.0/mk"
}

@test "ldtarball: modules only, with and without their source on the system" {
	make_module alpha 1.0
	tree_built alpha 1.0 "$K1"
	run_dkms mktarball alpha/1.0 --binaries-only -k "$K1" --archive "$C/b.tar.gz"
	assert_status 0
	assert_refused 8 ldtarball "$C/b.tar.gz"
	rm -rf /var/lib/dkms/alpha
	src=$(tree_digest /usr/src/alpha-1.0)
	run_dkms ldtarball "$C/b.tar.gz"
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
	assert_same "$(tree_digest /usr/src/alpha-1.0)" "$src"
	run_dkms ldtarball "$C/b.tar.gz" --force
	assert_status 0
	assert_same "$(tree_digest /usr/src/alpha-1.0)" "$src"
	forget_alpha
	assert_refused 1 ldtarball "$C/b.tar.gz"
	assert_refused 1 ldtarball "$C/b.tar.gz" --force
	assert_errors_have "/usr/src/alpha-1.0"
}

@test "ldtarball: over a source link that leads nowhere" {
	alpha_tarball "$K1"
	rm -rf /usr/src/alpha-1.0 "/var/lib/dkms/alpha/1.0/$K1"
	assert_dkms_status "alpha/1.0: broken"
	run_dkms ldtarball "$C/alpha.tar.gz"
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
}

@test "ldtarball: a failing POST_ADD is its status; the version stays added, with its kernels" {
	make_module alpha 1.0 'POST_ADD=fail.sh'
	printf '#!/bin/sh\nexit 7\n' >/usr/src/alpha-1.0/fail.sh
	chmod 755 /usr/src/alpha-1.0/fail.sh
	tree_built alpha 1.0 "$K1"
	run_dkms mktarball alpha/1.0 -k "$K1" --archive "$C/alpha.tar.gz"
	assert_status 0
	forget_alpha
	run_dkms ldtarball "$C/alpha.tar.gz"
	assert_status 7
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
}

@test "ldtarball: owners, modes and times" {
	mkdir -p "$C/pack/dkms_main_tree/$K1/$ARCH/module" "$C/pack/dkms_source_tree/d"
	make_module alpha 1.0
	cp /usr/src/alpha-1.0/{dkms.conf,mk} "$C/pack/dkms_source_tree/"
	cp "/usr/src/alpha-1.0/ko/$K1/alpha.ko" "$C/pack/dkms_main_tree/$K1/$ARCH/module/"
	chmod 0755 "$C/pack/dkms_source_tree/mk"
	touch "$C/pack/dkms_source_tree"/{w,x,y}
	chmod 0666 "$C/pack/dkms_source_tree/w"
	chmod 04755 "$C/pack/dkms_source_tree/x"
	chmod 0400 "$C/pack/dkms_source_tree/y"
	touch -d '2001-02-03 04:05:06' "$C/pack/dkms_source_tree"/{w,d}
	chmod 01777 "$C/pack/dkms_source_tree/d"
	chmod 0000 "$C/pack/dkms_main_tree/$K1/$ARCH/module"
	chown -R 1234:5678 "$C/pack"
	pack "$C/alpha.tar"
	forget_alpha
	run_dkms ldtarball "$C/alpha.tar"
	assert_status 0
	cd /usr/src/alpha-1.0
	assert_same "$(stat -c '%n %a %u:%g' d dkms.conf mk w x y)" "d 755 0:0
dkms.conf 644 0:0
mk 755 0:0
w 644 0:0
x 755 0:0
y 644 0:0"
	assert_same "$(stat -c %y w d | cut -c1-19 | sort -u)" "2001-02-03 04:05:06"
	assert_same "$(stat -c '%a %u:%g' "/var/lib/dkms/alpha/1.0/$K1/$ARCH"/{module,module/alpha.ko})" "755 0:0
644 0:0"
}

@test "ldtarball: hard links, long names and sparse files of tar" {
	make_module alpha 1.0
	long=$(printf '%0200d' 0)
	mkdir -p "$C/pack/alpha-1.0/$long"
	cp -r /usr/src/alpha-1.0/. "$C/pack/alpha-1.0/"
	ln "$C/pack/alpha-1.0/mk" "$C/pack/alpha-1.0/mk2"
	: >"$C/pack/alpha-1.0/$long/file"
	truncate -s 10M "$C/pack/alpha-1.0/holes"
	echo x >>"$C/pack/alpha-1.0/holes"
	forget_alpha
	for format in gnu posix; do
		tar -C "$C/pack" --sparse --format=$format -czf "$C/a.tar.gz" alpha-1.0
		run_dkms ldtarball "$C/a.tar.gz"
		assert_status 0
		diff -r --no-dereference "$C/pack/alpha-1.0" /usr/src/alpha-1.0
		forget_alpha
	done
	tar -C "$C/pack" --format=v7 --exclude="$long" -czf "$C/a.tar.gz" alpha-1.0
	run_dkms ldtarball "$C/a.tar.gz"
	assert_status 0
	cmp /usr/src/alpha-1.0/mk2 "$C/pack/alpha-1.0/mk"
}

@test "ldtarball: killed at any step, there is nothing or all of a kernel, and the next run completes it" {
	export ASAN_OPTIONS=detect_leaks=0
	alpha_tarball "$K1"
	want=$(tree_digest /usr/src/alpha-1.0 "/var/lib/dkms/alpha/1.0/$K1" | grep -v make.log)
	ko=/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko
	steps=0
	for call in mkdir rename renameat2 symlink syncfs; do
		for n in 1 2 3 4 5 6 7 8; do
			forget_alpha
			rm -rf "$C/tmp"
			mkdir "$C/tmp"
			strace -o "$C/trace" -e trace=$call -e inject=$call:signal=KILL:when=$n \
				"$DKMS" ldtarball "$C/alpha.tar.gz" >/dev/null 2>&1 || :
			grep -q 'killed by SIGKILL' "$C/trace" || break
			steps=$((steps + 1))
			[ ! -d "${ko%/*}" ] || cmp "$ko" "/usr/src/alpha-1.0/ko/$K1/alpha.ko"
			run_dkms status
			assert_status 0
			[[ $output == '' || $output == "alpha/1.0: added" || $output == "alpha/1.0: broken" ||
				$output == "alpha/1.0, $K1, $ARCH: built" ]] || _fail "after $call $n"
			run_dkms ldtarball "$C/alpha.tar.gz" --force
			assert_status 0
			assert_same "$(tree_digest /usr/src/alpha-1.0 "/var/lib/dkms/alpha/1.0/$K1" | grep -v -e make.log -e '/\.loaded')" \
				"$want"
			assert_same "$(find /usr/src/ /var/lib/dkms -name '*dkms-new' -o -name .dkms)" ""
		done
	done
	[ "$steps" -ge 8 ] || _fail "only $steps steps"
}

@test "ldtarball: a full disk is told before anything is written" {
	alpha_tarball "$K1"
	forget_alpha
	mkdir "$C/small"
	mount -t tmpfs -o size=8k none "$C/small"
	TMPDIR=$C/small assert_refused 1 ldtarball "$C/alpha.tar.gz"
	left=$(ls -A "$C/small")
	umount "$C/small"
	assert_same "$left" ""
	assert_errors_have "only 0 are free"
	assert_errors_have tmp_location
}

@test "ldtarball: archive_max_size and archive_max_members in framework.conf" {
	alpha_tarball "$K1"
	forget_alpha
	echo 'archive_max_members=3' >/etc/dkms/framework.conf.d/limits.conf
	assert_refused 3 ldtarball "$C/alpha.tar.gz"
	assert_errors_have archive_max_members
	echo 'archive_max_size=0' >/etc/dkms/framework.conf.d/limits.conf
	assert_refused 3 ldtarball "$C/alpha.tar.gz"
	assert_errors_have archive_max_size
	echo 'archive_max_size=1' >/etc/dkms/framework.conf.d/limits.conf
	run_dkms ldtarball "$C/alpha.tar.gz"
	assert_status 0
}

@test "ldtarball: the archive is read as nobody, where that is possible" {
	alpha_tarball "$K1"
	forget_alpha
	export ASAN_OPTIONS=detect_leaks=0
	strace -f -o "$C/trace" -e trace=setresuid,prctl,mkdir "$DKMS" ldtarball "$C/alpha.tar.gz" >/dev/null
	grep -q 'setresuid(65534, 65534, 65534) *= 0' "$C/trace"
	grep -q 'PR_SET_NO_NEW_PRIVS, 1' "$C/trace"
	grep -q 'mkdir("[^"]*/dkms-tmp.archive.[^"]*", 0700) *= 0' "$C/trace"
	forget_alpha
	# one user only: there is nobody else to be
	run_cmd unshare -r "$DKMS" ldtarball "$C/alpha.tar.gz"
	assert_status 0
}

@test "ldtarball: the largest windows of the usual compressors fit into the memory that it may use" {
	make_module alpha 1.0
	# (from a pipe, since the length of a file makes the window smaller)
	tar -C /usr/src -cf - alpha-1.0 | xz -9e >a.tar.xz
	tar -C /usr/src -cf - alpha-1.0 | zstd -q -19 --long=27 >a.tar.zst
	forget_alpha
	for f in a.tar.xz a.tar.zst; do
		run_dkms ldtarball "$C/$f"
		assert_status 0
		forget_alpha
	done
}

@test "--dry-run of mktarball, ldtarball and install changes nothing" {
	only_ours
	alpha_tarball "$K1"
	assert_refused 0 mktarball alpha/1.0 -k "$K1" --dry-run
	assert_output_has "alpha-1.0-kernel$K1-$ARCH.dkms.tar.gz"
	assert_refused 0 ldtarball "$C/alpha.tar.gz" --force --dry-run
	forget_alpha
	for verb in ldtarball add build install; do
		assert_refused 0 $verb "$C/alpha.tar.gz" --dry-run -k "$K2"
		assert_output_has "add alpha/1.0 from '$C/alpha.tar.gz'"
		assert_output_has "load alpha/1.0 for kernel $K1 ($ARCH) from '$C/alpha.tar.gz'"
	done
}

@test "an archive is unpacked once" {
	only_ours
	alpha_tarball "$K1"
	forget_alpha
	export ASAN_OPTIONS=detect_leaks=0
	strace -f -o "$C/trace" -e trace=execve "$DKMS" ldtarball "$C/alpha.tar.gz" >/dev/null
	[ "$(grep -c 'dkms-archive", "extract"' "$C/trace")" = 1 ]
}

# --- plain source tarballs ---

@test "ldtarball: of a plain source tarball the least deep dkms.conf counts" {
	make_module alpha 1.0
	make_module beta 2.0
	mkdir -p "$C/pack/up/src" "$C/pack/examples/deep/er" "$C/pack/up-2"
	cp -r /usr/src/beta-2.0/. "$C/pack/examples/deep/er/"
	cp -r /usr/src/alpha-1.0/. "$C/pack/up/src/"
	rm -rf /usr/src/alpha-1.0 /usr/src/beta-2.0
	pack "$C/a.tar.xz"
	run_dkms ldtarball "$C/a.tar.xz"
	assert_status 0
	assert_dkms_status "alpha/1.0: added"
	diff -r "$C/pack/up/src" /usr/src/alpha-1.0
	assert_refused 8 ldtarball "$C/a.tar.xz"
}

@test "ldtarball: of dkms.confs equally deep the bytewise first counts" {
	make_module alpha 1.0
	make_module beta 2.0
	mkdir -p "$C/pack"
	cp -r /usr/src/alpha-1.0 "$C/pack/x-y"
	cp -r /usr/src/beta-2.0 "$C/pack/x"
	rm -rf /usr/src/alpha-1.0 /usr/src/beta-2.0
	pack "$C/a.tar.gz"
	run_dkms ldtarball "$C/a.tar.gz"
	assert_status 0
	assert_dkms_status "alpha/1.0: added"
}

@test "ldtarball: a dkms.conf at the top of a tarball" {
	make_module alpha 1.0
	tar -C /usr/src/alpha-1.0 -cjf "$C/a.tar.bz2" .
	forget_alpha
	run_dkms ldtarball "$C/a.tar.bz2"
	assert_status 0
	assert_dkms_status "alpha/1.0: added"
}

@test "add, build and install take an archive" {
	alpha_tarball
	forget_alpha
	run_dkms add "$C/alpha.tar.gz"
	assert_status 0
	assert_dkms_status "alpha/1.0: added"
	assert_refused 8 add "$C/alpha.tar.gz"
	assert_refused 8 build "$C/alpha.tar.gz" -k "$K1"
	assert_refused 8 install "$C/alpha.tar.gz" -k "$K1"
	assert_refused 5 add "$C/alpha.tar.gz" --all
	forget_alpha
	run_dkms build "$C/alpha.tar.gz" -k "$K1"
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
	forget_alpha
	run_dkms install "$C/alpha.tar.gz" -k "$K1"
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
	run_dkms install "$C/alpha.tar.gz" -k "$K1" --force
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
	run_dkms remove alpha/1.0 --all
	forget_alpha
	run_dkms add beta/7 "$C/alpha.tar.gz"
	assert_status 0
	assert_dkms_status "beta/7: added"
}

@test "install of an archive takes the modules that are in it, and does not build" {
	alpha_tarball "$K1"
	forget_alpha
	run_dkms install "$C/alpha.tar.gz" -k "$K1"
	assert_status 0
	refute_output_has ": built"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
	assert_same "$(head -c 5 "/var/lib/dkms/alpha/1.0/$K1/$ARCH/log/make.log")" "DKMS "
}

# --- rpm ---

@test "an .rpm is given to rpm, then to autoinstall" {
	mkdir bin
	printf '#!/bin/sh\necho "$@" >>%s/rpm.log\nexit ${RPM_STATUS:-0}\n' "$C" >bin/rpm
	chmod 755 bin/rpm
	: >"$C/x.rpm"
	tree_added alpha 1.0
	RPM_STATUS=1 PATH=$C/bin:$PATH run_dkms ldtarball "$C/x.rpm" -k "$K1"
	assert_status 9
	assert_dkms_status "alpha/1.0: added"
	PATH=$C/bin:$PATH run_dkms ldtarball "$C/x.rpm" -k "$K1"
	assert_status 0
	assert_same "$(cat rpm.log)" "-Uvh $C/x.rpm
-Uvh $C/x.rpm"
	assert_dkms_status "alpha/1.0, $K1, $ARCH: installed"
	rm rpm.log
	before=$(digest_world)
	PATH=$C/bin:$PATH run_dkms ldtarball "$C/x.rpm" -k "$K1" --dry-run
	assert_status 0
	assert_output_has "rpm would install '$C/x.rpm'; then comes autoinstall"
	refute_exists rpm.log
	assert_same "$(digest_world)" "$before"
	rm bin/rpm
	run_cmd env PATH="$C/bin" "$DKMS" ldtarball "$C/x.rpm" -k "$K1"
	assert_status 9
	assert_errors_have "'rpm'"
}

# --- packages ---

@test "common.postinst loads a package's tarball, and installs what is in it" {
	only_ours
	alpha_tarball "$K1"
	forget_alpha
	mv "$C/alpha.tar.gz" "$C/alpha-1.0.dkms.tar.gz"
	run_cmd /usr/lib/dkms/common.postinst alpha 1.0 "$C" "$ARCH"
	assert_status 0
	run_dkms status -k "$K1"
	[[ $output == "alpha/1.0, $K1, $ARCH: "* ]] || _fail "not loaded"
	# an upgrade to the same version
	run_cmd /usr/lib/dkms/common.postinst alpha 1.0 "$C" "$ARCH" 1.0
	assert_status 0
}

# --- both directions ---

@test "theirs: a tarball of Debian's dkms is loaded here" {
	make_module alpha 1.0
	ln -s /usr/share/common-licenses/GPL-2 /usr/src/alpha-1.0/COPYING
	run_peer build alpha/1.0 -k "$K1"
	run_peer mktarball alpha/1.0 -k "$K1"
	assert_status 0
	cp /var/lib/dkms/alpha/1.0/tarball/*.gz "$C/all.tar.gz"
	run_peer mktarball alpha/1.0 -k "$K1" --binaries-only --archive "$C/bin.tar.xz"
	assert_status 0
	src=$(tree_digest /usr/src/alpha-1.0 | grep -v '^d')
	ko=$(sha256sum <"/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko")
	forget_alpha
	run_dkms ldtarball "$C/all.tar.gz"
	assert_status 0
	assert_same "$(tree_digest /usr/src/alpha-1.0 | grep -v '^d')" "$src"
	assert_same "$(sha256sum <"/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko")" "$ko"
	run_peer status
	theirs=$output
	run_dkms status
	assert_same "$(sort <<<"$output")" "$(sort <<<"$theirs")"
	rm -rf /var/lib/dkms/alpha
	run_dkms ldtarball "$C/bin.tar.xz"
	assert_status 0
	assert_dkms_status "alpha/1.0, $K1, $ARCH: built"
	run_dkms install alpha/1.0 -k "$K1"
	assert_status 0
}

@test "ours: a tarball from here is loaded by Debian's dkms" {
	make_module alpha 1.0
	run_dkms build alpha/1.0 -k "$K1"
	assert_status 0
	for args in "-k $K1" "--source-only" "-k $K1 --binaries-only"; do
		# shellcheck disable=SC2086 # words on purpose
		run_dkms mktarball alpha/1.0 $args --archive "$C/x.tar.gz"
		assert_status 0
		cp -r /var/lib/dkms/alpha "$C/kept"
		rm -rf /var/lib/dkms/alpha
		run_peer ldtarball "$C/x.tar.gz"
		assert_status 0
		run_peer status
		if [ "$args" = --source-only ]; then
			assert_output "alpha/1.0: added"
		else
			assert_output "alpha/1.0, $K1, $ARCH: built"
			cmp "/var/lib/dkms/alpha/1.0/$K1/$ARCH/module/alpha.ko" \
				"$C/kept/1.0/$K1/$ARCH/module/alpha.ko"
		fi
		rm -rf /var/lib/dkms/alpha
		mv "$C/kept" /var/lib/dkms/alpha
	done
}
