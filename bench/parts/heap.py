"""PostgreSQL: `order: heap` beside `order: key` on a table with random UUIDs as its primary key that is larger than
memory: than shared_buffers, and, where root may limit that, than what the server's processes and the system's copy of
their files may have together. That copy is dropped before each contestant, where it may be."""
import os

from measure import Spread, interleaved, ratio, table
from memory_limit import memory_limit
from parts.part import Goal, Need
from servers import STEADY, Server
from users import must_be_filled, run_weir

BATCH = 1000
OWN_ROUNDS = 2
SHARED_BUFFERS = 128_000_000
SETTINGS = ['shared_buffers=128MB', *STEADY[1:]]
PART_IN_MEMORY = 0.25  # of the table with its index, beside shared_buffers


def own_rounds(rounds):
    return min(rounds, OWN_ROUNDS)


def need(rows, rounds):
    return Need(rows * 310 * 3 + log_megabytes(rows) * 1_500_000, own_rounds(rounds) * rows * 6e-5 + rows * 2e-5)


def log_megabytes(rows):
    return min(14_000, rows * 1100 // 1_000_000 + 1)


def make_uuid_users(server, database, rows):
    server.psql('postgres', f'CREATE DATABASE {database}')
    server.psql(database, '''CREATE TABLE users (id uuid PRIMARY KEY, email text NOT NULL, about text NOT NULL, locale text,
                                                 score integer NOT NULL) WITH (autovacuum_enabled = false)''',
                f'''INSERT INTO users SELECT gen_random_uuid(), 'user' || i || '@example.org', repeat(md5(i::text), 5),
                           NULL, i % 1000 FROM generate_series(1, {rows}) i''',
                'VACUUM (FREEZE, ANALYZE) users')


def forget_files():
    """False where only the root of the machine may do it."""
    os.sync()
    try:
        with open('/proc/sys/vm/drop_caches', 'w', encoding='ascii') as file:
            file.write('3\n')
    except OSError:
        return False
    return True


def run(rows, rounds):
    forgot, limited = [], []

    def contest(order):
        server.fresh_copy('loaded')
        forgot.append(forget_files())
        with memory_limit(server, SHARED_BUFFERS + int(size * PART_IN_MEMORY)) as in_force:
            limited.append(in_force)
            result = server.measured(lambda: run_weir(f'{server.base}/work', BATCH, 1, order))
        must_be_filled(f'order: {order}', server.psql('work', "SELECT count(*) FROM users WHERE locale = 'en'"), rows)
        return result

    with Server(SETTINGS) as server:
        make_uuid_users(server, 'loaded', rows)
        size = int(server.psql('loaded', "SELECT pg_total_relation_size('users')"))
        server.fill_wal(log_megabytes(rows))
        results = interleaved(['key', 'heap'], own_rounds(rounds), contest)
        return {'rows': rows, 'rounds': own_rounds(rounds), 'settings': SETTINGS, 'table_bytes': size,
                'files_forgotten': all(forgot), 'memory_limited': all(limited), 'memory_bytes': os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'),
                'contestants': results}


def goals(measured):
    results = measured['contestants']
    return [Goal('`order: heap` to `order: key`, random UUIDs', '>=', 2.0, ratio(results['key'], results['heap']))]


def report(measured):
    lines = []
    for order, rounds in measured['contestants'].items():
        of = lambda key: Spread(result[key] for result in rounds)
        lines.append([f'order: {order}', of('seconds').text('.1f'),
                      f'{of("seconds").median / measured["rows"] * 1e6:.1f}', of('server_cpu').text('.1f'),
                      f'{of("wal").median / 1e6:,.0f}'])
    cached = ('the files were dropped from the page cache before each' if measured['files_forgotten']
              else 'the files were in the page cache of the system')
    if measured['memory_limited']:
        limit = SHARED_BUFFERS + measured['table_bytes'] * PART_IN_MEMORY
        cached += f', and the server had {limit / 1e6:,.0f} MB of memory with the page cache'
    return (f'{measured["rows"]:,} rows, {measured["table_bytes"] / 1e6:,.0f} MB with its index, '
            f'{measured["settings"][0]}, {measured["memory_bytes"] / 1e9:.0f} GB of memory; {cached}; batches of {BATCH}, '
            f'one worker, {measured["rounds"]} rounds\n\n'
            + table(['contestant', 'seconds', 'µs/row', 'server CPU s', 'WAL MB'], lines))
