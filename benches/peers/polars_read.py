"""Reads the three exports with polars, all columns as text: polars_read.py EXPORTS."""

import sys

import polars as pl

frames = [
    pl.read_csv(f"{sys.argv[1]}/{name}.csv", infer_schema=False) for name in ("invoices", "requests", "decisions")
]
print([frame.shape for frame in frames])
