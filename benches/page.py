"""The results as tables in Markdown, as ratios."""

from measuring import median, ratio

BEGIN, END = "<!-- results: written by run.py -->\n", "<!-- end of results -->\n"
NOT_MEASURED = "not measured"
GIB = 2**30

PEERS = {
    "duckdb": "DuckDB: load, join, 14 of the rules",
    "polars": "polars: load, join, 12 of the rules",
    "pandas": "pandas: load, join, 6 of the rules",
}
READING = {"read": "polars reading the three files, all columns as text"}
OTHERS = {
    **READING,
    "wc": "`wc -l`",
    "split": "splitting into records, on all cores",
    "fields": "splitting into records and fields, on all cores",
    "parse": "the `csv` crate's records, on all cores",
    **PEERS,
    "python": "starting Python and importing polars (contained in the above)",
}


def renew(path, results):
    """Puts the results of all series between the marks of a page."""
    before, rest = path.read_text().split(BEGIN)
    path.write_text(before + BEGIN + "\n" + of(results) + "\n" + END + rest.split(END)[1])


def of(results):
    """The results of all series."""
    sized = by_cases(results, "size ")
    parts = [by_size(sized), by_itself(sized), agreement(sized[-1])] if sized else []
    return "\n".join([reached(results), *parts, conditions(results)])


def by_cases(results, prefix):
    """The series whose names begin so, the smallest first."""
    return sorted((series for name, series in results.items() if name.startswith(prefix)), key=lambda s: s["cases"])


def table(header, rows):
    """A table; all columns but the first are aligned to the right."""
    lines = ["| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def column(series, name, what="wall"):
    """A measurement of one contender, run by run."""
    return [run[what] for run in series["runs"][name]]


def stage(series, name, *prefixes):
    """The time of one contender in the stages that begin so, run by run."""
    runs = series["runs"][name]
    return [sum(time for key, time in run["stages"].items() if key.startswith(prefixes)) for run in runs]


def versus(series, over, under, what="wall"):
    """One contender against another; nothing if the series was not measured or has no such contender."""
    if not series or over not in series["runs"]:
        return None
    return ratio(column(series, over, what), column(series, under, what))


def peak(series, name, unit):
    """Peak memory in a unit; nothing if that was not measured."""
    if not series or name not in series["runs"]:
        return None
    peaks = [peak / unit for peak in column(series, name, "peak")]
    return median(peaks), min(peaks), max(peaks)


def number(value):
    """Three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(values):
    """A median and its range."""
    middle, low, high = values
    return f"{number(middle)} ({number(low)}–{number(high)})"


def line(measure, bound, values, least=False):
    """A line of the first table. The bound is the most, or the least, that is allowed."""
    bounded = f"{'≥' if least else '≤'} {bound:g}"
    if values is None:
        return [measure, bounded, NOT_MEASURED, ""]
    met = values[0] >= bound if least else values[0] <= bound
    return [measure, bounded, spread(values), "yes" if met else "**no**"]


def reached(results):
    """The measures that the project set itself, and what else there is to know."""
    sized = next(reversed(by_cases(results, "size ")), None)
    threads, explain, large = results.get("threads"), results.get("explain"), results.get("large")
    most = sized["cases"] if sized else 1_000_000
    ten_times = large["cases"] if large else 10 * most
    explained = explain["cases"] if explain else 100_000
    reading = sized and ratio(stage(sized, "audit", "read", "join"), stage(sized, "split", "all"))
    judging = threads and ratio(stage(threads, "1", "judg"), stage(threads, "2", "judg"))
    input_of = "peak memory, against the input's size"
    rows = [
        line(f"whole audit of {most:,} cases, against {READING['read']}", 1, versus(sized, "audit", "read")),
        line("the same, against DuckDB with 14 of the rules", 0.4, versus(sized, "audit", "duckdb")),
        line("the same, against pandas with 6 of the rules", 0.15, versus(sized, "audit", "pandas")),
        line("reading and joining alone, against splitting the same bytes into records, on all cores", 5, reading),
        line(f"{ten_times:,} cases, against a tenth of them", 10.5, versus(large, "larger", "smaller")),
        line(f"{input_of}, {most:,} cases", 1, sized and peak(sized, "audit", sized["bytes"])),
        line(f"{input_of}, {ten_times:,} cases", 1, large and peak(large, "larger", large["bytes"]["larger"])),
        line(f"peak memory in GiB, {ten_times:,} cases with `--memory 4GiB`", 4, peak(large, "bounded", GIB)),
        line("two threads, times as fast as one: judging", 1.8, judging, least=True),
        line("two threads, times as fast as one: overall", 1.6, versus(threads, "1", "2"), least=True),
        line(f"`explain` of a case in {explained:,}, against the audit", 0.5, versus(explain, "explain", "audit")),
    ]
    header = ["measure", "bound", "measured", "met"]
    return "### What was to be reached\n\n" + table(header, rows + further(results))


def further(results):
    """Lines without a bound, and whether the bytes are the same."""
    rows, dense, large = [], results.get("dense"), results.get("large")
    if dense:
        costs = spread(versus(dense, "dense", "sparse"))
        rows.append([f"{dense['cases']:,} cases with one finding each, against one in ten cases", "", costs, ""])
    if costs := versus(large, "bounded", "larger"):
        rows.append([f"{large['cases']:,} cases with `--memory 4GiB`, against without", "", spread(costs), ""])
    for series in by_cases(results, "same "):
        same = ", ".join(series["different"]) or f"{len(series['files'])} files, each the same"
        ways = f"{series['cases']:,} cases audited with {', '.join(series['ways'])}"
        rows.append([ways, "same bytes", same, "**no**" if series["different"] else "yes"])
    return rows


def by_size(sized):
    """An audit against everything else."""

    def against(names, what):
        rows = [[label, *(spread(versus(s, "audit", name, what)) for s in sized)] for name, label in names.items()]
        kind = "wall" if what == "wall" else "processor"
        return table([f"{kind} time of a whole audit, against", *(f"{s['cases']:,} cases" for s in sized)], rows)

    return "### Against others\n\n" + against(OTHERS, "wall") + "\n" + against(READING | PEERS, "cpu")


def by_itself(sized):
    """What an audit takes."""

    def each(measure):
        return [measure(s) for s in sized]

    def share(name):
        return each(lambda s: spread(ratio(stage(s, "audit", name), column(s, "audit"))))

    def memory(name):
        return each(lambda s: number(median(column(s, name, "peak")) / median(column(s, "audit", "peak"))))

    stages = sized[-1]["runs"]["audit"][0]["stages"]
    rows = [
        ["input, MB", *each(lambda s: f"{s['bytes'] / 1e6:,.0f}")],
        ["wall time, s", *each(lambda s: number(median(column(s, "audit"))))],
        ["input by wall time, MB/s", *each(lambda s: number(s["bytes"] / 1e6 / median(column(s, "audit"))))],
        [
            "processor time, against wall time",
            *each(lambda s: spread(ratio(column(s, "audit", "cpu"), column(s, "audit")))),
        ],
        *([f"{name}, against wall time", *share(name)] for name in stages),
        ["peak memory, against the input's size", *each(lambda s: spread(peak(s, "audit", s["bytes"])))],
        *([f"peak memory of {name}, against the audit's", *memory(name)] for name in PEERS),
        ["peak memory of polars reading, against the audit's", *memory("read")],
    ]
    return "### An audit by itself\n\n" + table(["", *each(lambda s: f"{s['cases']:,} cases")], rows)


def agreement(series):
    """How many findings each peer has, rule by rule."""
    peers = series["agreement"]
    ours = {rule: found["ours"] for rules in peers.values() for rule, found in rules.items()}

    def cell(found):
        if found is None:
            return ""
        return f"{found['theirs']:,}" + (f" (**{found['different']:,} different**)" if found["different"] else "")

    rows = [[f"`{rule}`", f"{ours[rule]:,}", *(cell(peers[peer].get(rule)) for peer in PEERS)] for rule in sorted(ours)]
    different = sum(found["different"] for rules in peers.values() for found in rules.values())
    says = "**They do not agree.**" if different else "Verdict, case, decision, days and amount agree in every one."
    head = f"### The same findings\n\nFindings at {series['cases']:,} cases, rule by rule. {says}\n\n"
    return head + table(["rule", "reperform", *PEERS], rows)


def conditions(results):
    """Where, when and with what each series was measured."""
    same = {}
    for name, series in results.items():
        rounds = f" ({len(next(iter(series['runs'].values())))} rounds)" if "runs" in series else ""
        where = f"{series['date']}, {series['machine']}. {'; '.join(series['versions'])}."
        same.setdefault(where, []).append(name + rounds)
    rows = [f"- {where} Series: {', '.join(names)}." for where, names in same.items()]
    return "### Where, when and with what\n\n" + "\n".join(rows) + "\n"
