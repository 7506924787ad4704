# make demo   the whole study at toy scale, on this machine
# make test   every test; `make test-quick` those that take seconds
# make lint   ruff, snakefmt, snakemake --lint
# make docs   write the README's list of assumptions anew
# make lock   resolve envs/*.in anew
# make clean  remove what the demo made; `make distclean` the environment too

# A Python 3.11 that is not the one inside .venv.
OUTSIDE := $(shell printf %s "$$PATH" | sed 's|$(CURDIR)/.venv/bin:||g')
PYTHON ?= $(shell PATH="$(OUTSIDE)"; command -v python3.11 || command -v python3 || echo python3.11)
# uv fetches torch's small CPU build; where pip is set up with a folder of wheels, torch's is taken
# from there (uv does not read pip's settings).
FIND_LINKS := $(shell $(PYTHON) -m pip config get global.find-links 2> /dev/null)
ifneq ($(FIND_LINKS),)
export UV_FIND_LINKS ?= $(FIND_LINKS)
endif
TORCH_BACKEND ?= $(if $(FIND_LINKS),,--torch-backend=cpu)
TORCH := $(shell grep '^torch==' envs/cpu.in)
UV := uv==0.13.8
PYTEST_ARGS ?=

export PATH := $(CURDIR)/.venv/bin:$(PATH)
INSTALLED := .venv/installed

.PHONY: setup demo test test-quick lint docs lock clean distclean
.DELETE_ON_ERROR:

setup: $(INSTALLED)

$(INSTALLED): envs/cpu.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v[:2] != (3, 11) and \
	  "The study is pinned to Python 3.11, $(PYTHON) is %d.%d. Install 3.11 or say: make PYTHON=/path/to/python3.11" % v[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "$(PYTHON) lacks venv or pip; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	python -m pip install --quiet $(UV)
	uv pip install --python .venv --quiet $(TORCH_BACKEND) $(TORCH)
	uv pip install --python .venv --quiet --no-deps --require-hashes --compile-bytecode -r envs/cpu.lock
	touch $@

demo: setup
	snakemake --profile demo all
	snakemake --profile demo --report results/demo/report.html --quiet
	python -m scripts.print_summary results/demo

test: setup
	python -m pytest $(PYTEST_ARGS)

test-quick: setup
	python -m pytest -m "not slow" $(PYTEST_ARGS)

lint: setup
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint

docs: setup
	python -m scripts.list_assumptions config.yaml README.md

lock: setup
	PIP_CONFIG_FILE=/dev/null uv pip compile --quiet --config-file envs/uv.toml \
	  --custom-compile-command "make lock" envs/cpu.in -o envs/cpu.lock
	python -m scripts.write_conda_env envs/cpu.lock $(TORCH) > envs/study.yaml

clean:
	rm -rf results/demo checkpoints/demo logs/demo

distclean: clean
	rm -rf .venv .snakemake
