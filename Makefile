# Two commands for a newcomer: `make demo` and `make test`. `make help` lists the rest.
# The distribution's Python, which is built with optimisation, where it can make a virtual environment and compile; else
# the first on the path, which pyenv may have built without: then a call takes an eighth to a quarter more.
ifndef PYTHON
PYTHON := $(shell /usr/bin/python3 -c 'import ensurepip, os, sys, sysconfig; \
  sys.exit(sys.version_info < (3, 11) or not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' 2>/dev/null \
  && echo /usr/bin/python3 || echo python3)
endif
VENV ?= .venv
BIN := $(VENV)/bin
# Debian packages that the interop tests drive. Installed only when we may (root or password-less sudo).
PEERS := sip-tester tshark sngrep openssl baresip-core kamailio kamailio-tls-modules gcc libc6-dev python3-dev libss7-dev libpri-dev libusrsctp2 postgresql
# A browser for the HTML report of traces.
PEERS += chromium chromium-driver
# What builds PJSIP, as `tandem build-pjsip` says.
PEERS += g++ make swig xz-utils libssl-dev libsrtp2-dev uuid-dev
# A Linux as a program, for what a kernel must have (SCTP, DAHDI), and peers that want it; Debian has it for x86 only.
ifneq ($(filter x86_64 i386 i686,$(shell uname -m)),)
PEERS += user-mode-linux kmod iproute2 osmo-stp dahdi flex bison bc
endif

# Tests start more than a thousand processes: each would compile all modules anew where something has set this.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check format lint types layers docs fuzz sanitize bench peers pjsip clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/.installed: pyproject.toml $(wildcard */speedups.pyx gateway/*/speedups.pyx)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tandem needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3 cannot make a virtual environment: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(BIN)/.tools: $(BIN)/.installed
	$(BIN)/python -m pip install --quiet --group test --group lint
	$(BIN)/python -m pip install --quiet --upgrade --target $(VENV)/clients --group clients
	touch $@

demo: $(BIN)/.installed ## Set up, then run two gateways with an E1 between them and a call through both
	$(BIN)/tandem demo

peers:
	@sh tests/support/install_peers.sh $(PEERS)

test: ahead unit interop ## Set up, then run every test, real peers included

check: format lint types layers unit ## Format, lint, types, layer contracts, tests without peers

.PHONY: unit interop ahead
format: $(BIN)/.tools
	$(BIN)/ruff format --check .
lint: $(BIN)/.tools
	$(BIN)/ruff check .
	$(BIN)/codespell
types: $(BIN)/.tools
	$(BIN)/mypy
layers: $(BIN)/.tools
	$(BIN)/lint-imports
unit: $(BIN)/.tools peers
	$(BIN)/python -m pytest -q -m 'not interop' -n auto

# What tests with peers need built takes minutes: it is begun first, and goes on beside the rest. They wait for it.
ahead: $(BIN)/.tools peers
	@mkdir -p build
	@$(BIN)/python -c 'import pjsua2' 2>/dev/null || $(BIN)/tandem build-pjsip || true  # a Python without wheels
	@(cd tests && exec nice ../$(BIN)/python -m support.built_pjsip >../build/pjsip.log 2>&1) &
	@(cd tests && exec nice ../$(BIN)/python -m support.dahdi_modules >../build/dahdi.log 2>&1) &

# Most of them wait for timers: four abreast, each in a network of its own so that they find the same ports free, which
# takes root. Those that measure speech and delays leave most of two processors idle: two abreast. Those that want all of
# the machine run one after another.
ABREAST = $(shell unshare --net true 2>/dev/null && printf '%s' '-n $(1) --dist loadfile --own-network')
interop: ahead
	@status=0; run="$(BIN)/python -m pytest -q --durations 20 tests/interop"; \
	$$run -m 'interop and not realtime' $(call ABREAST,4) || status=1; \
	$$run -m 'realtime and not alone' $(call ABREAST,2) || status=1; \
	$$run -m alone || status=1; \
	exit $$status

docs: $(BIN)/.installed ## Regenerate the reference pages that come from the code
	$(BIN)/python -m tandem.gateway.reference docs/reference

fuzz: $(BIN)/.tools ## Feed decoders, state machines and the trace analyser random and mutated input, a minute each
	$(BIN)/python tests/fuzz/fuzz_decoders.py --seconds 60
	$(BIN)/python tests/fuzz/fuzz_machines.py --seconds 60
	$(BIN)/python tests/fuzz/fuzz_analyser.py --seconds 60

# Installed, not editable: what is compiled beside the sources stays as it is. Last, and with nothing left of other builds,
# which pip would take. malloc, so that the address sanitizer knows where each object ends.
SANITIZED := build/sanitized
sanitize: ## Run the tests of all that is compiled under the address and undefined behaviour sanitizers of gcc
	$(PYTHON) -m venv $(SANITIZED)
	$(SANITIZED)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(SANITIZED)/bin/python -m pip install --quiet . --group test
	rm -rf build/lib* build/temp* build/bdist*
	CFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1' \
	  $(SANITIZED)/bin/python -m pip install --quiet --force-reinstall --no-cache-dir --no-deps .
	rm -rf build/lib* build/temp* build/bdist*
	@for built in $(SANITIZED)/lib/python3*/site-packages/tandem/*/speedups.*.so; do \
	  ldd $$built | grep -q libasan || { echo "$$built is not sanitized"; exit 1; }; done
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc $(SANITIZED)/bin/python -m pytest -q -p no:cacheprovider \
	  $$(grep -rlE 'speedups|sip_reading|[( _]loops\b' tests/core tests/codecs tests/hardware tests/ss7 tests/gateway --include='test_*.py')

bench: $(BIN)/.tools ## Measure this machine: media, calls, spans, codecs
	$(BIN)/python tests/bench/run.py

pjsip: $(BIN)/.installed ## Build PJSIP with IPv6, TLS 1.3 and room for 256 calls, and install it
	$(BIN)/tandem build-pjsip --folder build/pjsip

clean: ## Remove the virtual environment and build products
	rm -rf $(VENV) build dist *.egg-info */speedups.c gateway/*/speedups.c */*.so gateway/*/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis
