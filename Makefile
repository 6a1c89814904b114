# `make test` runs the whole of CI.

TOOLS := $(CURDIR)/target/tools
CARGO_DENY_VERSION := 0.20.2

FUZZ_SECONDS ?= 120
PAIRS ?= 1000000

.PHONY: bench-organization distributed state-machine wheel clippy-offline bench-faults bench-outputs bench-templates chromium soundness bench-policy fuzz test check clippy fmt unit deny advisories bench schemas docs sample help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

# Lints and tests share one build: the compiler of the workspace's own crates is Clippy's driver, as
# `cargo clippy` sets it, so that the SDK is compiled once and not also checked. A clean build is faster
# without incremental compilation.
LINTED := CARGO_INCREMENTAL=0 RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__

test: fmt ## everything CI runs; installs what it needs
	@# cargo-deny is built beside the tests, on what a core has left while the root crate compiles.
	@mkdir -p target; nice -n 19 $(MAKE) --no-print-directory $(TOOLS)/bin/cargo-deny >target/cargo-deny.txt 2>&1 & installing=$$!; \
	$(MAKE) --no-print-directory unit wheel || { kill $$installing 2>/dev/null; exit 1; }; \
	wait $$installing || { cat target/cargo-deny.txt; exit 1; }; \
	$(MAKE) --no-print-directory deny

fmt: ## formatting, checked
	cargo fmt --all --check

clippy: clippy-offline ## lints, warnings denied, with and without the SDK
	cargo clippy --locked --workspace --all-targets -- -D warnings

clippy-offline: ## lints of what judges, without the SDK
	cargo clippy --locked --lib --bins --no-default-features -- -D warnings

# The HTML page is tested in a real browser. Where it cannot be installed, tests/html.rs says so and fails.
chromium: ## the browser of tests/html.rs, from Debian's packages
	@command -v chromium >/dev/null || test "$$(id -u)" -ne 0 || \
		{ apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium; }

# Tests that mostly wait: for LocalStack, a browser, servers of their own. They run beside the others.
WAITING := round_trip localstack live html organization
COMPUTING := $(filter-out $(WAITING),$(sort $(basename $(notdir $(wildcard tests/*.rs crates/*/tests/*.rs))) \
	$(notdir $(patsubst %/main.rs,%,$(wildcard crates/*/tests/*/main.rs)))))
OUTPUT := target/waiting-tests.txt

unit: chromium ## all tests: unit, property, policies, end to end, LocalStack; linted as they are built
	$(LINTED) cargo test --locked --workspace --all-targets --no-run
	$(LINTED) cargo test --locked --workspace --no-fail-fast $(addprefix --test ,$(WAITING)) >$(OUTPUT) 2>&1 & waiting=$$!; \
	code=0; \
	$(LINTED) cargo test --locked --workspace --no-fail-fast --lib --bins --examples $(addprefix --test ,$(COMPUTING)) || code=1; \
	$(LINTED) cargo test --locked --workspace --doc || code=1; \
	wait $$waiting || code=1; \
	cat $(OUTPUT); \
	exit $$code

wheel: ## the Python wheel without the SDK: linted as it is built, installed into a clean environment, run
	$(LINTED) .ci/wheel

$(TOOLS)/bin/cargo-deny:
	CARGO_PROFILE_DEV_DEBUG=false cargo install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug --root $(TOOLS)

deny: $(TOOLS)/bin/cargo-deny ## dependencies: bans, licences, sources
	$(TOOLS)/bin/cargo-deny --all-features check bans licenses sources

advisories: $(TOOLS)/bin/cargo-deny ## known vulnerabilities in dependencies; needs a network
	$(TOOLS)/bin/cargo-deny --all-features check advisories

bench: ## collection speed against the synthetic endpoint
	cargo bench --bench collection

bench-faults: ## collection from an endpoint that fails by chance, each figure with its bar
	cargo bench --bench collection -- --faults

bench-outputs: ## 100,000 results in every machine format, each figure with its bar
	cargo bench --no-default-features --bench outputs

bench-organization: ## 2,000 accounts and one of 20,000 buckets, each figure with its bar
	cargo bench --bench organization -- --full

distributed: ## deploy/aws on LocalStack, with the program as its Lambda function
	cargo build --locked --release --features lambda
	localstack/distributed $(or $(CARGO_TARGET_DIR),target)/release/coldbucket

ASL_VALIDATOR_VERSION := 4.0.0

state-machine: ## the state machine of deploy/aws by AWS's schema; needs Node.js
	npx --yes asl-validator@$(ASL_VALIDATOR_VERSION) --json-path deploy/aws/organization.asl.json

bench-templates: ## a template of 500 resources and a plan of 50 MB, each figure with its bar
	cargo bench --no-default-features --bench template
	cargo bench --no-default-features --bench terraform_plan

bench-policy: ## speed of the policy engine, each figure with its bar
	cargo bench --no-default-features --bench policy

soundness: ## the prover against the evaluator, PAIRS=1000000 pairs of a policy and a request
	cargo bench -p coldbucket-policy --bench soundness -- --pairs $(PAIRS)

fuzz: ## policies, templates, plans and zip directories, FUZZ_SECONDS=120 each; needs cargo-fuzz and a nightly toolchain
	test -d fuzz/corpus || tar -xJf fuzz/corpus.tar.xz -C fuzz
	for target in policy_parse policy_prove policy_evaluate cloudformation terraform_plan zip_directory; do \
		cargo +nightly fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 || exit 1; done

# As the tests build it: with the features of the development dependencies. A plain `cargo run` has
# others, and would compile the SDK a second time.
BINARY := $(or $(CARGO_TARGET_DIR),target)/debug/coldbucket

.PHONY: binary
binary:
	cargo test --quiet --locked --no-run --test docs

schemas: binary ## generate schemas/ from the types
	$(BINARY) schema report > schemas/report.schema.json
	$(BINARY) schema snapshot > schemas/snapshot.schema.json
	$(BINARY) schema baseline > schemas/baseline.schema.json
	$(BINARY) schema diff > schemas/diff.schema.json

docs: binary ## generate docs/checks, docs/man, docs/coverage.md and docs/remediation.md from policies/ and the command line
	rm -rf docs/checks docs/man
	$(BINARY) docs docs

sample: binary ## the sample account as a table
	$(BINARY) audit --sample
