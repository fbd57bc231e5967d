"""`weir run` against one plain UPDATE of the whole table and against the loops people write by hand."""
import sys

from measure import Server, Spread, make_users, run_process, run_weir, table

# Raised for all contestants alike, so that no checkpoint falls into one of them by chance.
SETTINGS = ['shared_buffers=2GB', 'max_wal_size=16GB', 'checkpoint_timeout=1h']

UPDATE = "UPDATE users SET locale = 'en' WHERE locale IS NULL"

# A loop as good as one writes it by hand: by key range, with a commit after each batch.
PROCEDURE = '''
CREATE PROCEDURE fill(batch integer) LANGUAGE plpgsql AS $$
DECLARE
  low bigint := 0;
  high bigint;
  last bigint := (SELECT max(id) FROM users);
BEGIN
  WHILE low < last LOOP
    SELECT id INTO high FROM users WHERE id > low ORDER BY id LIMIT 1 OFFSET batch - 1;
    high := coalesce(high, last);
    UPDATE users SET locale = 'en' WHERE id > low AND id <= high AND locale IS NULL;
    COMMIT;
    low := high;
  END LOOP;
END $$'''


def plain(server):
    return run_process(['psql', '-Xq', f'{server.base}/work', '-c', UPDATE])


def procedure(batch, commit='on'):
    def run(server):
        server.psql('work', PROCEDURE)
        return run_process(['psql', '-Xq', f'{server.base}/work', '-c', f'SET synchronous_commit = {commit}', '-c',
                            f'CALL fill({batch})'])
    return run


def naive(batch):
    """One UPDATE ... WHERE id IN (SELECT ... LIMIT n) after another, until none changes a row."""
    script = f'''set -e
while [ "$(psql -XAt "$0" -c "WITH changed AS (UPDATE users SET locale = 'en' WHERE id IN
  (SELECT id FROM users WHERE locale IS NULL LIMIT {batch}) RETURNING 1) SELECT count(*) FROM changed")" != 0 ]
do :; done'''
    return lambda server: run_process(['bash', '-c', script, f'{server.base}/work'])


# As an ORM does it, without its round trips: read the next ids, then update by the list of them.
IDS = '''
CREATE PROCEDURE fill_ids(batch integer) LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  last bigint := 0;
BEGIN
  LOOP
    SELECT array_agg(id ORDER BY id) INTO ids
      FROM (SELECT id FROM users WHERE id > last AND locale IS NULL ORDER BY id LIMIT batch) next;
    EXIT WHEN ids IS NULL;
    UPDATE users SET locale = 'en' WHERE id = ANY (ids);
    COMMIT;
    last := ids[cardinality(ids)];
  END LOOP;
END $$'''


def by_ids(batch):
    def run(server):
        server.psql('work', IDS)
        return run_process(['psql', '-Xq', f'{server.base}/work', '-c', f'CALL fill_ids({batch})'])
    return run


def weir(batch, workers=1):
    return lambda server: run_weir(f'{server.base}/work', batch, workers)


CONTESTANTS = {
    'plain UPDATE': plain,
    'weir 10000': weir(10000),
    'PL/pgSQL 10000': procedure(10000),
    'weir 1000': weir(1000),
    'PL/pgSQL 1000': procedure(1000),
    'PL/pgSQL 1000 async': procedure(1000, 'off'),
    'naive 10000': naive(10000),
    'ids 1000': by_ids(1000),
    'weir 1000 x2': weir(1000, 2),
    'weir 10000 x2': weir(10000, 2),
    'weir 1000 x8': weir(1000, 8),
}
DEFAULT = ['plain UPDATE', 'weir 10000', 'PL/pgSQL 10000', 'weir 1000', 'PL/pgSQL 1000']


def measure(server, contestant, rows):
    server.fresh_copy('loaded')
    cpu, wal = server.cpu(), server.wal()
    result = CONTESTANTS[contestant](server)
    result.update(server_cpu=server.cpu() - cpu, wal=server.wal() - wal, rows_per_second=rows / result['seconds'])
    changed = int(server.psql('work', "SELECT count(*) FROM users WHERE locale = 'en'"))
    if changed != rows:
        raise SystemExit(f'bench: {contestant} changed {changed} of {rows} rows')
    return result


def run(rows, rounds, contestants=None, indexes=1):
    names = contestants or DEFAULT
    results = {name: [] for name in names}
    with Server(SETTINGS) as server:
        make_users(server, 'loaded', rows, indexes)
        for number in range(rounds):
            # Another one begins each round, so that none always comes after the same neighbour.
            at = number % len(names)
            for name in names[at:] + names[:at]:
                results[name].append(measure(server, name, rows))
                print(f'  round {number + 1}: {name}: {results[name][-1]["seconds"]:.1f} s', file=sys.stderr)
        return {'rows': rows, 'rounds': rounds, 'indexes': indexes, 'settings': SETTINGS, 'postgresql': server.version(),
                'contestants': results}


def report(measured):
    results = measured['contestants']
    base = results.get('plain UPDATE')
    lines = []
    for name, rounds in results.items():
        of = lambda figure: Spread(figure(result) for result in rounds)
        against = lambda key: Spread(b[key] / r[key] for b, r in zip(base, rounds)).text('.3f') if base else ''
        lines.append([name, against('seconds'), against('server_cpu'),
                      f'{of(lambda r: r["rows_per_second"]).median:,.0f}',
                      of(lambda r: r['server_cpu']).text('.1f'),
                      f'{of(lambda r: 100 * r["client_cpu"] / r["server_cpu"]).median:.1f} %',
                      f'{of(lambda r: r["peak_kib"]).high / 1024:.1f}',
                      f'{of(lambda r: r["wal"]).median / 1e6:,.0f}'])
    head = ['contestant', 'speed / plain', 'plain CPU / CPU', 'rows/s', 'server CPU s', 'client / server CPU',
            'peak MB', 'WAL MB']
    return (f'Backfill of {measured["rows"]:,} rows, {measured["indexes"]} indexes, {measured["rounds"]} rounds: median (least–greatest)\n'
            f'PostgreSQL {measured["postgresql"]}, {", ".join(measured["settings"])}; '
            'autovacuum off for the table; all else default\n\n' + table(head, lines))
