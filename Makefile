# Two commands are enough: `make demo` and `make test`. Both set up .venv from constraints.txt first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# PYTORCH_INDEX: address of PyTorch's CPU builds, for machines without a GPU; without it pip may take one with CUDA, which is large.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(PYTORCH_INDEX),--extra-index-url $(PYTORCH_INDEX))

.PHONY: demo test lint types docs corpus bench-accuracy bench-speed bench-voice bench-talk bench-asr bench-dashboard bench-conduct bench-diarization bench-roles bench-faults bench-memory bench-phrases bench-personal-data bench-rescore bench-peers bench-growth bench-shapes publish fuzz sbom audit clean

demo: $(VENV)/.installed
	$(BIN)/postcall demo --store demo-store

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/Dockerfile
	$(BIN)/postcall docs --check

types: $(VENV)/.installed-lint
	$(BIN)/mypy --strict postcall analyzers standards storage flows

docs: $(VENV)/.installed
	$(BIN)/postcall docs

# Synthetic calls with exact truth, written outside the repository; needs espeak-ng, festival with festvox-ru, and flite.
corpus: $(VENV)/.installed
	$(BIN)/python -m benchmarks.corpus $(or $(OUT),../postcall-corpus) --calls 300 --seed 1

bench-talk: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.talk_time

bench-voice: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.voice --corpus $(or $(OUT),../postcall-bench-voice)

# Those below make calls of their own first, as `make corpus` does.
bench-speed: $(VENV)/.installed
	$(BIN)/python -m benchmarks.speed $(or $(OUT),../postcall-bench-speed) $(if $(JSON),--json $(JSON))

bench-accuracy: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.accuracy $(or $(OUT),../postcall-bench-accuracy) $(if $(PUBLISH),--publish)

bench-asr: $(VENV)/.installed
	$(BIN)/python -m benchmarks.recognition $(or $(OUT),../postcall-bench-asr)

bench-conduct: $(VENV)/.installed
	$(BIN)/python -m benchmarks.conduct $(or $(OUT),../postcall-bench-conduct) $(if $(PUBLISH),--publish)

bench-diarization: $(VENV)/.installed
	$(BIN)/python -m benchmarks.diarization $(or $(OUT),../postcall-bench-diarization)

bench-roles: $(VENV)/.installed
	$(BIN)/python -m benchmarks.roles $(or $(OUT),../postcall-bench-roles)

# Nights that are killed, run out of disk or meet each other, then run again: half a minute for each trial of TRIALS.
bench-faults: $(VENV)/.installed
	$(BIN)/python -m benchmarks.faults $(or $(OUT),../postcall-bench-faults) --trials $(or $(TRIALS),50)

bench-memory: $(VENV)/.installed
	$(BIN)/python -m benchmarks.memory $(or $(OUT),../postcall-bench-memory) --calls $(or $(CALLS),1000)

# Files that nobody wrote, SECONDS of them for each reader; stops at none and ends with 1 when one of them breaks a reader.
fuzz: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.fuzz --corpus $(or $(OUT),../postcall-fuzz) --seconds $(or $(SECONDS),60)

bench-phrases: $(VENV)/.installed
	$(BIN)/python -m benchmarks.phrases

bench-personal-data: $(VENV)/.installed
	$(BIN)/python -m benchmarks.personal_data

# Makes a store of CALLS calls without audio, then scores it again; 100,000 calls need 6 GB and an hour.
bench-rescore: $(VENV)/.installed
	$(BIN)/python -m benchmarks.rescore $(or $(OUT),../postcall-bench-rescore) --calls $(or $(CALLS),2000) --everything

# Contestants take turns, each bound to one core. MODEL: folder of another model; WHISPERX: an interpreter that has whisperX and postcall.
bench-peers: $(VENV)/.installed
	$(BIN)/python -m benchmarks.peers $(or $(OUT),../postcall-bench-peers) $(if $(MODEL),--model $(MODEL)) $(if $(WHISPERX),--whisperx-python $(WHISPERX)) $(if $(JSON),--json $(JSON))

# Whisper's real shapes with random weights; large-v3 needs 10 GB while it is made.
bench-shapes: $(VENV)/.installed
	$(BIN)/python -m benchmarks.shapes $(or $(OUT),../postcall-bench-peers) $(if $(SHAPES),--shapes $(SHAPES)) $(if $(JSON),--json $(JSON))

# Nights of up to ten thousand calls with scripted engines, tables of a million: half an hour and 2 GB. WORDS=100000000 takes 4 GB.
bench-growth: $(VENV)/.installed
	$(BIN)/python -m benchmarks.growth $(or $(OUT),../postcall-bench-growth) $(if $(NIGHTS),--nights $(NIGHTS)) --table-words $(or $(WORDS),10000000) $(if $(JSON),--json $(JSON))

# Generates a store of its own, two million calls, in ten minutes and 2 GB; the second run takes the one that is there.
bench-dashboard: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks.dashboard $(or $(OUT),../postcall-bench-dashboard)

# Writes docs/benchmarks.md and the constants of `postcall capacity` from benchmarks/results/.
publish: $(VENV)/.installed
	$(BIN)/python -m benchmarks.publish

# A bill of materials (CycloneDX JSON) of what is installed in .venv, written outside the repository.
sbom: $(VENV)/.installed-audit
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o $(or $(OUT),../postcall-sbom.json) $(BIN)/python

# Asks PyPI for known vulnerabilities of what is installed in .venv. Error 1: there are some; error 5: it could not be asked about all.
audit: $(VENV)/.installed-audit
	$(BIN)/python -m benchmarks.audit

clean:
	rm -rf $(VENV) demo-store .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "postcall needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/.installed-%: $(VENV)/.installed
	$(PIP) -e ".[$*]"
	touch $@
