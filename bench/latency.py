"""Batches a second over a network: `weir run` with small batches through a proxy that delays every byte."""
import contextlib
import re
import subprocess
import sys

from measure import ROOT, Server, Spread, make_users, output_of, run_weir, table

BATCH = 100
DELAY_US = 500  # in each direction


@contextlib.contextmanager
def delay_proxy(port):
    process = subprocess.Popen([ROOT / 'build/bench/delay_proxy', str(port), str(DELAY_US)], stdout=subprocess.PIPE,
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


def measure(server, port, rows):
    server.fresh_copy('loaded')
    cpu = server.cpu()
    result = run_weir(f'postgresql://weir@127.0.0.1:{port}/work', BATCH)
    batches = int(server.psql('work', 'SELECT sum(batches) FROM weir_slices'))
    result.update(server_cpu=server.cpu() - cpu, batches=batches, batches_per_second=batches / result['seconds'])
    if batches != rows // BATCH:
        raise SystemExit(f'bench: {batches} batches, not {rows // BATCH}')
    return result


def run(rows, rounds):
    results = {'direct': [], 'delayed': []}
    trips = {'direct': [], 'delayed': []}
    with Server([]) as server, delay_proxy(server.port) as proxy:
        make_users(server, 'loaded', rows)
        for number in range(rounds):
            for name, port in (('direct', server.port), ('delayed', proxy)):
                trips[name].append(round_trip_ms(server, port))
                results[name].append(measure(server, port, rows))
                print(f'  round {number + 1}: {name}: {results[name][-1]["seconds"]:.1f} s', file=sys.stderr)
        return {'rows': rows, 'rounds': rounds, 'batch': BATCH, 'delay_us': DELAY_US, 'postgresql': server.version(),
                'round_trip_ms': trips, 'runs': results}


def report(measured):
    lines = []
    for name, rounds in measured['runs'].items():
        of = lambda figure: Spread(figure(result) for result in rounds)
        lines.append([name, Spread(measured['round_trip_ms'][name]).text('.2f'),
                      of(lambda r: r['batches_per_second']).text('.0f'),
                      of(lambda r: 1000 * r['seconds'] / r['batches']).text('.2f'),
                      of(lambda r: 1000 * r['server_cpu'] / r['batches']).text('.2f'),
                      of(lambda r: 1000 * r['client_cpu'] / r['batches']).text('.2f')])
    trip, time = ([Spread(values).median for values in pair] for pair in (
        measured['round_trip_ms'].values(),
        ([r['seconds'] / r['batches'] for r in rounds] for rounds in measured['runs'].values())))
    added = trip[1] - trip[0]
    bound = 1000 / (added + 1000 * time[0])
    head = ['path', 'SELECT 1, ms', 'batches/s', 'ms/batch', 'server CPU ms/batch', 'client CPU ms/batch']
    return (f'Batches of {measured["batch"]} rows, depth 1, {measured["rows"]:,} rows, {measured["rounds"]} rounds: '
            f'median (least–greatest)\nPostgreSQL {measured["postgresql"]}, default settings; the whole process counts, '
            f'from its start to its end\n\n{table(head, lines)}\n\n'
            f'Added round trip: {added:.2f} ms. Bound, 1 / (added round trip + time of a batch without it): '
            f'{bound:.0f} batches/s; reached: {100 / time[1] / 100 / bound:.0%}.')
