#!/usr/bin/env bats
# Launchers that need others: ccache with a Redis behind it, distcc with two servers. The networks are the cases' own.
load ../../lib/dkms

setup() {
	world_up
	for v in "${!CCACHE_@}" "${!DISTCC_@}"; do unset "$v"; done
	chmod 755 "$W" "$C"
	pids=()
	kbuild_module quick 1.0
	for i in 1 2 3; do
		echo "int f$i(int x) { return x + $i; }" >"/usr/src/quick-1.0/part$i.c"
	done
	printf '%s\n' 'obj-m := quick.o' 'quick-y := main.o part1.o part2.o part3.o' >/usr/src/quick-1.0/Makefile
	mv /usr/src/quick-1.0/quick.c /usr/src/quick-1.0/main.c
	run_dkms build quick/1.0 -k "$K1"
	assert_status 0
	cp "$(built)" "$C/plain.ko"
}

teardown() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || :
	world_down
}

built() { echo "/var/lib/dkms/quick/1.0/$K1/$ARCH/module/quick.ko"; }
settings() { printf '%s\n' "$@" >/etc/dkms/framework.conf; }
stat_of() { CCACHE_DIR=$2 ccache --print-stats | awk -v name="$1" '$1 == name { print $2 }'; }
wait_for() { # COMMAND...
	local i
	for i in {1..100}; do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "in vain: $*" >&2
	return 1
}

has_network() { [ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$1/ns/net")" ]; }
# network NAME: one of its own; its first process is ${NAME}_net
network() {
	unshare -n sleep 600 3>&- &
	pids+=($!)
	printf -v "$1_net" %s $!
	wait_for has_network "$!"
	wait_for in_net "$!" ip link set lo up
}
in_net() { # PID COMMAND...
	nsenter -t "$1" -n "${@:2}"
}

# machine NAME: a build of a machine that has compiled nothing yet
machine() {
	echo "export CCACHE_DIR=$C/$1 CCACHE_REMOTE_STORAGE=$2" >"$C/environment"
	run_cmd nsenter -t "$here_net" -n "$DKMS" build quick/1.0 -k "$K1" --force
	assert_status 0
	cmp "$C/plain.ko" "$(built)"
}

redis() { # ARGS...
	in_net "$here_net" redis-server --save '' --appendonly no --dir "$C" "$@" >"$C/redis.log" 2>&1 3>&- &
	pids+=($!)
}

@test "ccache and Redis: what one machine compiled the next one has" {
	network here
	redis --port 6390
	wait_for in_net "$here_net" redis-cli -p 6390 ping
	settings build_launcher=ccache "build_environment=$C/environment" build_launcher_network=127.0.0.1:6390
	machine one redis://127.0.0.1:6390
	assert_no_errors
	missed=$(stat_of cache_miss "$C/one")
	[ "$missed" -ge 5 ]
	[ "$(in_net "$here_net" redis-cli -p 6390 dbsize)" -ge "$missed" ]
	machine two redis://127.0.0.1:6390
	assert_no_errors
	assert_same "$(stat_of cache_miss "$C/two")" 0
	[ "$(stat_of remote_storage_hit "$C/two")" -ge "$missed" ]
	# a Redis that is not to be reached, and one that is not there, cost no build
	settings build_launcher=ccache "build_environment=$C/environment"
	machine three redis://127.0.0.1:6390
	assert_errors_have "using the network (127.0.0.1 port 6390)"
	assert_errors_have "name it in build_launcher_network of framework.conf"
	assert_same "$(stat_of remote_storage_hit "$C/three")" 0
	settings build_launcher=ccache "build_environment=$C/environment" build_launcher_network=127.0.0.1:6391
	machine four redis://127.0.0.1:6391
	assert_no_errors
	assert_same "$(stat_of remote_storage_hit "$C/four")" 0
}

@test "ccache and Redis over a local socket" {
	network here
	mkdir "$C/run"
	redis --port 0 --unixsocket "$C/run/redis.sock" --unixsocketperm 777
	wait_for test -S "$C/run/redis.sock"
	settings build_launcher=ccache "build_environment=$C/environment" "build_launcher_network=$C/run/redis.sock"
	machine one "redis+unix:$C/run/redis.sock"
	assert_no_errors
	machine two "redis+unix:$C/run/redis.sock"
	assert_no_errors
	assert_same "$(stat_of cache_miss "$C/two")" 0
	[ "$(stat_of remote_storage_hit "$C/two")" -ge 5 ]
}

# server N: a distccd in a network of its own that only ours reaches
server() {
	network "server$1"
	local net=server$1_net
	in_net "$here_net" ip link add "to$1" type veth peer name eth0 netns "${!net}"
	in_net "$here_net" ip addr add "10.77.$1.1/24" dev "to$1"
	in_net "$here_net" ip link set "to$1" up
	in_net "${!net}" ip addr add "10.77.$1.2/24" dev eth0
	in_net "${!net}" ip link set eth0 up
	install -m 666 /dev/null "$C/server$1.log"
	in_net "${!net}" distccd --no-detach --daemon --user daemon --listen "10.77.$1.2" --allow "10.77.$1.0/24" \
		--jobs 2 --log-level info --log-file "$C/server$1.log" >/dev/null 2>&1 3>&- &
	pids+=($!)
	wait_for in_net "$here_net" bash -c "echo >/dev/tcp/10.77.$1.2/3632"
}
# What is sent to a server is preprocessed, which shows in the debugging information, and so in the build ID.
same_but_build_id() {
	objcopy -R .note.gnu.build-id "$C/plain.ko" "$C/plain"
	objcopy -R .note.gnu.build-id "$(built)" "$C/other"
	cmp "$C/plain" "$C/other"
}
jobs_of() { grep -c 'COMPILE_OK' "$C/server$1.log" || :; }

@test "distcc: two servers share the work, and the module is the same" {
	network here
	server 1
	server 2
	echo "export DISTCC_HOSTS='10.77.1.2/2 10.77.2.2/2'" >"$C/environment"
	settings build_launcher=distcc "build_environment=$C/environment" \
		'build_launcher_network="10.77.1.2:3632 10.77.2.2:3632"' parallel_jobs=4
	run_cmd nsenter -t "$here_net" -n "$DKMS" build quick/1.0 -k "$K1" --force
	assert_status 0
	assert_no_errors
	same_but_build_id
	[ "$(jobs_of 1)" -ge 1 ]
	[ "$(jobs_of 2)" -ge 1 ]
	[ $(($(jobs_of 1) + $(jobs_of 2))) -ge 5 ]
	# one of them is gone: distcc does without, and so does the build
	in_net "$here_net" ip link set to2 down
	run_cmd nsenter -t "$here_net" -n "$DKMS" build quick/1.0 -k "$K1" --force
	assert_status 0
	same_but_build_id
	# without leave there is no network, and it compiles here
	before=$(jobs_of 1)
	settings build_launcher=distcc "build_environment=$C/environment"
	run_cmd nsenter -t "$here_net" -n "$DKMS" build quick/1.0 -k "$K1" --force
	assert_status 0
	assert_errors_have "using the network (10.77."
	cmp "$C/plain.ko" "$(built)"
	assert_same "$(jobs_of 1)" "$before"
}
