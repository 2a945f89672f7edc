# Two commands do everything on a machine with Rust and Node: `make demo` and `make test`.

# Where cargo builds.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))

# The program holds the panel, so the order matters.
.NOTPARALLEL:
.PHONY: demo test panel build fmt lint unit doc docs lint-deploy api players crash screenshot bench lint-hls sim clean help

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 11

demo: panel build ## play moving pictures from a simulated engine; ARGS="--engine dying" and the like
	$(TARGET)/debug/weir demo $(ARGS)

test: fmt lint lint-deploy panel unit doc api players ## everything that is checked before a change lands

panel: ## build the web panel, check and measure it
	cd panel && npm ci --no-audit --no-fund --silent
	cd panel && npm run --silent check && npm test --silent && npm run --silent build && npm run --silent size

build: ## build the program
	cargo build --locked

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --locked --workspace --all-targets -- -D warnings

lint-deploy: ## look over the image's and compose's files in deploy/, without a container engine
	python3 -c 'import ensurepip' || scripts/install-tools python3-venv
	scripts/lint-deploy $(TARGET)

unit: ## unit tests, and tests of the whole service over loopback
	scripts/install-tools ffmpeg strace nginx-light caddy openssl curl prometheus
	cargo test --locked --workspace --exclude weir
	# Tests of the service wait far more than they compute.
	cargo test --locked -p weir -- --test-threads=8

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

docs: ## write docs/settings.md, docs/metrics.md and docs/openapi.json anew
	WEIR_WRITE_DOCS=1 cargo test --locked -p weir --test settings_document --test metrics_document --test openapi_document

api: build ## send made-up requests to a Weir of its own, and hold the answers against the description
	python3 -c 'import ensurepip' || scripts/install-tools python3-venv
	tests/schemathesis/run $(TARGET)/debug/weir $(TARGET)

players: build ## real players: ffmpeg, GStreamer, Chromium with hls.js and by itself, VLC and mpv where they are installed
	scripts/install-tools ffmpeg chromium gstreamer1.0-tools nginx-light openssl
	cd tests/players && npm ci --no-audit --no-fund --silent && WEIR_BIN=$(TARGET)/debug/weir npm test --silent

crash: ## kill the program at every single write it makes; `make test` tries some of them
	scripts/install-tools strace
	WEIR_CRASH=all cargo test --locked -p weir --test crash -- --nocapture

screenshot: panel players ## take the README's picture anew
	cp tests/players/artifacts/panel-playing-dark.png docs/panel.png

bench: ## measure, and write docs/benchmarks.md; ARGS="--strict" fails if a goal is missed
	scripts/install-tools nginx-light
	cargo bench --locked -p weir --bench reach -- $(ARGS)

lint-hls: ## check a live playlist against the rules of HLS; LIVE=http://127.0.0.1:8000/ace/manifest.m3u8?id=... FOR=60s
	cargo run --locked --quiet -p simulator --bin hls-lint -- --live '$(LIVE)' --for $(or $(FOR),60s)

sim: ## live made-up lives of Weir, each from a seed; ARGS="--lives 100000", or "--seed 7 --trace" for the story of one
	cargo run --locked --quiet --release -p simulation -- $(ARGS)

clean: ## remove what was built
	cargo clean
	rm -rf panel/dist panel/node_modules tests/players/node_modules
