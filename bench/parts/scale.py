"""PostgreSQL: the cost of a row in a table of 5 million narrow rows and in one ten times as large, two workers. The small
one is measured before and after the large one, which shows what the machine's speed did meanwhile. And the planning: from
the start of the process until its slices can be claimed, as the server's clock stamps them."""
import time

from measure import Spread, table
from parts.part import Goal, Need
from servers import STEADY, Server
from users import must_be_filled, planned_at, run_weir, stamp_planning

BATCH = 10_000
WORKERS = 2
TIMES = 10
# Neither table fits, so that what is written out in passing is the same for both.
SETTINGS = ['shared_buffers=256MB', 'max_wal_size=40GB', 'min_wal_size=16GB', 'checkpoint_timeout=1h']


def need(rows, rounds):
    most = rows * TIMES
    return Need(most * 150 + log_megabytes(rows) * 1_500_000, (most + 2 * rows) * (6e-6 + 4e-6))


def log_megabytes(rows):
    return min(15_000, rows * TIMES * 300 // 1_000_000 + 1)


def make_narrow(server, rows):
    server.psql('postgres', 'DROP DATABASE IF EXISTS work', 'CREATE DATABASE work')
    server.psql('work', 'CREATE TABLE users (id bigint NOT NULL, n integer NOT NULL, locale text) '
                        'WITH (autovacuum_enabled = false)',
                f'INSERT INTO users SELECT i, i % 1000, NULL FROM generate_series(1, {rows}) i',
                'ALTER TABLE users ADD PRIMARY KEY (id)', 'VACUUM (FREEZE, ANALYZE) users', 'CHECKPOINT')


def contest(server, rows):
    make_narrow(server, rows)
    stamp_planning(server)
    started = time.time()
    result = server.measured(lambda: run_weir(f'{server.base}/work', BATCH, WORKERS))
    must_be_filled(f'{rows} rows', server.psql('work', "SELECT count(*) FROM users WHERE locale = 'en'"), rows)
    result.update(rows=rows, planning=planned_at(server) - started,
                  slices=int(server.psql('work', 'SELECT count(*) - 1 FROM weir_slices')))
    return result


def run(rows, rounds):
    with Server(SETTINGS) as server:
        server.fill_wal(log_megabytes(rows))
        small, large = [contest(server, rows)], contest(server, rows * TIMES)
        small.append(contest(server, rows))
        return {'settings': SETTINGS, 'small': small, 'large': large}


def goals(measured):
    of = lambda result, key: result[key] / result['rows']
    more = lambda key: Spread(100 * (of(measured['large'], key) / of(small, key) - 1) for small in measured['small'])
    times = f'{TIMES} times the rows'
    return [Goal(f'{times}, % more time a row', '<=', 10, more('seconds'), '.1f'),
            Goal(f'{times}, % more CPU of the server a row', '<=', 10, more('server_cpu'), '.1f'),
            Goal('planning, the slowest of the three, s', '<=', 2,
                 Spread([max(result['planning'] for result in (*measured['small'], measured['large']))]))]


def report(measured):
    first, second = measured['small']
    lines = [[f'{r["rows"]:,}', f'{r["seconds"]:.1f}', f'{r["seconds"] / r["rows"] * 1e6:.2f}',
              f'{r["server_cpu"] / r["rows"] * 1e6:.2f}', f'{r["planning"]:.2f}', r['slices'],
              f'{r["peak_kib"] / 1024:.1f}', f'{r["wal"] / 1e6:,.0f}'] for r in (first, measured['large'], second)]
    head = ['rows', 'seconds', 'µs/row', 'server CPU µs/row', 'planning s', 'slices', 'peak MB', 'WAL MB']
    return (f'Narrow rows (id bigint, n integer, the new column), 1 index, {WORKERS} workers, batches of {BATCH}, in this '
            f'order\n{", ".join(measured["settings"])}\n\n{table(head, lines)}')
