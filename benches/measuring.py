"""Runs processes and measures them: wall time, processor time, peak memory."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field


class Failed(Exception):
    """A command that did not do what it was asked."""


@dataclass
class Run:
    """What one process took."""

    wall: float  # seconds
    cpu: float  # seconds of user and system time, over all threads
    peak: int  # bytes resident at most
    stages: dict = field(default_factory=dict)  # seconds, as the process itself reports them
    output: str = ""


def measure(command, allowed=(0,)):
    """Runs a command to its end. Its exit status must be one of those allowed."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0), errors.seek(0)
        if process.returncode not in allowed:
            said = errors.read().decode(errors="replace").strip()
            raise Failed(f"{' '.join(command)}\n  ended with status {process.returncode}\n{said}")
        unit = 1 if sys.platform == "darwin" else 1024
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, {}, output.read().decode())


def rounds(contenders, count):
    """Runs every contender once a round, each round beginning with another, and gives each one's runs in order."""
    names, runs = list(contenders), {name: [] for name in contenders}
    for at in range(count):
        turn = at % len(names)
        for name in names[turn:] + names[:turn]:
            run = contenders[name]()
            print(f"  round {at + 1}/{count}  {name:<12} {run.wall:8.3f} s  {run.peak / 2**20:7.0f} MiB", flush=True)
            runs[name].append({key: value for key, value in asdict(run).items() if key != "output"})
    return runs


def median(values):
    """The middle one."""
    return statistics.median(values)


def ratio(over, under):
    """The median, lowest and highest of the ratios of two series of the same rounds."""
    ratios = [a / b for a, b in zip(over, under, strict=True)]
    return median(ratios), min(ratios), max(ratios)
