"""Batches a second over a network: `weir run` with small batches through a proxy that delays every byte, beside the bare
change alone, which pgbench sends in one pipeline: the limit."""
import contextlib
import re
import subprocess
import sys

from measure import ROOT, Spread, output_of, table
from servers import Server
from users import batches_seconds, make_users, run_weir, stamp_planning

BATCH = 100
ADDED_MS = 1.0  # what the proxy adds to a round trip
# What weir does without checkpoint and look-ahead; the variable lives from one transaction to the next.
BARE = f'''\\startpipeline
BEGIN;
UPDATE users SET locale = 'en' WHERE id > :lo AND id <= :lo + {BATCH} AND locale IS NULL;
COMMIT;
\\endpipeline
\\set lo :lo + {BATCH}
'''


@contextlib.contextmanager
def delay_proxy(port, delay_us):
    process = subprocess.Popen([ROOT / 'build/bench/delay_proxy', str(port), str(delay_us)], stdout=subprocess.PIPE,
                               text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def round_trip_ms(server, port):
    script = f'{server.folder}/select1.sql'
    with open(script, 'w', encoding='ascii') as file:
        file.write('SELECT 1;\n')
    said = output_of('pgbench', '-n', '-M', 'prepared', '-t', '2000', '-f', script,
                     f'postgresql://weir@127.0.0.1:{port}/postgres')
    return float(re.search(r'latency average = ([\d.]+) ms', said)[1])


def calibrated_delay_us(server):
    """The delay in each direction that makes a round trip longer by ADDED_MS: waking the proxy takes time as well."""
    delay = 500 * ADDED_MS
    for _ in range(3):
        with delay_proxy(server.port, round(delay)) as proxy:
            added = round_trip_ms(server, proxy) - round_trip_ms(server, server.port)
        delay = max(0, delay - 500 * (added - ADDED_MS))
    return round(delay)


def measure_bare(server, port, rows):
    server.fresh_copy('loaded')
    script = f'{server.folder}/bare.sql'
    with open(script, 'w', encoding='ascii') as file:
        file.write(BARE)
    cpu = server.cpu()
    said = output_of('env', 'PGOPTIONS=-c synchronous_commit=off', 'pgbench', '-n', '-M', 'prepared', '-D', 'lo=0', '-t',
                     str(rows // BATCH), '-f', script, f'postgresql://weir@127.0.0.1:{port}/work')
    left = server.psql('work', 'SELECT count(*) FROM users WHERE locale IS NULL')
    if left != '0':
        raise SystemExit(f'bench: pgbench left {left} rows')
    rate = float(re.search(r'tps = ([\d.]+)', said)[1])
    batches = rows // BATCH
    return {'seconds': batches / rate, 'batches': batches, 'batches_per_second': rate,
            'server_cpu': server.cpu() - cpu}


def measure_weir(server, port, rows):
    server.fresh_copy('loaded')
    stamp_planning(server)
    cpu = server.cpu()
    result = run_weir(f'postgresql://weir@127.0.0.1:{port}/work', BATCH)
    batches = int(server.psql('work', 'SELECT sum(batches) FROM weir_slices'))
    result.update(server_cpu=server.cpu() - cpu, batches=batches, process_seconds=result['seconds'],
                  seconds=batches_seconds(server))
    result['batches_per_second'] = batches / result['seconds']
    if batches != rows // BATCH:
        raise SystemExit(f'bench: {batches} batches, not {rows // BATCH}')
    return result


def run(rows, rounds):
    trips = {'direct': [], 'delayed': []}
    results = {path: {'bare change': [], 'weir': []} for path in trips}
    with Server([]) as server:
        make_users(server, 'loaded', rows)
        delay = calibrated_delay_us(server)
        with delay_proxy(server.port, delay) as proxy:
            for number in range(rounds):
                for path, port in (('direct', server.port), ('delayed', proxy)):
                    trips[path].append(round_trip_ms(server, port))
                    for name, contest in (('bare change', measure_bare), ('weir', measure_weir)):
                        results[path][name].append(contest(server, port, rows))
                        print(f'  round {number + 1}: {path}: {name}: {results[path][name][-1]["seconds"]:.1f} s',
                              file=sys.stderr)
        return {'rows': rows, 'rounds': rounds, 'batch': BATCH, 'delay_us': delay, 'postgresql': server.version(),
                'round_trip_ms': trips, 'runs': results}


def report(measured):
    lines = []
    for path, contestants in measured['runs'].items():
        for name, rounds in contestants.items():
            of = lambda figure: Spread(figure(result) for result in rounds)
            ratio = Spread(bare['seconds'] / result['seconds']
                           for bare, result in zip(contestants['bare change'], rounds))
            cost = lambda key: of(lambda r: 1000 * r[key] / r['batches']).text('.2f') if key in rounds[0] else '–'
            lines.append([path, name, ratio.text('.2f'), of(lambda r: r['batches_per_second']).text('.0f'),
                          cost('seconds'), cost('process_seconds'), cost('server_cpu'), cost('client_cpu'),
                          Spread(measured['round_trip_ms'][path]).text('.2f')])
    head = ['path', 'contestant', 'speed / bare', 'batches/s', 'ms/batch', 'whole process, ms/batch', 'server CPU ms/batch',
            'client CPU ms/batch', 'SELECT 1, ms']
    return (f'Batches of {measured["batch"]} rows, depth 1, {measured["rows"]:,} rows, {measured["rounds"]} rounds: '
            f'median (least–greatest)\nPostgreSQL {measured["postgresql"]}, default settings. Of weir the time from '
            f'its slices to the end of the last one, and CPU of the whole process; of the bare change (pgbench, one '
            f'pipeline a batch, no checkpoint, no look-ahead) the transactions alone.\n\n{table(head, lines)}')
