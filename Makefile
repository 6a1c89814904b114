# Named chores. `make test` is the whole of CI.

TOOLS := $(CURDIR)/target/tools
CARGO_DENY_VERSION := 0.20.2

.PHONY: test check clippy fmt unit deny advisories bench schemas sample help

help: ## list the chores
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

test: fmt clippy unit deny ## everything CI runs; installs what it needs

fmt: ## formatting, checked
	cargo fmt --all --check

clippy: ## lints, warnings denied, with and without the SDK
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --lib --bins --no-default-features -- -D warnings

unit: ## all tests: unit, property, policies, end to end, LocalStack
	cargo test --locked

$(TOOLS)/bin/cargo-deny:
	cargo install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug --root $(TOOLS)

deny: $(TOOLS)/bin/cargo-deny ## dependencies: bans, licences, sources
	$(TOOLS)/bin/cargo-deny --all-features check bans licenses sources

advisories: $(TOOLS)/bin/cargo-deny ## known vulnerabilities in dependencies; needs a network
	$(TOOLS)/bin/cargo-deny --all-features check advisories

bench: ## collection speed against the synthetic endpoint
	cargo bench --bench collection

schemas: ## write schemas/ again from the types
	cargo run --quiet -- schema report > schemas/report.schema.json
	cargo run --quiet -- schema snapshot > schemas/snapshot.schema.json

sample: ## the sample account as a table
	cargo run --quiet -- audit --sample
