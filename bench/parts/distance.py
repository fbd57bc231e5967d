"""PostgreSQL through a proxy that adds 1 ms to a round trip: two workers of weir beside the loop by ids, which sends one
statement after the other."""
from latency import ADDED_MS, calibrated_delay_us, delay_proxy
from measure import Spread, interleaved, ratio, table
from parts.part import Goal, Need
from parts.workers import id_loop
from servers import STEADY, Server
from users import make_users, must_be_filled, run_weir

OWN_ROWS = 300_000
INDEXES = 3
CONTESTANTS = {
    'ids 1000': lambda url: id_loop(url, 1000),
    'weir 1000 x2': lambda url: run_weir(url, 1000, 2),
    'ids 100': lambda url: id_loop(url, 100),
    'weir 100 x2': lambda url: run_weir(url, 100, 2),
}


def need(rows, rounds):
    rows = min(rows, OWN_ROWS)
    return Need(rows * 1500 + 500_000_000, rounds * rows * 1.1e-4 + 20)


def run(rows, rounds):
    rows = min(rows, OWN_ROWS)

    def contest(name):
        server.fresh_copy('loaded')
        result = server.measured(lambda: CONTESTANTS[name](f'postgresql://weir@127.0.0.1:{proxy}/work'))
        must_be_filled(name, server.psql('work', "SELECT count(*) FROM users WHERE locale = 'en'"), rows)
        return result

    with Server(STEADY) as server:
        make_users(server, 'loaded', rows, INDEXES)
        server.fill_wal(rows // 1000)
        delay = calibrated_delay_us(server)
        with delay_proxy(server.port, delay) as proxy:
            return {'rows': rows, 'rounds': rounds, 'indexes': INDEXES, 'delay_us': delay,
                    'contestants': interleaved(list(CONTESTANTS), rounds, contest)}


def goals(measured):
    results = measured['contestants']
    return [Goal(f'with {ADDED_MS:.0f} ms, 2 workers, batch {batch}, to the loop by ids', '>=', 2.5,
                 ratio(results[f'ids {batch}'], results[f'weir {batch} x2'])) for batch in (1000, 100)]


def report(measured):
    lines = []
    for name, rounds in measured['contestants'].items():
        of = lambda key: Spread(result[key] for result in rounds)
        lines.append([name, of('seconds').text('.2f'), of('server_cpu').text('.2f'), of('client_cpu').text('.2f')])
    return (f'{measured["rows"]:,} rows, {measured["indexes"]} indexes, {ADDED_MS} ms more a round trip, '
            f'{measured["rounds"]} rounds: median (least–greatest)\n\n'
            + table(['contestant', 'seconds', 'server CPU s', 'client CPU s'], lines))
