"""PostgreSQL: `weir run` with one and two workers beside one plain UPDATE of the whole table and beside the loops people
write by hand."""
from measure import ROOT, Spread, interleaved, ratio, run_process, table
from parts.part import Goal, Need
from servers import STEADY, Server
from users import FILL, make_users, must_be_filled, run_weir

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
    return run_process(['psql', '-Xq', f'{server.base}/work', '-c', FILL])


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


def id_loop(url, batch):
    return run_process([ROOT / 'build/bench/id_loop', url, str(batch)])


def weir(batch, workers=1):
    return lambda server: run_weir(f'{server.base}/work', batch, workers)


CONTESTANTS = {
    'plain UPDATE': plain,
    'weir 1000': weir(1000),
    'weir 10000': weir(10000),
    'weir 1000 x2': weir(1000, 2),
    'weir 10000 x2': weir(10000, 2),
    'ids 1000': lambda server: id_loop(f'{server.base}/work', 1000),
    'PL/pgSQL 1000': procedure(1000),
    'PL/pgSQL 10000': procedure(10000),
    'PL/pgSQL 1000 async': procedure(1000, 'off'),
    'naive 10000': naive(10000),
}
DEFAULT = ['plain UPDATE', 'weir 1000', 'weir 10000', 'weir 1000 x2', 'weir 10000 x2', 'ids 1000']

GOALS = [('1 worker, batch 1000, to the single UPDATE', 'plain UPDATE', 'weir 1000', 1.0),
         ('1 worker, batch 10 000, to the single UPDATE', 'plain UPDATE', 'weir 10000', 1.0),
         ('2 workers, batch 10 000, to the single UPDATE', 'plain UPDATE', 'weir 10000 x2', 1.6),
         ('2 workers, batch 1000, to the single UPDATE', 'plain UPDATE', 'weir 1000 x2', 1.4),
         ('2 workers, batch 1000, to the loop by ids', 'ids 1000', 'weir 1000 x2', 2.5)]


def need(rows, rounds, contestants=None, indexes=3):
    # The template, and the copy with two versions of each row; the log of the load, and what fill_wal() adds.
    data = rows * (120 + 45 * indexes) * 3
    names = contestants or DEFAULT
    return Need(data + rows * 600 + log_megabytes(rows, indexes) * 1_000_000,
                rounds * len(names) * rows * (6e-6 + 3e-6 * indexes) + rows * 1e-5)


def log_megabytes(rows, indexes):
    return min(14_000, rows * (350 + 150 * indexes) // 1_000_000 + 1)


def run(rows, rounds, contestants=None, indexes=3):
    def contest(name):
        server.fresh_copy('loaded')
        result = server.measured(lambda: CONTESTANTS[name](server))
        must_be_filled(name, server.psql('work', "SELECT count(*) FROM users WHERE locale = 'en'"), rows)
        return result

    with Server(STEADY) as server:
        make_users(server, 'loaded', rows, indexes)
        server.fill_wal(log_megabytes(rows, indexes))
        return {'rows': rows, 'rounds': rounds, 'indexes': indexes, 'settings': STEADY,
                'postgresql': server.version(), 'contestants': interleaved(contestants or DEFAULT, rounds, contest)}


def goals(measured):
    results = measured['contestants']
    return [Goal(text, '>=', least, ratio(results[base], results[name]))
            for text, base, name, least in GOALS if base in results and name in results]


def report(measured):
    results = measured['contestants']
    base = results.get('plain UPDATE')
    lines = []
    for name, rounds in results.items():
        of = lambda figure: Spread(figure(result) for result in rounds)
        against = lambda key: ratio(base, rounds, key).text('.3f') if base else ''
        lines.append([name, against('seconds'), against('server_cpu'),
                      f'{of(lambda r: measured["rows"] / r["seconds"]).median:,.0f}',
                      of(lambda r: r['seconds']).text('.1f'),
                      of(lambda r: r['server_cpu']).text('.1f'),
                      f'{of(lambda r: 100 * r["client_cpu"] / r["server_cpu"]).median:.1f} %',
                      f'{of(lambda r: r["peak_kib"]).high / 1024:.1f}',
                      f'{of(lambda r: r["wal"]).median / 1e6:,.0f}'])
    head = ['contestant', 'speed / plain', 'plain CPU / CPU', 'rows/s', 'seconds', 'server CPU s',
            'client / server CPU', 'peak MB', 'WAL MB']
    return (f'{measured["rows"]:,} rows, {measured["indexes"]} indexes, {measured["rounds"]} rounds: median '
            f'(least–greatest)\nPostgreSQL {measured["postgresql"]}, {", ".join(measured["settings"])}; autovacuum off '
            f'for the table; all else default\n\n{table(head, lines)}')
