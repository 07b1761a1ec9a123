"""Six of the rules in pandas: pandas_rules.py EXPORTS CALENDARS FINDINGS.

Loads what they need of the three exports, joins it, checks it, and writes what was found. Not done here: rows that
cannot be used, columns that are missing, unknown evidence, and why and on what evidence something was found.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

EXPORTS, CALENDARS, FINDINGS = map(Path, sys.argv[1:])


def read(name, *columns, numbers=()):
    """The columns of an export, as text but for the numbers."""
    types = {column: "float64" if column in numbers else "str" for column in (*columns, *numbers)}
    return pd.read_csv(EXPORTS / f"{name}.csv", engine="pyarrow", usecols=list(types), dtype=types)


def code(words):
    """Words in their normal form."""
    return words.str.lower().str.replace("-", "_", regex=False).str.replace(" ", "_", regex=False)


def clock(cells, hours):
    """Times as the clock in the policy's zone shows them. One without an offset stands for itself."""
    times = pd.to_datetime(cells, format="ISO8601", utc=True).dt.tz_localize(None)
    has_offset = (cells.str.len() > 16) & (cells.str.get(-6).isin(["+", "-"]) | cells.str.endswith("Z"))
    return times + pd.to_timedelta(hours.where(has_offset.fillna(False), 0), unit="h")


def day(cells, hours):
    """The days of times in the policy's zone."""
    return clock(cells, hours).dt.normalize()


def after(days, count, calendar, first_year):
    """The days so many business days after others; none before the first year that the calendar covers."""
    holidays = pd.read_csv(CALENDARS / f"{calendar}.csv")["date"].to_numpy("datetime64[D]")
    counted = days.where(days.dt.year >= first_year).to_numpy("datetime64[D]")
    last = np.full(len(days), np.datetime64("NaT"), "datetime64[D]")
    known = ~np.isnat(counted)
    last[known] = np.busday_offset(counted[known], count, roll="backward", holidays=holidays)
    return pd.Series(last, days.index).astype(days.dtype)


def load():
    """The cases, each with its decision; and the latest day in the records."""
    lines = read("invoices", "invoice_id", "account_id", "policy", "currency")
    invoices = lines.drop_duplicates("invoice_id").rename(
        columns={"account_id": "billed_account", "currency": "billed_currency"}
    )
    invoices["policy"] = code(invoices["policy"])
    invoices["hours"] = invoices["policy"].eq("vortexweb") * 4
    requests = read("requests", "request_id", "account_id", "invoice_id", "kind", "submitted_at", "channel", "complex")
    requests = requests.merge(invoices, on="invoice_id")
    requests["kind"], requests["channel"] = code(requests["kind"]), code(requests["channel"])
    requests["submitted"] = day(requests.pop("submitted_at"), requests["hours"])
    requests["complex"] = requests["complex"].str.lower().isin(["true", "yes", "1"])
    decisions = read(
        "decisions",
        "decision_id",
        "request_id",
        "outcome",
        "acknowledged_at",
        "decided_at",
        "processed_at",
        "received_at",
        "currency",
        "refund_method",
        "remedy",
        numbers=("refund_amount", "credit_amount"),
    ).merge(requests[["request_id", "hours"]], on="request_id")
    for event in ("acknowledged", "processed", "received"):
        decisions[event] = day(decisions.pop(f"{event}_at"), decisions["hours"])
    decisions["decided_at"] = clock(decisions["decided_at"], decisions["hours"])
    decisions["decided"] = decisions["decided_at"].dt.normalize()
    for words in ("outcome", "refund_method", "remedy"):
        decisions[words] = code(decisions[words])
    days = decisions[["acknowledged", "decided", "processed", "received"]].max()
    as_of = max(requests["submitted"].max(), days.max())
    decisions["rank"] = decisions["outcome"].map({"pending": 2, "withdrawn": 1}).fillna(0)
    decisions["first"] = decisions["decided_at"].where(decisions["rank"] == 0)
    decisions = decisions.sort_values(["request_id", "rank", "first", "decision_id"], na_position="last")
    decisions = decisions.drop_duplicates("request_id").drop(columns="hours")
    inside = (requests["policy"] != "opust") | (requests["submitted"] >= "2025-10-22")
    return requests[inside].merge(decisions, on="request_id", how="left"), as_of


def describe(cases):
    """What rules ask of a case."""
    cases["refund"] = cases.pop("refund_amount").fillna(0)
    cases["money"] = cases["refund"] + cases.pop("credit_amount").fillna(0)
    cases["is_comparable"] = (
        cases["currency"].fillna(cases["billed_currency"]).str.upper() == cases["billed_currency"].str.upper()
    )
    cases["is_live"] = cases["rank"] == 0
    cases["is_decided"] = cases["is_live"] & cases["decided"].notna()
    cases["is_accepted"] = cases["is_decided"] & cases["outcome"].isin(["approved", "partially_approved"])
    return cases


def found(cases, rule, verdict="deviation", amount=None, days_late=None):
    """The findings of a rule."""
    return pd.DataFrame(
        {
            "rule": rule,
            "verdict": verdict,
            "request_id": cases["request_id"],
            "decision_id": cases["decision_id"],
            "amount": np.nan if amount is None else cases[amount].where(cases["is_comparable"]),
            "days_late": pd.Series(pd.NA, cases.index, "Int64") if days_late is None else days_late.astype("Int64"),
        }
    )


def deadline(cases, rule, last_day, event, as_of):
    """The findings of a rule about a deadline."""
    late = (event.fillna(as_of) - last_day).dt.days
    return found(cases[late > 0], rule, days_late=late[late > 0])


def later(days, longer, is_longer):
    """The later of two days where the longer term holds."""
    return days.where(~is_longer | days.isna() | (days >= longer), longer)


def check(cases, as_of):
    """All findings."""
    kind, gives_money = cases["kind"], cases["is_live"] & (cases["money"] > 0)
    accepted = cases["is_accepted"]
    claims = kind.isin(["refund", "quality_claim", "outage_claim", "appeal", "merchant_refund"])
    nothing = accepted & ~gives_money & claims & ~cases["remedy"].isin(["fix", "revise"])
    denied = cases["is_decided"] & ~accepted & gives_money
    opust, vortexweb = cases["policy"] == "opust", cases["policy"] == "vortexweb"
    is_open = cases["outcome"] != "withdrawn"
    by_phone = opust & (kind == "refund") & accepted & cases["channel"].notna() & (cases["channel"] != "email")
    asked = cases[opust & is_open & kind.isin(["refund", "cancellation", "quality_claim", "outage_claim"])]
    paid = cases[opust & (kind != "merchant_refund") & accepted & (cases["refund"] > 0)]
    reviewed = cases[vortexweb & is_open & kind.isin(["refund", "cancellation"])]
    within_7 = after(asked["submitted"], 7, "us-federal", 2018)
    within_7 = later(within_7, asked["submitted"] + pd.Timedelta(days=14), asked["complex"])
    within_10 = after(paid["decided"], 10, "us-federal", 2018)
    within_10 = later(within_10, paid["decided"] + pd.Timedelta(days=28), paid["refund_method"] == "check")
    within_5 = after(reviewed["submitted"], 5, "uae", 2022)
    decided = cases["decided"].where(cases["is_decided"])
    return pd.concat(
        [
            found(
                cases[gives_money & (cases["account_id"] != cases["billed_account"])],
                "general.same-account",
                amount="money",
            ),
            found(cases[nothing], "general.outcome-matches-amount", "review"),
            found(cases[denied], "general.outcome-matches-amount", amount="money"),
            found(cases[by_phone], "opust.5.1-by-email"),
            deadline(asked, "opust.5.2-decision", within_7, decided[asked.index], as_of),
            deadline(paid, "opust.5.5-processing", within_10, paid["processed"], as_of),
            deadline(reviewed, "vortexweb.review", within_5, decided[reviewed.index], as_of),
        ]
    )


cases, as_of = load()
check(describe(cases), as_of).to_csv(FINDINGS, index=False)
