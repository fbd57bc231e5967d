"""What the benchmarks measure with: processes with their cost, rounds, and medians."""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEIR = ROOT / 'build/weir'
TICKS = os.sysconf('SC_CLK_TCK')


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise SystemExit(f'bench: {command[0]} failed: {done.stderr.strip()}')
    return done.stdout.strip()


class Spread:
    """Median, least and greatest of a figure over the rounds."""

    def __init__(self, values):
        self.values = list(values)
        self.median = statistics.median(self.values)
        self.low, self.high = min(self.values), max(self.values)

    def text(self, form):
        return f'{self.median:{form}} ({self.low:{form}}–{self.high:{form}})'


def run_process(command, env=None, cwd=None):
    """Wall and CPU seconds and peak memory of one process. Peak memory is VmHWM, read until it ends: the maximum that
    wait4() tells begins with that of this interpreter."""
    peak = 0
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **(env or {})}, cwd=cwd, stdout=said, stderr=said)
        while True:
            try:
                status = Path(f'/proc/{process.pid}/status').read_text()
                peak = max([peak, *(int(kib) for kib in re.findall(r'VmHWM:\s*(\d+)', status))])
            except (FileNotFoundError, ProcessLookupError):
                pass
            pid, code, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.005)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(code)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f'bench: {command[0]} failed: {said.read().decode()}')
    return {'seconds': wall, 'client_cpu': usage.ru_utime + usage.ru_stime, 'peak_kib': peak}


def ratio(base, results, key='seconds'):
    """How often `results` goes into `base`, round by round: above 1 is better than the base."""
    return Spread(b[key] / r[key] for b, r in zip(base, results))


def interleaved(names, rounds, measure):
    """{name: [what measure(name) returned in each round]}. Another one begins each round, so that none always comes after
    the same neighbour."""
    results = {name: [] for name in names}
    for number in range(rounds):
        at = number % len(names)
        for name in names[at:] + names[:at]:
            results[name].append(measure(name))
            print(f'  round {number + 1}: {name}: {results[name][-1]["seconds"]:.2f} s', file=sys.stderr, flush=True)
    return results


def environment():
    changed = ' + uncommitted changes' if output_of('git', 'status', '--porcelain', 'src') else ''
    model = re.search(r'model name\s*: (.*)', Path('/proc/cpuinfo').read_text())
    return {'commit': output_of('git', 'rev-parse', '--short', 'HEAD') + changed,
            'cores': os.cpu_count(), 'cpu': model[1] if model else 'unknown', 'load': os.getloadavg()[0]}


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    line = lambda row: '| ' + ' | '.join(str(cell).ljust(width) for cell, width in zip(row, widths)) + ' |'
    return '\n'.join([line(head), '|' + '|'.join('-' * (width + 2) for width in widths) + '|', *map(line, rows)])


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=2, ensure_ascii=False) + '\n')
