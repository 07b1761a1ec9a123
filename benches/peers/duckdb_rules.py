"""Runs duckdb_rules.sql: duckdb_rules.py EXPORTS CALENDARS FINDINGS."""

import os
import sys
from pathlib import Path

import duckdb

connection = duckdb.connect()
connection.execute(f"SET threads = {os.cpu_count()}")
for name, place in zip(("exports", "calendars", "findings"), sys.argv[1:], strict=True):
    connection.execute(f"SET VARIABLE {name} = $place", {"place": place})
connection.execute(Path(__file__).with_suffix(".sql").read_text())
