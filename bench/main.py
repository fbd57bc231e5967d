"""Runs the benchmarks; see tools/bench for the options."""
import argparse
import shutil

import backfill
import latency
import memory
import migrate
import startup
from measure import environment, write_json


def need_disk(rows):
    # The table twice (the template and the copy), the copy's second versions, and WAL.
    wanted = rows * 1500 + 2_000_000_000
    free = shutil.disk_usage('/tmp').free
    if free < wanted:
        raise SystemExit(f'bench: /tmp has {free / 1e9:.0f} GB free, this needs about {wanted / 1e9:.0f} GB')


def main():
    parser = argparse.ArgumentParser(prog='tools/bench', description='Benchmarks of weir; docs/performance.md')
    parser.add_argument('which', nargs='?', default='all', choices=['backfill', 'latency', 'memory', 'migrate', 'startup', 'all'])
    parser.add_argument('--rows', type=int, default=5_000_000, help='of the backfill')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--contestants', help='of the backfill, separated by commas: '
                        + ', '.join(backfill.CONTESTANTS) + '; without it: ' + ', '.join(backfill.DEFAULT))
    parser.add_argument('--indexes', type=int, default=1, choices=[1, 2, 3], help='of the backfill')
    parser.add_argument('--json', metavar='FILE', help='write every single figure too')
    options = parser.parse_args()
    if options.rows < 1000 or options.rounds < 1:
        parser.error('--rows from 1000, --rounds from 1')
    contestants = options.contestants.split(',') if options.contestants else None
    for name in contestants or []:
        if name not in backfill.CONTESTANTS:
            parser.error(f'no contestant is called {name}')

    measured = {'environment': environment()}
    print('commit {commit}, {cores} cores, {cpu}, load {load:.1f} at the beginning\n'.format(**measured['environment']),
          flush=True)
    if options.which in ('startup', 'all'):
        measured['startup'] = startup.run()
        print(startup.report(measured['startup']), end='\n\n', flush=True)
    if options.which in ('migrate', 'all'):
        measured['migrate'] = migrate.run(options.rounds)
        print(migrate.report(measured['migrate']), end='\n\n', flush=True)
    if options.which in ('latency', 'all'):
        measured['latency'] = latency.run(200_000, options.rounds)
        print(latency.report(measured['latency']), end='\n\n', flush=True)
    if options.which in ('memory', 'all'):
        measured['memory'] = memory.run(2_000_000)
        print(memory.report(measured['memory']), end='\n\n', flush=True)
    if options.which in ('backfill', 'all'):
        need_disk(options.rows)
        measured['backfill'] = backfill.run(options.rows, options.rounds, contestants, options.indexes)
        print(backfill.report(measured['backfill']), flush=True)
    if options.json:
        write_json(options.json, measured)


main()
