"""PostgreSQL: the memory of one process with eight workers: VmHWM, read until it ends."""
from measure import Spread, table
from parts.part import Goal, Need
from servers import STEADY, Server
from users import make_users, must_be_filled, run_weir

OWN_ROWS = 500_000
WORKERS = 8
BATCHES = (1000, 10_000)


def need(rows, rounds):
    rows = min(rows, OWN_ROWS)
    return Need(rows * 1500, len(BATCHES) * rows * 1e-5 + 15)


def run(rows, rounds):
    rows = min(rows, OWN_ROWS)
    peaks = {}
    with Server(STEADY) as server:
        make_users(server, 'loaded', rows)
        for batch in BATCHES:
            server.fresh_copy('loaded')
            peaks[batch] = run_weir(f'{server.base}/work', batch, WORKERS)['peak_kib'] / 1024
            filled = server.psql('work', "SELECT count(*) FROM users WHERE locale = 'en'")
            must_be_filled(f'weir {batch} x{WORKERS}', filled, rows)
    return {'rows': rows, 'workers': WORKERS, 'peak_mb': peaks}


def goals(measured):
    return [Goal(f'peak memory of {measured["workers"]} workers, MB', '<=', 30,
                 Spread([max(measured['peak_mb'].values())]), '.1f')]


def report(measured):
    return (f'{measured["rows"]:,} rows, {measured["workers"]} workers\n\n'
            + table(['batch', 'peak MB'], [[batch, f'{peak:.1f}'] for batch, peak in measured['peak_mb'].items()]))
