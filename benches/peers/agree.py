"""Compares a peer's findings with reperform's: agree.py REPORT FINDINGS RULE... Prints one line of JSON.

Two findings are the same if rule, verdict, request, decision, days and amount are.
"""

import csv
import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

COLUMNS = ("verdict", "request_id", "decision_id", "days_late", "amount")


def findings(path, rules):
    """The findings of a file by these rules, and how often each occurs."""
    found = {rule: Counter() for rule in rules}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["rule"] in found:
                if row["amount"]:
                    row["amount"] = str(Decimal(row["amount"]).quantize(Decimal("0.001")))
                found[row["rule"]][tuple(row[name] for name in COLUMNS)] += 1
    return found


report, path, *rules = sys.argv[1:]
ours, theirs = findings(Path(report, "findings.csv"), rules), findings(path, rules)
compared = {}
for rule in rules:
    different = (ours[rule] - theirs[rule]) + (theirs[rule] - ours[rule])
    counts = {"ours": ours[rule].total(), "theirs": theirs[rule].total(), "different": different.total()}
    compared[rule] = counts | {"examples": [list(key) for key in list(different)[:2]]}
print(json.dumps(compared))
