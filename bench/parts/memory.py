"""PostgreSQL and MariaDB: the memory of one process with eight workers over a long run of small batches: how much, and
whether it grows. What grows would grow with the batches. Read from /proc many times a second."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import ROOT, WEIR, Spread, output_of, table
from parts.part import Goal, Need
from servers import options_of
from users import make_project, must_be_filled

OWN_ROWS = 2_000_000
WORKERS, BATCH = 8, 50
INTERVAL = 0.05  # seconds between two looks

LOAD = {
    'postgres': ['CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, locale text)',
                 "INSERT INTO users SELECT i, 'user ' || i, NULL FROM generate_series(1, {rows}) i",
                 'VACUUM (ANALYZE) users'],
    'mariadb': ['CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, locale text)',
                "INSERT INTO users SELECT seq, concat('user ', seq), NULL FROM seq_1_to_{rows}",
                'ANALYZE TABLE users'],
}
SETTINGS = {'postgres': ['max_wal_size=8GB'], 'mariadb': ['innodb_flush_log_at_trx_commit=2']}


class Server:
    def __init__(self, engine):
        self.tool = ROOT / f'tools/{engine}-server'
        self.folder = tempfile.mkdtemp(prefix='weir-bench-')
        self.url = output_of(self.tool, 'start', self.folder, *options_of(SETTINGS[engine]))
        self.engine = engine

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([self.tool, 'stop', self.folder, 'immediate'], check=False)
        shutil.rmtree(self.folder)

    def sql(self, statement):
        if self.engine == 'postgres':
            return output_of('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', self.url, '-c', statement)
        port = re.search(r':(\d+)/', self.url)[1]
        return output_of('mariadb', '--no-defaults', '-h', '127.0.0.1', '-P', port, '-u', 'weir', '-NB', 'weir', '-e',
                         statement)


def look(pid):
    """Resident KiB: all, and without what comes from files (the program and its libraries)."""
    status = Path(f'/proc/{pid}/status').read_text()
    figures = dict(re.findall(r'(VmRSS|RssAnon|VmHWM):\s*(\d+) kB', status))
    return int(figures['VmRSS']), int(figures['RssAnon']), int(figures['VmHWM'])


def sample(command, url, folder):
    samples = []
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env={**os.environ, 'DATABASE_URL': url}, cwd=folder, stdout=said, stderr=said)
        begun = time.perf_counter()
        while process.poll() is None:
            try:
                samples.append((time.perf_counter() - begun, *look(process.pid)))
            except (FileNotFoundError, ProcessLookupError, KeyError):
                pass  # it has ended
            time.sleep(INTERVAL)
        if process.returncode != 0:
            said.seek(0)
            raise SystemExit(f'bench: weir failed: {said.read().decode()}')
    return samples


def growth(samples):
    """KiB a minute that the resident set grew by in the last three quarters: the slope of a straight line."""
    rest = samples[len(samples) // 4:]
    slope = statistics.linear_regression([one[0] for one in rest], [one[1] for one in rest]).slope
    return 60 * slope


def measure(engine, rows):
    with Server(engine) as server, tempfile.TemporaryDirectory() as project:
        for statement in LOAD[engine]:
            server.sql(statement.format(rows=rows))
        make_project(project, BATCH)
        print(f'  {engine}: loaded', file=sys.stderr)
        samples = sample([WEIR, 'run', 'fill_locale', '--workers', str(WORKERS)], server.url, project)
        changed = int(server.sql("SELECT count(*) FROM users WHERE locale = 'en'"))
        batches = int(server.sql('SELECT sum(batches) FROM weir_slices'))
        must_be_filled(f'weir {BATCH} x{WORKERS} on {engine}', changed, rows)
    return {'batches': batches, 'samples': samples}


def need(rows, rounds):
    rows = min(rows, OWN_ROWS)
    return Need(rows * 2000, len(LOAD) * (rows * 5e-5 + 10))


def run(rows, rounds):
    rows = min(rows, OWN_ROWS)
    return {'rows': rows, 'workers': WORKERS, 'batch': BATCH,
            'engines': {engine: measure(engine, rows) for engine in LOAD}}


def goals(measured):
    peak = lambda result: max(one[3] for one in result['samples']) / 1024
    return [Goal(f'peak memory of {measured["workers"]} workers on {engine}, MB', '<=', 30, Spread([peak(result)]), '.1f')
            for engine, result in measured['engines'].items()]


def report(measured):
    lines = []
    for engine, result in measured['engines'].items():
        samples = result['samples']
        at = lambda part: f'{samples[int(part * (len(samples) - 1))][1] / 1024:.1f}'
        lines.append([engine, f'{samples[-1][0]:.0f}', f'{result["batches"]:,}', at(0.1), at(0.25), at(0.5), at(0.75),
                      at(0.97), f'{max(one[3] for one in samples) / 1024:.1f}',
                      f'{max(one[2] for one in samples) / 1024:.1f}', f'{growth(samples):+.0f}'])
    head = ['engine', 's', 'batches', 'MB at 10 %', '25 %', '50 %', '75 %', '97 %', 'peak MB', 'of it not from files',
            'KiB/min']
    return (f'{measured["workers"]} workers, {measured["rows"]:,} rows, batch {measured["batch"]}; resident, by the share '
            'of the time\n\n' + table(head, lines))
