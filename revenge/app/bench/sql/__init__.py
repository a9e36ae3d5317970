"""Statements of the benchmarks; ``revenge.infra.jobs.sql`` explains the format."""
