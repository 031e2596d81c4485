#!/usr/bin/env bats
# Archives that mean harm: refused, or nothing comes of it outside of where the module belongs. A sample;
# full/hostile-many.bats has the rest.
load ../lib/dkms
load ../lib/hostile

setup() {
	world_up
	hostile_world
}

@test "200 hostile archives touch nothing outside, crash nothing, and are refused with the right status" {
	only_ours
	hostile_archives 0 200
}
