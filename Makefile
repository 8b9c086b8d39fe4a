# `make` alone lists what can be made.
PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
CONFIGURATION ?= release
lora := .build/$(CONFIGURATION)/lora
root := $(DESTDIR)$(PREFIX)
sources := Sources Tests Benchmarks Fuzz Package.swift

.PHONY: help setup build test demo install place uninstall static dist bundle lint format fuzz bench clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: # what Debian calls libopenblas-dev and so on; nothing where it is there
	@scripts/setup

# With Swift's own library inside: the program starts sooner, and needs no Swift where it runs.
build: setup ## .build/release/lora
	$(SWIFT) build -c $(CONFIGURATION) --product lora --static-swift-stdlib

test: setup .build/cuda .build/cuda-13.0 ## build and run all tests
	$(SWIFT) test

# NVIDIA's compiler, which needs no GPU: without it the tests that compile the kernels are skipped.
.build/cuda:
	python3 -m venv $@ && $@/bin/pip -q install nvidia-cuda-nvrtc \
	  || { rm -rf $@; echo 'no NVRTC: kernels are not compiled in the tests'; }

demo: build ## what the program does, on small files of ours
	@scripts/demo

# The one that PyTorch brings, which does not find its own parts: see LibrarySearch.
.build/cuda-13.0:
	python3 -m venv $@ && $@/bin/pip -q install nvidia-cuda-nvrtc==13.0.88 \
	  || { rm -rf $@; echo 'no NVRTC 13.0: the tests leave it out'; }

install: build ## binary, lora-COMMAND links, man pages, completions; PREFIX=/usr/local DESTDIR=
	@$(MAKE) --no-print-directory place

# The same of a program that exists: lora=FILE.
place:
	install -D -m 755 $(lora) $(root)/bin/lora
	install -d $(root)/share/man/man1 $(root)/share/bash-completion/completions \
	  $(root)/share/zsh/site-functions $(root)/share/fish/vendor_completions.d
	$(lora) --generate-completion-script bash > $(root)/share/bash-completion/completions/lora
	$(lora) --generate-completion-script zsh > $(root)/share/zsh/site-functions/_lora
	$(lora) --generate-completion-script fish > $(root)/share/fish/vendor_completions.d/lora.fish
	set -e; pages=$$(mktemp -d); trap 'rm -rf "$$pages"' EXIT; $(lora) manual "$$pages"; \
	install -m 644 "$$pages"/*.1 $(root)/share/man/man1; \
	for page in "$$pages"/lora-*.1; do link=$$(basename "$$page" .1); \
	  ln -sf lora $(root)/bin/$$link; \
	  ln -sf lora $(root)/share/bash-completion/completions/$$link; \
	  ln -sf lora.fish $(root)/share/fish/vendor_completions.d/$$link.fish; done

uninstall: ## what install has put there
	for page in $(root)/share/man/man1/lora-*.1; do link=$$(basename $$page .1); \
	  rm -f $(root)/bin/$$link $(root)/share/bash-completion/completions/$$link \
	    $(root)/share/fish/vendor_completions.d/$$link.fish; done
	rm -f $(root)/bin/lora $(root)/share/man/man1/lora.1 $(root)/share/man/man1/lora-*.1 \
	  $(root)/share/bash-completion/completions/lora $(root)/share/zsh/site-functions/_lora \
	  $(root)/share/fish/vendor_completions.d/lora.fish

static: build ## a stripped binary that needs no Swift where it runs, and its size
	strip -o .build/lora $(lora)
	@ls -l .build/lora | awk '{ printf "%s: %.1f MB\n", $$NF, $$5 / 1e6 }'
	@ldd .build/lora | awk '{ print "  needs " $$1 }'
	@echo '  loads libopenblas.so.0 and liblapacke.so.3 when it first computes'

# An RPATH, not a RUNPATH: the libraries of OpenBLAS are found by it too.
dist: setup ## .build/dist: an archive that runs anywhere, and a Debian package, for machines without Swift
	$(SWIFT) build -c release --product lora --static-swift-stdlib -Xlinker --disable-new-dtags \
	  -Xlinker -rpath -Xlinker '$$ORIGIN/../lib/lora'
	@scripts/dist

# The libraries are looked for beside the program first.
bundle: setup .build/cuda-13.0 ## .build/lora-gpu-check*.tar.xz, with which scripts/gpu-check runs elsewhere
	$(SWIFT) build -c release --product lora --static-swift-stdlib -Xlinker -rpath -Xlinker '$$ORIGIN/../lib'
	$(SWIFT) build -c release --product device-check --static-swift-stdlib -Xlinker -rpath -Xlinker '$$ORIGIN/../lib'
	@scripts/bundle

lint: ## formatting, as strictly as the CI does
	$(SWIFT) format lint --strict --recursive $(sources)

format: ## put formatting right
	$(SWIFT) format --in-place --recursive $(sources)

TARGET ?= header
TIME ?= 600
dictionary = $(wildcard $(CURDIR)/Fuzz/dictionaries/$(TARGET).dict)
# A zstd frame may ask for a window of 2 GB, which costs memory only as it is filled.
fuzz: setup ## libFuzzer; TARGET=header or another folder of Fuzz/corpus, TIME=600 seconds
	LORA_FUZZ=$(TARGET) $(SWIFT) build -c release --product Fuzz --scratch-path .build/fuzz \
	  --sanitize fuzzer --sanitize address -Xswiftc -enable-testing \
	  -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp,indirect-calls
	mkdir -p .build/fuzz/corpus/$(TARGET)
	cd .build/fuzz && LORA_FUZZ=$(TARGET) release/Fuzz corpus/$(TARGET) \
	  $(CURDIR)/Fuzz/corpus/$(TARGET) $(addprefix -dict=,$(dictionary)) \
	  -max_len=8192 -timeout=60 -rss_limit_mb=2048 -malloc_limit_mb=4096 -max_total_time=$(TIME) -print_final_stats=1

bench: build ## times and errors beside cat, cp, NumPy and PyTorch; into Benchmarks/results
	@Benchmarks/run && Benchmarks/training && Benchmarks/operations

clean: ## remove what was built
	rm -rf .build
