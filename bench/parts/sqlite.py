"""SQLite: `weir run` beside one plain UPDATE by the sqlite3 shell, on copies of the same file in WAL mode, with
synchronous = NORMAL, which weir's worker sets there, for both."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from measure import Spread, interleaved, output_of, ratio, run_process, table
from parts.part import Goal, Need
from users import FILL, must_be_filled, run_weir

OWN_ROWS = 5_000_000
CONTESTANTS = {
    'plain UPDATE': lambda file: run_process(['sqlite3', '-batch', file, 'PRAGMA synchronous = NORMAL', FILL]),
    'weir 1000': lambda file: run_weir(f'sqlite:{file}', 1000),
    'weir 10000': lambda file: run_weir(f'sqlite:{file}', 10_000),
}


def is_possible():
    return shutil.which('sqlite3')


def need(rows, rounds):
    rows = min(rows, OWN_ROWS)
    return Need(rows * 400, rounds * len(CONTESTANTS) * rows * 2.5e-6 + rows * 5e-6)


def make_file(path, rows):
    subprocess.run(['sqlite3', '-batch', path], check=True, text=True, capture_output=True, input=f'''
        PRAGMA journal_mode = WAL;
        CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL,
                            locale TEXT, score INTEGER NOT NULL);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
          INSERT INTO users SELECT i, 'user' || i || '@example.org', hex(randomblob(16)),
                                   datetime('2020-01-01', i || ' seconds'), NULL, i % 1000 FROM n;
        ANALYZE;
        PRAGMA wal_checkpoint(TRUNCATE);''')


def run(rows, rounds):
    rows = min(rows, OWN_ROWS)
    with tempfile.TemporaryDirectory(prefix='weir-bench-') as folder:
        template, work = f'{folder}/loaded.db', f'{folder}/work.db'
        make_file(template, rows)

        def contest(name):
            for file in Path(folder).glob('work.db*'):
                file.unlink()
            shutil.copyfile(template, work)
            os.sync()
            result = CONTESTANTS[name](work)
            must_be_filled(name, output_of('sqlite3', work, "SELECT count(*) FROM users WHERE locale = 'en'"), rows)
            return result

        return {'rows': rows, 'rounds': rounds, 'sqlite': output_of('sqlite3', '--version').split()[0],
                'contestants': interleaved(list(CONTESTANTS), rounds, contest)}


def goals(measured):
    results = measured['contestants']
    return [Goal(f'SQLite, batch {batch}, to the single UPDATE', '>=', 0.9,
                 ratio(results['plain UPDATE'], results[f'weir {batch}'])) for batch in (1000, 10000)]


def report(measured):
    results = measured['contestants']
    lines = []
    for name, rounds in results.items():
        of = lambda key: Spread(result[key] for result in rounds)
        lines.append([name, ratio(results['plain UPDATE'], rounds).text('.3f'),
                      ratio(results['plain UPDATE'], rounds, 'client_cpu').text('.3f'), of('seconds').text('.2f'),
                      of('client_cpu').text('.2f'), f'{of("peak_kib").high / 1024:.1f}'])
    return (f'{measured["rows"]:,} rows, 1 index, {measured["rounds"]} rounds: median (least–greatest)\n'
            f'SQLite {measured["sqlite"]}, WAL, synchronous = NORMAL\n\n'
            + table(['contestant', 'speed / plain', 'plain CPU / CPU', 'seconds', 'CPU s', 'peak MB'], lines))
