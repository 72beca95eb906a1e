# make run    builds Harebell and serves on port 5672, with its data in ./data
# make test   runs every test, under the race detector
#
# Nothing needs to be installed first but Go and make.

GO      ?= go
RUN     ?=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)

.PHONY: run build dist test test-ui screenshots lint bench bench-peers bench-store fuzz clients conformance conformance-rabbitmq clean

run: build
	bin/harebell serve --data-dir data $(RUN)

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.release=$(VERSION)' -o bin/harebell ./cmd/harebell

# What is released: archives for six systems, packages for Debian and RPM, a formula
# for Homebrew and checksums. The same commit makes the same files. The packager is
# built from its module, at a fixed version.
DIST ?=
dist:
	$(GO) run ./packaging/dist --version $(VERSION) $(DIST)

# The race detector needs cgo, and with it a C compiler. What is built otherwise
# without it is tested once more.
test:
	CGO_ENABLED=1 $(GO) test -race ./...
	$(GO) test -run Prompt ./amqp/server

# A browser uses the pages of the management API: Debian's Chromium, installed if need
# be. make test-ui UI_RUN=Keyboard runs what matches.
UI_RUN ?= .
test-ui: build
	conformance/ui/install.sh
	cd conformance/ui && $(GO) test -count=1 -timeout 15m -tags ui -run '$(UI_RUN)'

# Renews the pictures of docs/ui.md.
screenshots: build
	conformance/ui/install.sh
	cd conformance/ui && HAREBELL_SCREENSHOTS=$(CURDIR)/docs/ui $(GO) test -count=1 -timeout 15m -tags ui -run '^TestScreenshots$$'

# The checker is built from its module, at a fixed version.
lint:
	@test -z "$$(gofmt -l .)" || { echo 'not gofmt-ed:'; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

# make bench BENCH=Topic runs only those whose names match.
BENCH ?= .
bench:
	$(GO) test -run '^$$' -bench '$(BENCH)' ./...

# Measures Harebell beside other brokers for an hour or two, which also renews
# docs/performance.md. Debian's RabbitMQ and GarageMQ are installed if need be.
# Let nothing else run meanwhile. make bench-peers PEERS='--add --shapes ^size'
# renews a part of it; for more, or another broker: bin/harebell-bench --help.
PEERS ?=
bench-peers: build bin/harebell-bench
	-conformance/peers.sh rabbitmq-server garagemq
	bin/harebell-bench --json docs/performance/results.json $(PEERS)
	bin/harebell-bench page docs/performance/results.json

# What the store is to reach, beside a plain file that is synced, as a table. It
# takes about twenty minutes, half of them for killing.
PAIRS ?= 3
KILLS ?= 1000
bench-store:
	HAREBELL_TARGETS=$(PAIRS) HAREBELL_KILLS=$(KILLS) $(GO) test -count=1 -timeout 0 -run '^TestTargets$$' -benchtime 3s -v ./store/badger

# Each fuzz target for a short while; the seeds run in make test anyway.
FUZZTIME ?= 20s
fuzz:
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
		done; \
	done

# The client libraries of other languages, installed if they may be, against
# Harebell or the broker of AMQP_URL. make clients CLIENTS_RUN=Java runs one.
CLIENTS_RUN ?= .
clients: build
	conformance/clients/install.sh
	cd conformance/clients && $(GO) test -count=1 -tags clients -run '/$(CLIENTS_RUN)'

# Judges Harebell by the rules of conformance/, beside RabbitMQ in the second
# (Debian's, installed if need be), which also renews docs/compatibility.md.
# make conformance JUDGE='--html report.html' passes flags on.
JUDGE ?=
conformance: build bin/harebell-conformance
	conformance/judge.sh $(JUDGE)

RECORD = conformance/report/testdata/recorded.json
conformance-rabbitmq: build bin/harebell-conformance
	conformance/judge.sh rabbitmq --record $(RECORD) $(JUDGE)
	bin/harebell-conformance page $(RECORD) > docs/compatibility.md

.PHONY: bin/harebell-conformance
bin/harebell-conformance:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $@ ./cmd/harebell-conformance

.PHONY: bin/harebell-bench
bin/harebell-bench:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $@ ./cmd/harebell-bench

clean:
	rm -rf bin
