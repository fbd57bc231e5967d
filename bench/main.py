"""Runs the benchmarks; see tools/bench for the options."""
import argparse
import signal
import sys

import backfill
import latency
import migrate
import startup
from measure import environment, write_json
from parts import workers


def names_of(known):
    def parse(text):
        names = text.split(',')
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f'nothing is called {name}; there are {", ".join(known)}')
        return names
    return parse


def parse_options():
    parser = argparse.ArgumentParser(
        prog='tools/bench', description='Benchmarks of weir; docs/performance.md',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='parts of the backfill:\n' + '\n'.join(map(backfill.what_it_is, backfill.PARTS)))
    parser.add_argument('which', nargs='?', default='all', choices=['backfill', 'latency', 'migrate', 'startup', 'all'])
    parser.add_argument('--rows', type=int, default=5_000_000, help='of the backfill; some parts take fewer, one more')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--parts', type=names_of(backfill.PARTS), default=list(backfill.PARTS), metavar='NAMES',
                        help='of the backfill, separated by commas: ' + ', '.join(backfill.PARTS))
    parser.add_argument('--contestants', type=names_of(workers.CONTESTANTS), metavar='NAMES',
                        help='of the part `workers`: ' + ', '.join(workers.CONTESTANTS)
                        + '; without it: ' + ', '.join(workers.DEFAULT))
    parser.add_argument('--indexes', type=int, default=3, choices=[1, 2, 3], help='of the part `workers`')
    parser.add_argument('--json', metavar='FILE', help='write every single figure too')
    options = parser.parse_args()
    if options.rows < 10_000 or options.rounds < 1:
        parser.error('--rows from 10000, --rounds from 1')
    return options


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    measured = {'environment': environment()}
    print('commit {commit}, {cores} cores, {cpu}, load {load:.1f} at the beginning\n'.format(**measured['environment']),
          flush=True)

    def save(name, result):
        measured[name] = result
        if options.json:
            write_json(options.json, measured)

    contests = {'startup': (startup, startup.run), 'migrate': (migrate, lambda: migrate.run(options.rounds)),
                'latency': (latency, lambda: latency.run(200_000, options.rounds)),
                'backfill': (backfill, lambda: backfill.run(options, lambda part: save('backfill', part)))}
    for name, (module, run) in contests.items():
        if options.which in (name, 'all'):
            save(name, run())
            print(module.report(measured[name]), end='\n\n', flush=True)


main()
