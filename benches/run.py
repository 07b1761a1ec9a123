#!/usr/bin/env python3
"""Measures whole audits against reading the same files, against splitting them, and against peers that do a part of
the job, alternately on the same machine. README.md beside this file says what is measured, and holds the results.
"""

import argparse
import filecmp
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import page
from measuring import Failed, measure, rounds

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FILES = ("invoices.csv", "requests.csv", "decisions.csv")
# Dense exports: every case deviates. Sparse ones: one in ten.
SPARSE, DENSE = 10, 100
AUDITED = (0, 1)  # exit statuses of an audit that was carried out

# The rules that each peer does, six by all of them.
PANDAS = (
    "general.same-account",
    "general.outcome-matches-amount",
    "opust.5.1-by-email",
    "opust.5.2-decision",
    "opust.5.5-processing",
    "vortexweb.review",
)
POLARS = PANDAS + (
    "general.one-decision",
    "general.refund-after-payment",
    "general.chronology",
    "opust.5.2-acknowledgement",
    "opust.5.5-original-method",
    "vortexweb.processing",
)
DUCKDB = POLARS + ("opust.7.3-fees-not-returned", "opust.9-billing-error-window")
PEERS = {"duckdb": DUCKDB, "polars": POLARS, "pandas": PANDAS}


class Bench:
    """The programs, the exports, and the results so far."""

    def __init__(self, args):
        self.args = args
        self.work = args.work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.program, self.commit = args.program, ""
        if not self.program:
            self.program, self.commit = built("reperform"), commit()
        self.speed = args.speed or built("speed")
        self.python = args.python or self.venv()
        self.results_file = self.work / "results.json"
        self.results = json.loads(self.results_file.read_text()) if self.results_file.exists() else {}

    def venv(self):
        """The interpreter that has the peers' packages."""
        place = self.work / "venv"
        python = place / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", place], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        return python

    def exports(self, cases, deviations=SPARSE):
        """A folder of generated exports, with its size in bytes; what lies there from an earlier run is used again."""
        folder = self.work / "exports" / f"{cases}-{deviations}"
        if not folder.exists():
            print(f"generating {cases:,} cases, {deviations} in 100 of which deviate", flush=True)
            folder.parent.mkdir(exist_ok=True)
            options = ["--cases", cases, "--seed", 1, "--deviations", deviations, "--out", folder]
            measure([self.program, "generate", *options])
        measure([self.speed, "split", folder])  # so that all of it lies in the page cache
        return folder, sum((folder / name).stat().st_size for name in FILES)

    def audit(self, folder, *options, to="report"):
        """Audits once."""
        out = self.work / to
        shutil.rmtree(out, ignore_errors=True)
        command = [self.program, "audit", folder, "--out", out, "--quiet", "--allow-rejects", "--format", "csv,jsonl", *options]
        run = measure(command, AUDITED)
        timing = json.loads((out / "run.json").read_text())["timing"]
        run.stages = {key.removesuffix("_ms"): ms / 1000 for key, ms in timing.items() if key.endswith("_ms")}
        return run

    def split(self, how, folder):
        """Splits once; the time without the start of the process is its only stage."""
        run = measure([self.speed, how, folder])
        run.stages = {"all": json.loads(run.output)["ms"] / 1000}
        return run

    def peer(self, name, folder):
        """Lets a peer do its rules once."""
        script, calendars = HERE / "peers" / f"{name}_rules.py", ROOT / "policies" / "calendars"
        return measure([self.python, script, folder, calendars, self.work / f"{name}.csv"])

    def agreement(self, name):
        """Per rule of a peer, how many findings it and the last audit have, and how many only one of them has."""
        script = HERE / "peers" / "agree.py"
        run = measure([sys.executable, script, self.work / "report", self.work / f"{name}.csv", *PEERS[name]])
        return json.loads(run.output)

    def has_option(self, option):
        """Whether an audit can be given an option."""
        return option in measure([self.program, "audit", "--help"]).output

    def keep(self, series, **values):
        """Keeps the results of a series in place of earlier ones."""
        about = {"date": date.today().isoformat(), "machine": machine(), "versions": self.versions()}
        self.results = dict(sorted((self.results | {series: about | values}).items()))
        self.results_file.write_text(json.dumps(self.results, indent=1) + "\n")
        self.results_file.with_suffix(".md").write_text(page.of(self.results))

    def publish(self):
        """Puts all results into the repository."""
        shutil.copy(self.results_file, HERE / "results.json")
        page.renew(HERE / "README.md", self.results)

    def versions(self):
        """The versions of everything that was measured."""
        code = "import importlib.metadata as m; [print(n, m.version(n)) for n in ('duckdb', 'pandas', 'polars')]"
        python = "Python " + measure([self.python, "-c", "import platform; print(platform.python_version())"]).output
        program = measure([self.program, "--version"]).output.strip()
        rust = measure(["rustc", "--version"]).output.split()[:2]
        return [
            program + self.commit,
            " ".join(rust),
            python.strip(),
            *measure([self.python, "-c", code]).output.splitlines(),
        ]


def built(target):
    """Builds the program, or the benchmarks, and says where it lies."""
    build = ["bench", "--no-run", "--bench"] if target == "speed" else ["build", "--release", "--bin"]
    command = ["cargo", *build, target, "--locked", "--message-format", "json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    artifacts = [message for message in map(json.loads, lines) if message.get("executable")]
    return next(Path(a["executable"]) for a in artifacts if a["target"]["name"] == target)


def commit():
    """The commit that is built, and whether anything differs from it."""
    describe = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    described = subprocess.run(describe, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return f" ({described})" if described else ""


def machine():
    """The machine in a line."""
    model = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def sizes(bench, cases):
    """An audit against reading, splitting and the peers."""
    folder, size = bench.exports(cases)
    contenders = {
        "audit": lambda: bench.audit(folder),
        "read": lambda: measure([bench.python, HERE / "peers" / "polars_read.py", folder]),
        "python": lambda: measure([bench.python, "-c", "import polars"]),
        "wc": lambda: measure(["wc", "-l", *(folder / name for name in FILES)]),
        **{how: lambda how=how: bench.split(how, folder) for how in ("split", "fields", "parse")},
        **{name: lambda name=name: bench.peer(name, folder) for name in PEERS},
    }
    runs = rounds(contenders, bench.args.repeats)
    agreement = {name: bench.agreement(name) for name in PEERS}
    bench.keep(f"size {cases}", cases=cases, bytes=size, runs=runs, agreement=agreement)


def threads(bench, cases):
    """One thread against two."""
    folder, size = bench.exports(cases)
    contenders = {str(n): lambda n=n: bench.audit(folder, "--threads", n) for n in (1, 2)}
    bench.keep("threads", cases=cases, bytes=size, runs=rounds(contenders, bench.args.repeats))


def explain(bench, cases):
    """One case explained against all audited. The case stands in the middle of the requests."""
    folder, size = bench.exports(cases)
    with open(folder / "requests.csv", encoding="utf-8") as file:
        case = next(line for at, line in enumerate(file) if at == cases // 2).split(",")[0]
    contenders = {
        "audit": lambda: bench.audit(folder),
        "explain": lambda: measure([bench.program, "explain", case, folder], AUDITED),
    }
    bench.keep("explain", cases=cases, bytes=size, runs=rounds(contenders, bench.args.repeats))


def dense(bench, cases):
    """About one finding a case against one in ten."""
    (few, few_bytes), (many, many_bytes) = bench.exports(cases), bench.exports(cases, DENSE)
    contenders = {"sparse": lambda: bench.audit(few), "dense": lambda: bench.audit(many)}
    runs = rounds(contenders, bench.args.repeats)
    bench.keep("dense", cases=cases, bytes={"sparse": few_bytes, "dense": many_bytes}, runs=runs)


def same(bench, cases):
    """The same bytes whatever the number of threads, and with bounded memory."""
    folder, size = bench.exports(cases)
    ways = {"1 thread": ("--threads", 1), "2 threads": ("--threads", 2), "8 threads": ("--threads", 8)}
    if bench.has_option("--memory"):
        ways["--memory 256MiB"] = ("--memory", "256MiB")
    places = {name: bench.work / "same" / name.replace(" ", "-") for name in ways}
    for name, options in ways.items():
        bench.audit(folder, *options, to=places[name])
    first, *others = places.values()
    names = sorted({path.name for place in places.values() for path in place.iterdir()} - {"run.json"})
    different = {name for place in others for name in sum(filecmp.cmpfiles(first, place, names, shallow=False)[1:], [])}
    shutil.rmtree(bench.work / "same")
    bench.keep(f"same {cases}", cases=cases, bytes=size, ways=list(ways), files=names, different=sorted(different))


def large(bench, cases, smaller):
    """Ten times as many cases, and the same with bounded memory."""
    (few, few_bytes), (many, many_bytes) = bench.exports(smaller), bench.exports(cases)
    contenders = {"smaller": lambda: bench.audit(few), "larger": lambda: bench.audit(many)}
    if bench.has_option("--memory"):
        contenders["bounded"] = lambda: bench.audit(many, "--memory", "4GiB")
    contenders["split"] = lambda: bench.split("split", many)
    runs = rounds(contenders, min(bench.args.repeats, 3))
    bench.keep("large", cases=cases, bytes={"smaller": few_bytes, "larger": many_bytes}, runs=runs)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--sizes", default="10000,100000,1000000", help="numbers of cases, separated by commas")
    add(
        "--large", action="store_true", help="ten times the largest size too: some 7 GB of exports for 10,000,000 cases"
    )
    add("--series", default="sizes,threads,explain,dense,same", help="what to measure, if anything")
    add("--repeats", type=int, default=5, help="rounds a series")
    add("--python", type=Path, help="an interpreter that has requirements.txt; else a virtual environment is made")
    add("--program", type=Path, help="a built reperform; else it is built")
    add("--speed", type=Path, help="the built benchmarks; else they are built")
    add("--work", type=Path, default=ROOT / "target" / "benches", help="where exports and reports are written")
    add("--publish", action="store_true", help="put all results so far into README.md and results.json")
    return parser.parse_args()


def main():
    args = arguments()
    bench, counts = Bench(args), [int(count) for count in args.sizes.split(",")]
    most, series = max(counts), [name for name in args.series.split(",") if name] + ["large"] * args.large
    plan = {
        "sizes": [lambda count=count: sizes(bench, count) for count in counts],
        "threads": [lambda: threads(bench, most)],
        "explain": [lambda: explain(bench, min(most, 100_000))],
        "dense": [lambda: dense(bench, most)],
        "same": [lambda count=count: same(bench, count) for count in counts[-2:]],
        "large": [lambda: large(bench, most * 10, most)],
    }
    for name in dict.fromkeys(series):
        for measured in plan[name]:
            print(f"{name}: {(measured.__defaults__ or [''])[0]}", flush=True)
            measured()
    print(page.reached(bench.results))
    if args.publish:
        bench.publish()


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"error: {failure}")
