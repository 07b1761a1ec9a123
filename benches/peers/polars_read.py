"""Reads the three exports with polars, all columns as text: polars_read.py EXPORTS."""

import sys

import polars as pl

for name in ("invoices", "requests", "decisions"):
    frame = pl.read_csv(f"{sys.argv[1]}/{name}.csv", infer_schema=False)
    print(name, frame.shape)
