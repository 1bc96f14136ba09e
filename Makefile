# One verb per chore. `make demo` and `make test` work from a fresh clone
# with nothing but python3 and make; both create .venv when it is missing.

# Python that creates the environment, and extra flags for pip.
PYTHON ?= python3
PIP_FLAGS ?=

VENV := .venv
RUN := OMP_NUM_THREADS=1 $(VENV)/bin/python
PYTEST := $(RUN) -m pytest -rs
INSTALL := $(VENV)/bin/python -m pip install $(PIP_FLAGS)
SOURCES := mmseaice configs tools tests setup.py

# Whole-suite tests run on this many processes.
WORKERS ?= 2

.PHONY: help demo test test-extras soak format check clean

help:
	@echo 'make demo         the whole path on simulated scenes, minutes on CPU'
	@echo 'make test         the default tests'
	@echo 'make test-extras  tests that install other programs'
	@echo 'make soak         long kill and endurance tests'
	@echo 'make format       let ruff rewrite the code'
	@echo 'make check        let ruff judge the code'
	@echo 'make clean        remove build products (not .venv, not work_dirs)'

# The stamp is written last, so an interrupted installation is taken up
# again the next time. A change of setup.py installs what it now asks for.
$(VENV)/.installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[test]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) --editable '.[dev]'
	touch $@

# The main job on simulated scenes. Every line is a command that serves real
# scenes as well; only the sizes are small. The last four scenes are held out.
DATA := $(or $(MMSEAICE_DATA),data)
DEMO_PYTHON := $(VENV)/bin/python
DEMO_MAE := mae_vit-tiny-p8_500i_simulated
DEMO_CHARTS := multitask_vit-tiny-p8-upernet_700i_simulated
DEMO_OUT := work_dirs/demo

demo: $(VENV)/.installed
	$(DEMO_PYTHON) tools/data/simulate_scenes.py $(DATA)/demo --kind both \
	    --scenes 20 --test-scenes 4 --lines 2000 --samples 2000 --seed 1 --workers 2
	$(DEMO_PYTHON) tools/data/build_store.py $(DATA)/demo/train $(DATA)/demo/train.zarr \
	    --spacings 80 160 200 240 --channels HH HV incidence_angle --workers 2
	$(DEMO_PYTHON) tools/data/build_store.py $(DATA)/demo/test $(DATA)/demo/test.zarr \
	    --spacings 80 200 --channels HH HV incidence_angle --workers 2
	$(DEMO_PYTHON) tools/data/make_splits.py $(DATA)/demo/train.zarr $(DATA)/demo/splits \
	    --against $(DATA)/demo/test.zarr
	$(DEMO_PYTHON) tools/train.py configs/pretraining/$(DEMO_MAE).py
	$(DEMO_PYTHON) tools/analysis/visualize_reconstruction.py \
	    configs/pretraining/$(DEMO_MAE).py work_dirs/$(DEMO_MAE)/iter_500.pth \
	    --num 4 --out $(DEMO_OUT)/reconstructions
	$(DEMO_PYTHON) tools/train.py configs/downstream/$(DEMO_CHARTS).py
	$(DEMO_PYTHON) tools/test.py configs/downstream/$(DEMO_CHARTS).py \
	    work_dirs/$(DEMO_CHARTS)/iter_700.pth --out $(DEMO_OUT)/test
	$(DEMO_PYTHON) tools/analysis/pixel_baselines.py $(DATA)/demo/train.zarr \
	    $(DATA)/demo/test.zarr --out $(DEMO_OUT)/baselines.json
	@echo
	@$(DEMO_PYTHON) tools/analysis/summarise_run.py \
	    --pretraining work_dirs/$(DEMO_MAE) --finetuning work_dirs/$(DEMO_CHARTS) \
	    --metrics $(DEMO_OUT)/test/metrics.json --baselines $(DEMO_OUT)/baselines.json
	@echo
	@echo 'The last test scene as products:'
	@$(DEMO_PYTHON) tools/predict.py configs/downstream/$(DEMO_CHARTS).py \
	    work_dirs/$(DEMO_CHARTS)/iter_700.pth \
	    $$(ls $(DATA)/demo/test/*_prep.nc | tail -1) --out $(DEMO_OUT)/products \
	    --product netcdf geotiff vector risk quicklook
	@echo
	@echo 'Pictures:'
	@ls $(DEMO_OUT)/reconstructions/*.png $(DEMO_OUT)/test/*.png $(DEMO_OUT)/test/figures/*.png \
	    $(DEMO_OUT)/products/*/*.png

test: $(VENV)/.installed
	$(PYTEST) -n $(WORKERS) --dist loadfile -m 'not extras and not slurm and not soak' tests

# Where a browser can be had, the page of a run is opened in it.
$(VENV)/.installed-extras: $(VENV)/.installed
	$(INSTALL) --editable '.[extras,lora,terratorch]'
	-timeout 300 $(VENV)/bin/python -m playwright install chromium
	touch $@

# Where packages can be installed, the job scripts run on a real Slurm.
$(VENV)/.installed-slurm: $(VENV)/.installed
	-command -v sbatch || { apt-get update && \
	    apt-get install --yes --no-install-recommends slurm-wlm munge; }
	touch $@

test-extras: $(VENV)/.installed-extras $(VENV)/.installed-slurm
	$(PYTEST) -m 'extras or slurm' tests

soak: $(VENV)/.installed
	$(PYTEST) -s -m soak tests

format: $(VENV)/.installed-dev
	$(VENV)/bin/python -m ruff check --fix $(SOURCES)
	$(VENV)/bin/python -m ruff format $(SOURCES)

check: $(VENV)/.installed-dev
	$(VENV)/bin/python -m ruff check $(SOURCES)
	$(VENV)/bin/python -m ruff format --check $(SOURCES)

clean:
	rm -rf build dist *.egg-info
	find mmseaice tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
