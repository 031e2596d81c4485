#!/usr/bin/env bats
# The hostile archives that ../hostile.bats leaves out, up to a thousand.
load ../../lib/dkms
load ../../lib/hostile

setup() {
	world_up
	hostile_world
}

@test "800 more hostile archives" {
	only_ours
	hostile_archives 200 800
}
