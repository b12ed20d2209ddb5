# `make help` lists the targets. Tools are installed once, into .tools and node_modules. A step runs again only when its inputs
# have changed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory -j2
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.tools/bin:$(PATH)
# The network is used for packages only.
export WRANGLER_SEND_METRICS := false
export WRANGLER_HIDE_BANNER := true
export CLOUDFLARE_CF_FETCH_ENABLED := false
export DO_NOT_TRACK := 1
export npm_config_update_notifier := false
# Cargo would use make's job server, and warn.
unexport MAKEFLAGS MFLAGS

QUIET := .ci/quiet
NPM_CI := npm ci --no-audit --no-fund --prefix
WASM_TARGET := wasm32-unknown-unknown
WASM_BINDGEN_VERSION := $(shell sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' Cargo.toml)
WASM_BINDGEN := .tools/wasm-bindgen-$(WASM_BINDGEN_VERSION)
# Sources are found in the file system: a source archive has no git.
RUST_SOURCES := Cargo.toml Cargo.lock rust-toolchain.toml $(shell find src -type f)
TYPES := pkg/README.md $(wildcard pkg/*.d.ts) $(shell find pkg/funcs pkg/lib pkg/sdk -name '*.d.ts') $(wildcard tests/docs/*)
PKG_SOURCES := $(RUST_SOURCES) $(wildcard LICENSE*) $(TYPES) $(wildcard pkg/build/*.*) $(wildcard pkg/src/*)
PKG := target/stamps/pkg
FRAMEWORKS := $(patsubst %/package.json,%/node_modules/.stamp,$(wildcard tests/frameworks/*/package.json))
DOCS := target/stamps/rustdoc target/stamps/typedoc

.PHONY: help prerequisites build demo demo-workflow bench docs test test-all lint fmt size soak clean browser more-browsers

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 16

build: $(PKG) ## build the npm package in pkg/ (`npm pack ./pkg` makes the tarball)

demo: $(PKG) www/node_modules/.stamp ## build, then serve the demo page and a sandbox on localhost
	@npm start --silent --prefix www

demo-workflow: $(PKG) www/node_modules/.stamp ## build, then serve examples/workflow and a sandbox on localhost
	@node examples/workflow/demo.mjs

test: $(PKG) $(DOCS) tests/node_modules/.stamp www/node_modules/.stamp browser ## run the tests; the last line is `N passed, N failed`
	@node tests/run.mjs

test-all: $(PKG) $(DOCS) tests/node_modules/.stamp www/node_modules/.stamp tests/runtimes/node_modules/.stamp tests/bundlers/node_modules/.stamp $(FRAMEWORKS) browser more-browsers ## run the tests in every runtime, bundler and framework
	@node tests/run.mjs --all

lint: tests/node_modules/.stamp prerequisites ## check formatting, clippy (native and wasm), biome, tsc, and cargo-deny if installed
	@$(QUIET) "cargo fmt" cargo fmt --check
	@$(QUIET) "clippy (native)" cargo clippy --all-targets -- -D warnings
	@# Unit tests are native only: they need proptest.
	@$(QUIET) "clippy (wasm)" cargo clippy --lib --test '*' --target $(WASM_TARGET) -- -D warnings
	@$(QUIET) "tsc (the crate's JavaScript)" tests/node_modules/.bin/tsc --noEmit --checkJs --target es2022 --module esnext --lib es2022,dom,dom.iterable src/*.js src/*/*.js
	@$(QUIET) "biome" tests/node_modules/.bin/biome ci --colors=off --error-on-warnings
	@if command -v cargo-deny >/dev/null; then $(QUIET) "cargo deny" cargo deny --locked --offline check bans licenses sources; \
	else echo "cargo deny: not installed, skipped; install it with: cargo install cargo-deny --locked"; fi

fmt: tests/node_modules/.stamp ## format Rust and JavaScript
	@cargo fmt
	@tests/node_modules/.bin/biome check --write

size: $(PKG) ## print the gzip and brotli sizes of what users download
	@npm run --silent size --prefix pkg/build

docs: $(DOCS) ## write the API reference: target/typedoc (the package), target/doc (the crate)

bench: $(PKG) tests/node_modules/.stamp browser ## measure size, speed and memory against other clients; writes docs/benchmarks.md
	@node tests/bench/run.mjs

soak: $(PKG) tests/node_modules/.stamp ## random bulk schedules, then 30 minutes (SOAK_MINUTES) of calls to a misbehaving server
	@node tests/harness/app.mjs
	@node --expose-gc tests/slow/soak.mjs

clean: ## remove build output; keep installed tools
	@cargo clean
	@rm -rf tests/.work
	@if [ -d pkg/build/node_modules ]; then npm run --silent clean --prefix pkg/build; fi

# --- prerequisites of the targets above ---

# Reports everything that is missing, not only the first.
prerequisites:
	@missing=; \
	need() { missing=1; printf 'missing: %s\n  install it with: %s\n' "$$1" "$$2" >&2; }; \
	command -v cargo >/dev/null || need "Rust (cargo)" "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"; \
	command -v cc >/dev/null || need "a C compiler and linker (cc)" "sudo apt-get install build-essential"; \
	command -v npm >/dev/null || need "npm" "comes with Node.js 20 or newer: https://nodejs.org/"; \
	node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null \
		|| need "Node.js 20 or newer (found: $$(node --version 2>/dev/null || echo none))" "see https://nodejs.org/"; \
	[ -z "$$missing" ]
	@[ -d "$$(rustc --print sysroot)/lib/rustlib/$(WASM_TARGET)" ] \
		|| if command -v rustup >/dev/null; then $(QUIET) "rustup target $(WASM_TARGET)" rustup target add $(WASM_TARGET); \
		else echo "missing: Rust's $(WASM_TARGET) target; install Rust by rustup, or the target by your system's packages" >&2; exit 1; fi

# The CLI must have the library's exact version. A build without optimisation and debug info takes half the time, and runs fast enough.
$(WASM_BINDGEN): | prerequisites
	@if [ "$$(.tools/bin/wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $(WASM_BINDGEN_VERSION)" ]; then \
		CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=target/tools \
		$(QUIET) "wasm-bindgen CLI $(WASM_BINDGEN_VERSION) (about 2 minutes, once)" \
		cargo install wasm-bindgen-cli --version $(WASM_BINDGEN_VERSION) --locked --debug --root .tools; \
		rm -rf target/tools; \
	fi
	@mkdir -p $(@D) && touch $@

# For each folder with a package.json. `npm ci` empties node_modules, including the stamp.
%/node_modules/.stamp: %/package.json %/package-lock.json | prerequisites
	@$(QUIET) "npm ci in $*" $(NPM_CI) $*
	@touch $@

$(PKG): $(PKG_SOURCES) pkg/build/node_modules/.stamp | $(WASM_BINDGEN)
	@$(QUIET) "package" npm run build --prefix pkg/build
	@mkdir -p $(@D) && touch $@

# Warnings are errors: an undocumented item, or a dead link.
target/stamps/rustdoc: $(RUST_SOURCES) | prerequisites
	@RUSTDOCFLAGS="-D warnings" $(QUIET) "rustdoc" cargo doc --locked --no-deps --document-private-items
	@mkdir -p $(@D) && touch $@

target/stamps/typedoc: $(TYPES) $(PKG) tests/node_modules/.stamp
	@$(QUIET) "typedoc" tests/node_modules/.bin/typedoc --options tests/docs/typedoc.json
	@mkdir -p $(@D) && touch $@

# Other versions of Node, other runtimes, package managers and bundlers, pinned. tests/runtimes/README.md says why without lock files.
tests/runtimes/node_modules/.stamp tests/bundlers/node_modules/.stamp: %/node_modules/.stamp: %/package.json | prerequisites
	@$(QUIET) "npm install in $*" npm install --no-package-lock --no-audit --no-fund --prefix $*
	@touch $@

# Frameworks want a newer Node than the package does.
$(FRAMEWORKS): %/node_modules/.stamp: %/package.json tests/runtimes/node_modules/.stamp
	@PATH="$(CURDIR)/tests/runtimes/node_modules/node-24/bin:$$PATH" \
		$(QUIET) "npm install in $*" npm install --no-package-lock --no-audit --no-fund --prefix $*
	@touch $@

# $(call apt,required commands,packages that contain them)
apt = @missing=; for program in $(1); do command -v $$program >/dev/null || missing=1; done; [ -z "$$missing" ] || { \
	install="apt-get install -y --no-install-recommends $(2)"; \
	if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
		$(QUIET) "apt-get install $(2)" sh -c "apt-get update && $$install"; \
	else \
		echo "missing: $(2); install with: sudo $$install" >&2; exit 1; \
	fi; }

# Environment variables can name other browsers: tests/harness/browsers.mjs.
browser:
	$(call apt,$(or $(CHROMIUM),chromium) $(or $(CHROMEDRIVER),chromedriver),chromium chromium-driver)
	$(call apt,$(or $(CHROMIUM_HEADLESS_SHELL),$(CHROMIUM),chromium-headless-shell),chromium-headless-shell)

more-browsers: browser
	$(call apt,$(or $(FIREFOX),firefox-esr) WebKitWebDriver xvfb-run,firefox-esr webkit2gtk-driver xvfb xauth)
