# SPDX-License-Identifier: Apache-2.0
# A thin front for meson. Each target installs the Debian packages it needs when they are missing.
BUILD = build
RELEASE = build-release
NEED = @tools/need.sh
PYTHON = /usr/bin/python3

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	$(NEED) build
	meson setup $(BUILD)

release:
	$(NEED) release
	@tools/release.sh $(RELEASE)

demo: release
	$(NEED) demo
	@tools/demo.sh $(RELEASE)/tare

test:
	$(NEED) build test vm deep release
	@tools/test.sh

# The parts of `make test`, for those at work on one of them.
lint:
	$(NEED) build test
	@tools/test.sh lint
lint-deep:
	$(NEED) build deep
	@tools/test.sh deep
integration: all release
	$(NEED) test
	@tools/test.sh host
integration-vm: all release
	$(NEED) test vm
	@tools/test.sh vm
engines: release
	$(NEED) vm engines
	@tools/test.sh engines
criu: release
	$(NEED) test vm engines
	@tools/test.sh criu

# Times beside crun, runc and the floor program.
bench: release
	$(NEED) bench
	@tools/bench.sh $(RELEASE)/tare

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(RELEASE)/meson-* $(RELEASE)/build.ninja $(RELEASE)/tare

# Also what was downloaded: kernel, static libraries.
distclean:
	rm -rf build build-*

.PHONY: all release demo test lint lint-deep integration integration-vm engines criu bench install clean distclean
