# Two commands on a fresh machine: make demo, make test. Both set everything up first; a second run is fast.
PYTHON_ENV := .venv/bin
.PHONY: help demo test check coverage setup setup-run setup-dev docs lock clean

help:
	@echo "make demo   在示例市上完整跑一遍：监测、比对、评估、报告"
	@echo "make test   运行全部测试"
	@echo "make check  格式、类型、分层、文档与测试，一次检查完"

setup-run:
	@tools/setup run

setup-dev:
	@tools/setup dev

setup:  ## installs again, parts that failed before as well
	@rm -f .venv/.without-*
	@tools/setup dev

demo: setup-run
	@$(PYTHON_ENV)/mingcha demo --keep demo-city

test: setup-dev
	@$(PYTHON_ENV)/python -m pytest -q -n 2 --dist loadfile

check: setup-dev
	@$(PYTHON_ENV)/ruff check .
	@$(PYTHON_ENV)/ruff format --check .
	@$(PYTHON_ENV)/mypy
	@$(PYTHON_ENV)/lint-imports --no-cache
	@$(PYTHON_ENV)/python -m pytest -q -n 2 --dist loadfile

coverage: setup-dev  ## the tests again, with the share of lines they reach
	@$(PYTHON_ENV)/python -m pytest -q -n 2 --dist loadfile --ignore tests/main_job --cov --cov-report=term:skip-covered

docs: setup-dev  ## renews the generated pages of docs/
	@$(PYTHON_ENV)/python tools/write_docs.py

lock:
	@tools/lock

clean:
	rm -rf .venv demo-city
