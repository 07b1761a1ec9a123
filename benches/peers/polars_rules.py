"""Twelve of the rules in polars: polars_rules.py EXPORTS CALENDARS FINDINGS.

Loads what they need of the three exports, joins it, checks it, and writes what was found. Not done here: rows that
cannot be used, columns that are missing, unknown evidence, and why and on what evidence something was found.
"""

import sys
from datetime import date
from pathlib import Path

import polars as pl
from polars import col, lit, when

EXPORTS, CALENDARS, FINDINGS = map(Path, sys.argv[1:])
MONEY = pl.Decimal(18, 3)


def scan(name, *columns):
    """The columns of an export, as text."""
    return pl.scan_csv(EXPORTS / f"{name}.csv", infer_schema=False).select(columns)


def code(name):
    """A word in its normal form."""
    return col(name).str.to_lowercase().str.replace_all("[- ]", "_")


def clock(name):
    """A time as the clock in the policy's zone shows it. One without an offset stands for itself."""
    cell = col(name)
    padded = (
        when(cell.str.len_bytes() == 10)
        .then(cell + "T00:00:00")
        .when(cell.str.slice(16, 1) == ":")
        .then(cell.str.slice(0, 19))
        .otherwise(cell.str.slice(0, 16) + ":00")
    )
    time = padded.str.replace(" ", "T", literal=True).str.to_datetime("%Y-%m-%dT%H:%M:%S")
    is_long = cell.str.len_bytes() > 16
    sign = cell.str.slice(-6, 1)
    minutes = cell.str.slice(-5, 2).cast(pl.Int32, strict=False) * 60 + cell.str.slice(-2).cast(pl.Int32, strict=False)
    shift = (
        when(is_long & (sign == "-"))
        .then(minutes + col("hours") * 60)
        .when(is_long & (sign == "+"))
        .then(-minutes + col("hours") * 60)
        .when(is_long & cell.str.ends_with("Z"))
        .then(col("hours") * 60)
        .otherwise(0)
    )
    return time + pl.duration(minutes=shift)


def day(name):
    """The day of a time in the policy's zone."""
    return clock(name).dt.date()


def holidays(name):
    """The days of a calendar."""
    return pl.read_csv(CALENDARS / f"{name}.csv", schema_overrides={"date": pl.Date})["date"].to_list()


def after(name, count, calendar):
    """The day so many business days after another; none before the first year that the calendar covers."""
    first_year, holidays = calendar
    is_covered = col(name).dt.year() >= first_year
    return when(is_covered).then(col(name)).dt.add_business_days(count, holidays=holidays, roll="backward")


def load():
    """Invoice lines, cases with their decision, and decision rows, the first of each case by `place`."""
    lines = scan(
        "invoices", "invoice_id", "line", "account_id", "policy", "currency", "amount", "payment_method", "paid_on"
    )
    lines = (
        lines.with_columns(code("policy"))
        .with_columns(hours=when(col("policy") == "vortexweb").then(4).otherwise(0))
        .select(
            "invoice_id",
            "line",
            "policy",
            "hours",
            code("payment_method"),
            billed_account="account_id",
            billed_currency=col("currency").str.to_uppercase(),
            billed=col("amount").cast(MONEY),
            paid=day("paid_on"),
        )
    )
    lines = lines.collect()
    invoices = lines.group_by("invoice_id").first().drop("line", "billed", "paid")
    requests = scan(
        "requests", "request_id", "account_id", "invoice_id", "line", "kind", "submitted_at", "channel", "complex"
    )
    requests = (
        requests.join(invoices.lazy(), on="invoice_id")
        .with_columns(
            code("kind"),
            code("channel"),
            submitted=day("submitted_at"),
            is_complex=col("complex").str.to_lowercase().is_in(["true", "yes", "1"]).fill_null(False),
        )
        .collect()
    )
    decisions = scan(
        "decisions",
        "decision_id",
        "request_id",
        "outcome",
        "acknowledged_at",
        "decided_at",
        "processed_at",
        "received_at",
        "refund_amount",
        "credit_amount",
        "currency",
        "refund_method",
        "remedy",
    )
    known = requests.lazy().select("request_id", "submitted", "hours", "policy", "billed_currency")
    rank = when(col("outcome") == "pending").then(2).when(col("outcome") == "withdrawn").then(1).otherwise(0)
    decisions = (
        decisions.join(known, on="request_id")
        .select(
            "decision_id",
            "request_id",
            "submitted",
            "policy",
            code("outcome"),
            code("refund_method"),
            code("remedy"),
            acknowledged=day("acknowledged_at"),
            decided_at=clock("decided_at"),
            processed=day("processed_at"),
            received=day("received_at"),
            refund=col("refund_amount").cast(MONEY).fill_null(0),
            credit=col("credit_amount").cast(MONEY).fill_null(0),
            is_comparable=col("currency").str.to_uppercase().fill_null(col("billed_currency"))
            == col("billed_currency"),
        )
        .with_columns(decided=col("decided_at").dt.date(), rank=rank)
    )
    first = when(col("rank") == 0).then(col("decided_at"))
    decisions = (
        decisions.sort("request_id", "rank", first, "decision_id", nulls_last=True)
        .with_columns(place=pl.int_range(pl.len()).over("request_id"))
        .collect()
    )
    return lines, requests, decisions


def join(requests, decisions):
    """The cases, each with its decision."""
    is_broken = (
        (col("acknowledged") < col("submitted"))
        | (col("decided") < col("submitted"))
        | (col("processed") < col("decided"))
        | (col("received") < col("processed"))
    )
    events = decisions.group_by("request_id").agg(col("acknowledged").min(), is_out_of_order=is_broken.any())
    decision = decisions.filter(place=0).drop("submitted", "policy", "acknowledged", "decided_at", "place")
    outside = (col("policy") == "opust") & (col("submitted") < date(2025, 10, 22))
    cases = requests.lazy().filter(~outside).join(decision.lazy(), on="request_id", how="left")
    return (
        cases.join(events.lazy(), on="request_id", how="left")
        .with_columns(is_live=(col("rank") == 0).fill_null(False))
        .with_columns(
            is_decided=col("is_live") & col("decided").is_not_null(),
            pays=col("is_live") & (col("refund") > 0),
            gives_money=col("is_live") & (col("refund") + col("credit") > 0),
        )
        .with_columns(is_accepted=col("is_decided") & (col("outcome") != "denied"))
        .collect()
        .lazy()
    )


def found(cases, rule, verdict="deviation", amount=None, days_late=None):
    """The findings of a rule."""
    amount = lit(None, MONEY) if amount is None else when("is_comparable").then(amount).cast(MONEY)
    return cases.select(
        rule=lit(rule),
        verdict=lit(verdict) if isinstance(verdict, str) else verdict,
        request_id="request_id",
        decision_id="decision_id",
        amount=amount,
        days_late=lit(None, pl.Int64) if days_late is None else days_late,
    )


def deadline(cases, rule, last_day, event, as_of):
    """The findings of a rule about a deadline."""
    late = (pl.coalesce(event, lit(as_of)) - last_day).dt.total_days()
    return found(cases.filter(late > 0), rule, days_late=late)


def later(is_longer, days, longer):
    """The later of two days where the longer term holds."""
    return when(is_longer).then(pl.max_horizontal(days, longer)).otherwise(days)


def open_to(cases, kinds):
    """The cases of some kinds that were not withdrawn."""
    return cases.filter(col("kind").is_in(kinds), col("outcome").ne_missing("withdrawn"))


def deadlines(cases, as_of):
    """The findings of the rules about deadlines."""
    us, uae = (2018, holidays("us-federal")), (2022, holidays("uae"))
    opust, vortexweb = cases.filter(policy="opust"), cases.filter(policy="vortexweb")
    asked = open_to(opust, ["refund", "cancellation", "quality_claim", "outage_claim"])
    paid = opust.filter(col("kind") != "merchant_refund", "is_accepted", "pays")
    reviewed = open_to(vortexweb, ["refund", "cancellation"])
    processed = vortexweb.filter(col("kind") != "provider_cancellation", "is_accepted", "pays")
    decided = when("is_decided").then("decided")
    within_7 = later("is_complex", after("submitted", 7, us), col("submitted").dt.offset_by("14d"))
    by_check = (col("refund_method") == "check").fill_null(False)
    within_10 = later(by_check, after("decided", 10, us), col("decided").dt.offset_by("28d"))
    answered = pl.min_horizontal("acknowledged", decided)
    return [
        deadline(asked, "opust.5.2-acknowledgement", after("submitted", 2, us), answered, as_of),
        deadline(asked, "opust.5.2-decision", within_7, decided, as_of),
        deadline(paid, "opust.5.5-processing", within_10, col("processed"), as_of),
        deadline(reviewed, "vortexweb.review", after("submitted", 5, uae), decided, as_of),
        deadline(processed, "vortexweb.processing", after("decided", 15, uae), col("processed"), as_of),
    ]


def unpaid(cases, lines, as_of):
    """The refunds of more than was paid by then."""
    cases = cases.filter(col("kind") != "merchant_refund", "pays", "is_comparable")
    asked = cases.select("request_id", "invoice_id", "line", by=pl.coalesce("decided", lit(as_of)))
    lines = lines.lazy().select("invoice_id", "billed", "paid", of_line="line")
    of_target = col("line").is_null() | (col("line") == col("of_line"))
    paid = asked.join(lines, on="invoice_id").filter(of_target, col("paid") <= col("by"))
    paid = paid.group_by("request_id").agg(paid_for=col("billed").sum())
    unit = col("billed_currency").replace_strict({"JPY": "1", "KWD": "0.001"}, default="0.01").cast(MONEY)
    cases = cases.join(paid, on="request_id", how="left")
    return cases.with_columns(excess=col("refund") - col("paid_for").fill_null(0)).filter(col("excess") > unit)


def check(cases, lines, decisions, as_of):
    """All findings."""
    money = col("refund") + col("credit")
    again = decisions.lazy().filter(col("rank") == 0, col("place") > 0)
    again = again.filter((col("policy") != "opust") | (col("submitted") >= date(2025, 10, 22)))
    claims = ["refund", "quality_claim", "outage_claim", "appeal", "merchant_refund"]
    corrected = col("remedy").is_in(["fix", "revise"]).fill_null(False)
    nothing = cases.filter("is_accepted", ~col("gives_money"), ~corrected, col("kind").is_in(claims))
    denied = cases.filter("is_decided", "gives_money", ~col("is_accepted"))
    opust = cases.filter(policy="opust")
    refunds = opust.filter(col("kind") == "refund", "is_accepted", col("channel") != "email")
    methods = opust.filter(
        col("kind") != "merchant_refund", "is_accepted", "pays", col("refund_method") != col("payment_method")
    )
    by_check = when(col("refund_method") == "check").then(lit("review")).otherwise(lit("deviation"))
    return pl.concat(
        [
            found(
                cases.filter("gives_money", col("account_id") != col("billed_account")),
                "general.same-account",
                amount=money,
            ),
            found(again, "general.one-decision", amount=col("refund")),
            found(nothing, "general.outcome-matches-amount", "review"),
            found(denied, "general.outcome-matches-amount", amount=money),
            found(unpaid(cases, lines, as_of), "general.refund-after-payment", amount=col("excess")),
            found(cases.filter("is_out_of_order"), "general.chronology"),
            found(refunds, "opust.5.1-by-email"),
            found(methods, "opust.5.5-original-method", by_check),
            *deadlines(cases, as_of),
        ]
    )


lines, requests, decisions = load()
days = [decisions[name].max() for name in ("acknowledged", "decided", "processed", "received")]
as_of = max(day for day in [requests["submitted"].max(), *days] if day is not None)
check(join(requests, decisions), lines, decisions, as_of).collect().write_csv(FINDINGS)
