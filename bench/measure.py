"""What the benchmarks measure with: a private PostgreSQL server, processes with their cost, and medians."""
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEIR = ROOT / 'build/weir'
TICKS = os.sysconf('SC_CLK_TCK')


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


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


class Server:
    """tools/postgres-server in a temporary folder, removed at the end."""

    def __init__(self, settings):
        self.settings = settings
        self.folder = tempfile.mkdtemp(prefix='weir-bench-')
        options = [word for setting in settings for word in ('-c', setting)]
        self.url = output_of('tools/postgres-server', 'start', self.folder, *options)
        self.base = self.url.removesuffix('/postgres')
        self.port = int(re.search(r':(\d+)$', self.base)[1])
        self.pid = int(Path(self.folder, 'data/postmaster.pid').read_text().split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([ROOT / 'tools/postgres-server', 'stop', self.folder, 'immediate'], check=False)
        shutil.rmtree(self.folder)

    def psql(self, database, *statements):
        commands = [word for statement in statements for word in ('-c', statement)]
        return output_of('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', f'{self.base}/{database}', *commands)

    def cpu(self):
        """CPU seconds of all server processes so far: the postmaster, which collects those of its children that
        ended, and the children that live."""
        # A server process that ends between two looks would be missed: ended, but not yet collected.
        time.sleep(0.2)
        before = None
        while True:
            spent = {}
            for stat in Path('/proc').glob('[0-9]*/stat'):
                try:
                    fields = stat.read_text().rsplit(')', 1)[1].split()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                pid = int(stat.parent.name)
                if pid == self.pid:
                    spent[pid] = sum(map(int, fields[11:15]))
                elif int(fields[1]) == self.pid:
                    spent[pid] = sum(map(int, fields[11:13]))
            if before == spent.keys():
                return sum(spent.values()) / TICKS
            before = spent.keys()
            time.sleep(0.02)

    def wal(self):
        return int(self.psql('postgres', "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def fresh_copy(self, template):
        """A new database `work`, block for block like the template, with nothing left to write for the checkpointer."""
        self.psql('postgres', 'DROP DATABASE IF EXISTS work',
                  f'CREATE DATABASE work TEMPLATE {template} STRATEGY = FILE_COPY', 'CHECKPOINT')

    def version(self):
        return self.psql('postgres', 'SHOW server_version')


def make_users(server, database, rows, indexes=1):
    """The table that is changed: 100 bytes a row, loaded, vacuumed and frozen; the primary key is the first index."""
    server.psql('postgres', f'CREATE DATABASE {database}')
    # Without autovacuum, which would begin at another moment in every round.
    server.psql(database, '''CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL,
                               created_at timestamptz NOT NULL, locale text, score integer NOT NULL)
                             WITH (autovacuum_enabled = false)''',
                f'''INSERT INTO users SELECT i, 'user' || i || '@example.org', md5(i::text),
                           timestamptz '2020-01-01' + i * interval '1 second', NULL, i % 1000
                    FROM generate_series(1, {rows}) i''')
    for column in ('email', 'created_at')[:indexes - 1]:
        server.psql(database, f'CREATE INDEX ON users ({column})')
    server.psql(database, 'VACUUM (FREEZE, ANALYZE) users')


def make_project(folder, batch):
    data = Path(folder, 'db/data')
    data.mkdir(parents=True)
    Path(folder, 'db/migrate').mkdir()
    (data / '20260101000000_fill_locale.sql').write_text(f'''-- over: users
-- where: locale IS NULL
-- batch: {batch}
-- migrate:batch
UPDATE users SET locale = 'en' WHERE :batch
''')


def run_weir(url, batch, workers=1):
    with tempfile.TemporaryDirectory() as project:
        make_project(project, batch)
        return run_process([WEIR, 'run', 'fill_locale', '--workers', str(workers)], {'DATABASE_URL': url}, project)


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
