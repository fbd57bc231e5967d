"""MariaDB: `weir run` beside batches by lists of ids in the way of pt-archiver, and beside one plain UPDATE. Every commit
is durable for all of them, which is the server's default."""
import shutil

from measure import Spread, interleaved, ratio, run_process, table
from parts.part import Goal, Need
from parts.workers import id_loop
from servers import MariadbServer
from users import FILL, must_be_filled, run_weir

OWN_ROWS = 1_000_000
SETTINGS = ['innodb-buffer-pool-size=1G', 'innodb-log-file-size=1G']
CONTESTANTS = {
    'plain UPDATE': lambda server: run_process(server.client('weir', '-e', FILL)),
    'ids 1000': lambda server: id_loop(server.url, 1000),
    'weir 1000': lambda server: run_weir(server.url, 1000),
    'weir 1000 x2': lambda server: run_weir(server.url, 1000, 2),
}


def is_possible():
    return shutil.which('mariadbd', path='/usr/sbin:/usr/local/sbin:/usr/libexec') or shutil.which('mariadbd')


def need(rows, rounds):
    rows = min(rows, OWN_ROWS)
    return Need(rows * 600 + 2_500_000_000, rounds * (rows * len(CONTESTANTS) * 1.2e-5 + 20) + rows * 1e-5)


def make_users(server, rows):
    server.sql('''CREATE TABLE users (id bigint PRIMARY KEY, email varchar(100) NOT NULL, name varchar(100) NOT NULL,
                    created_at datetime NOT NULL, locale varchar(20), score integer NOT NULL) ENGINE=InnoDB''',
               f'''INSERT INTO users SELECT seq, concat('user', seq, '@example.org'), md5(seq),
                     '2020-01-01' + INTERVAL seq SECOND, NULL, seq % 1000 FROM seq_1_to_{rows}''',
               'ANALYZE TABLE users')


def run(rows, rounds):
    rows = min(rows, OWN_ROWS)

    def contest(name):
        server.fresh_copy()
        cpu = server.cpu()
        result = CONTESTANTS[name](server)
        result['server_cpu'] = server.cpu() - cpu
        must_be_filled(name, server.sql("SELECT count(*) FROM users WHERE locale = 'en'"), rows)
        return result

    server = MariadbServer(SETTINGS)
    try:
        make_users(server, rows)
        version = server.sql('SELECT version()')
        server.keep_as_template()
        return {'rows': rows, 'rounds': rounds, 'settings': SETTINGS, 'mariadb': version,
                'contestants': interleaved(list(CONTESTANTS), rounds, contest)}
    finally:
        server.stop()


def goals(measured):
    results = measured['contestants']
    return [Goal(f'MariaDB, {text}, to batches by ids', '>=', 2.0, ratio(results['ids 1000'], results[name]))
            for text, name in (('1 worker', 'weir 1000'), ('2 workers', 'weir 1000 x2'))]


def report(measured):
    results = measured['contestants']
    lines = []
    for name, rounds in results.items():
        of = lambda key: Spread(result[key] for result in rounds)
        lines.append([name, ratio(results['plain UPDATE'], rounds).text('.3f'), of('seconds').text('.2f'),
                      of('server_cpu').text('.2f'), of('client_cpu').text('.2f'),
                      f'{of("peak_kib").high / 1024:.1f}'])
    return (f'{measured["rows"]:,} rows, 1 index, {measured["rounds"]} rounds: median (least–greatest)\n'
            f'MariaDB {measured["mariadb"]}, {", ".join(measured["settings"])}; all else default\n\n'
            + table(['contestant', 'speed / plain', 'seconds', 'server CPU s', 'client CPU s', 'peak MB'], lines))
