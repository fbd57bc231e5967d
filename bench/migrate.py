"""Deploys of many small migrations: `weir migrate` beside dbmate and beside the engine's own client, which is fed the same
statements in one go: the floor. And a deploy with nothing to do."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import WEIR, Spread, output_of, run_process, table
from servers import MariadbServer, Server

COUNTS = (500, 1000)


def find_dbmate():
    """The program of the npm package `dbmate`, or nothing when it cannot be had."""
    if found := os.environ.get('DBMATE') or shutil.which('dbmate'):
        return found
    folder = Path(tempfile.gettempdir(), 'weir-bench-dbmate')
    if not list(folder.glob('node_modules/@dbmate/*/bin/dbmate')) and shutil.which('npm'):
        folder.mkdir(exist_ok=True)
        subprocess.run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', 'dbmate'], cwd=folder,
                       capture_output=True, check=False)
    programs = list(folder.glob('node_modules/@dbmate/*/bin/dbmate'))
    return str(programs[0]) if programs else None


def make_project(folder, count):
    migrate = Path(folder, 'db/migrate')
    migrate.mkdir(parents=True)
    Path(folder, 'db/data').mkdir()
    statements = []
    for number in range(count):
        create = f'CREATE TABLE t{number} (id bigint PRIMARY KEY, name varchar(100) NOT NULL);\n'
        statements.append(create)
        (migrate / f'{20260101000000 + number}_t{number}.sql').write_text(
            f'-- migrate:up\n{create}-- migrate:down\nDROP TABLE t{number};\n')
    Path(folder, 'all.sql').write_text(''.join(statements))


class Postgres:
    name = 'PostgreSQL'

    def __init__(self):
        self.server = Server([])

    def fresh(self):
        self.server.psql('postgres', 'DROP DATABASE IF EXISTS deploy', 'CREATE DATABASE deploy', 'CHECKPOINT')
        return f'postgres://weir@127.0.0.1:{self.server.port}/deploy?sslmode=disable'

    def floor(self):
        return 'psql', ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', f'{self.server.base}/deploy', '-f', 'all.sql'], None

    def stop(self):
        self.server.__exit__()


class Mariadb:
    name = 'MariaDB'

    def __init__(self):
        self.server = MariadbServer()

    def fresh(self):
        subprocess.run(self.server.client('weir', '-e', 'DROP DATABASE IF EXISTS deploy; CREATE DATABASE deploy'),
                       check=True)
        return f'mysql://weir@{self.server.address}/deploy'

    def floor(self):
        return 'mariadb', ['sh', '-c', ' '.join(self.server.client('deploy')) + ' < all.sql'], None

    def stop(self):
        self.server.stop()


class Sqlite:
    name = 'SQLite'

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='weir-bench-')

    def fresh(self):
        for file in Path(self.folder).iterdir():
            file.unlink()
        return f'sqlite:{self.folder}/deploy.db'

    def floor(self):
        return 'sqlite3', ['sh', '-c', f'sqlite3 {self.folder}/deploy.db < all.sql'], None

    def stop(self):
        shutil.rmtree(self.folder)


def contest(engine, name, command, environment, project):
    url = engine.fresh()
    result = run_process(command, {'DATABASE_URL': url, **(environment or {})}, project)
    if name == 'weir':
        result['nothing_ms'] = 1000 * min(run_process(command, {'DATABASE_URL': url}, project)['seconds']
                                          for _ in range(5))
    return result


def run(rounds):
    dbmate = find_dbmate()
    if dbmate is None:
        print('  without dbmate: neither it nor npm is here', file=sys.stderr)
    results = {}
    for make in (Postgres, Mariadb, Sqlite):
        engine = make()
        try:
            for count in COUNTS:
                with tempfile.TemporaryDirectory() as project:
                    make_project(project, count)
                    contestants = [engine.floor(), ('weir', [WEIR, 'migrate'], None)]
                    if dbmate:
                        contestants.append(('dbmate', [dbmate, '--no-dump-schema', '-d', 'db/migrate', 'up'], None))
                    runs = results.setdefault(engine.name, {}).setdefault(count, {name: [] for name, *_ in contestants})
                    for number in range(rounds):
                        order = contestants[number % len(contestants):] + contestants[:number % len(contestants)]
                        for name, command, environment in order:
                            runs[name].append(contest(engine, name, command, environment, project))
                            print(f'  {engine.name}, {count}, round {number + 1}: {name}: '
                                  f'{runs[name][-1]["seconds"]:.2f} s', file=sys.stderr)
        finally:
            engine.stop()
    return {'rounds': rounds, 'dbmate': dbmate and output_of(dbmate, '--version'), 'runs': results}


def report(measured):
    lines = []
    for engine, counts in measured['runs'].items():
        for count, contestants in counts.items():
            floor, weir = list(contestants.values())[0], contestants['weir']
            for name, rounds in contestants.items():
                ratio = lambda other: Spread(a['seconds'] / b['seconds'] for a, b in zip(other, rounds)).text('.2f')
                nothing = Spread(r['nothing_ms'] for r in rounds).text('.1f') if name == 'weir' else '–'
                lines.append([engine, count, name, ratio(floor), ratio(weir),
                              Spread(r['seconds'] for r in rounds).text('.2f'), nothing,
                              f'{max(r["peak_kib"] for r in rounds) / 1024:.1f}'])
    head = ['engine', 'migrations', 'contestant', 'floor / it', 'weir / it', 'seconds', 'nothing to do, ms', 'peak MB']
    return (f'Deploys of one-table migrations, {measured["rounds"]} rounds: median (least–greatest)\n'
            f'{measured["dbmate"] or "without dbmate"}; servers with their durable defaults. The floor is the engine\'s '
            f'own client, fed all statements in one go, without any record of them.\n\n{table(head, lines)}')
