.DEFAULT_GOAL := help
.PHONY: help run test test-slow lint tour pictures bench docs docs-pictures clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

run: ## set everything up and open the window (without a display: the tour)
	@.ci/start

test: ## set everything up and pass the tests
	@.ci/tests

test-slow: ## pass the tests that take minutes each, an hour at most
	@.ci/slow

lint: ## formatting, lint, types and import rules
	@.ci/lint

tour: ## pictures and timings of the real window, into tour-output/
	@.ci/start tour

pictures: ## every pane in all sizes and both schemes, into tour-output/pictures/
	@.ci/system-libraries offscreen
	@.ci/setup test
	@.venv/bin/python -m tests.album --out tour-output/pictures

bench: ## measure speed and print it
	@.ci/system-libraries offscreen
	@.ci/setup test
	@.venv/bin/python -m tests.benchmarks

docs: ## build the documentation, into site/
	@.ci/docs

docs-pictures: ## take the pictures of the documentation again, from the tour
	@.ci/docs-pictures

clean: ## remove what the other targets made
	rm -rf .venv build dist site tour-output .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find explorer latentscape models resources tests -name __pycache__ -type d -prune -exec rm -rf {} +
