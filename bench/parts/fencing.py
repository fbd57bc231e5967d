"""PostgreSQL: what checkpoint and fencing cost: `weir run` beside the same batches without them, which pgbench sends: the
same ranges, the same transactions, each in one pipeline and committed asynchronously, the change in the same kind of
function, and the count of the residual at the end. weir's look-ahead and its pulse are its own cost, too. *Batches* are
the time of pgbench, and of weir that from its slices to the end of the last one; the rest counts the whole process."""
from measure import Spread, interleaved, run_process, table
from parts.part import Goal, Need
from servers import STEADY, Server
from users import batches_seconds, make_users, must_be_filled, run_weir, stamp_planning

BATCH = 1000
OWN_ROWS = 2_000_000
OWN_ROUNDS = 5

# The function that weir makes, without the checkpoint. weir's is temporary, which changes nothing in its execution.
FUNCTION = '''
CREATE FUNCTION change(lo bigint, hi bigint) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE changed bigint;
BEGIN
UPDATE users SET locale = 'en' WHERE ((id > $1 AND id <= $2) AND (locale IS NULL));
GET DIAGNOSTICS changed = ROW_COUNT;
RETURN changed;
END $$'''
SCRIPT = f'''\\startpipeline
BEGIN;
SELECT change(:lo, :lo + {BATCH});
COMMIT;
\\endpipeline
\\set lo :lo + {BATCH}
'''
# As weir's workers have it.
SESSION = {'PGOPTIONS': '-c synchronous_commit=off -c plan_cache_mode=force_generic_plan'}


def own(rows, rounds):
    return min(rows, OWN_ROWS) // BATCH * BATCH, OWN_ROUNDS if rounds > 1 else 1


def need(rows, rounds):
    rows, rounds = own(rows, rounds)
    return Need(rows * 700 + rows * 750, rounds * 2 * rows * 9e-6 + rows * 1e-5)


def bare(server, rows):
    server.psql('work', FUNCTION)
    script = f'{server.folder}/change.sql'
    with open(script, 'w', encoding='ascii') as file:
        file.write(SCRIPT)
    result = run_process(['pgbench', '-n', '-M', 'prepared', '-D', 'lo=0', '-t', str(rows // BATCH), '-f', script,
                          f'{server.base}/work'], SESSION)
    residual = run_process(['psql', '-Xq', f'{server.base}/work', '-c', 'SELECT count(*) FROM users WHERE locale IS NULL'])
    return {'batches': result['seconds'], **{key: result[key] + residual[key] for key in ('seconds', 'client_cpu')}}


def weir(server):
    result = run_weir(f'{server.base}/work', BATCH)
    return {**result, 'batches': batches_seconds(server)}


def run(rows, rounds):
    rows, rounds = own(rows, rounds)

    def contest(name):
        server.fresh_copy('loaded')
        stamp_planning(server)
        result = server.measured({'bare': lambda: bare(server, rows), 'weir': lambda: weir(server)}[name])
        must_be_filled(name, server.psql('work', "SELECT count(*) FROM users WHERE locale = 'en'"), rows)
        return result

    with Server(STEADY) as server:
        make_users(server, 'loaded', rows)
        server.fill_wal(rows * 500 // 1_000_000 + 1)
        return {'rows': rows, 'rounds': rounds, 'batch': BATCH, 'postgresql': server.version(),
                'contestants': interleaved(['bare', 'weir'], rounds, contest)}


def more_percent(measured, key):
    contestants = measured['contestants']
    return Spread(100 * (w[key] / b[key] - 1) for b, w in zip(contestants['bare'], contestants['weir']))


def goals(measured):
    return [Goal('checkpoint and fencing, % more time than the same batches without', '<=', 3,
                 more_percent(measured, 'batches'), '.1f'),
            Goal('the same, whole process, % more time', '<=', 3, more_percent(measured, 'seconds'), '.1f'),
            Goal('the same, whole process, % more CPU of the server', '<=', 3, more_percent(measured, 'server_cpu'),
                 '.1f')]


def report(measured):
    lines = []
    for name, rounds in measured['contestants'].items():
        of = lambda key: Spread(1000 * result[key] * measured['batch'] / measured['rows'] for result in rounds)
        lines.append([name, of('batches').text('.3f'), of('seconds').text('.3f'), of('server_cpu').text('.3f'), of('client_cpu').text('.3f')])
    return (f'{measured["rows"]:,} rows, 1 index, batches of {measured["batch"]}, {measured["rounds"]} rounds: median '
            f'(least–greatest)\n\n'
            + table(['contestant', 'ms/batch', 'whole process', 'server CPU ms/batch', 'client CPU ms/batch'], lines))
