# SPDX-License-Identifier: LGPL-2.1-or-later
# A thin front for meson: `make` builds build/dkms.
BUILD ?= build

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@meson setup $(BUILD) $(MESON_ARGS)

install: all
	@meson install -C $(BUILD) --no-rebuild

test: all
	@meson test -C $(BUILD) --suite unit
	@tests/lint/rules

clean:
	rm -rf $(BUILD)

bench:
	@bench/run

.PHONY: all bench install test clean
