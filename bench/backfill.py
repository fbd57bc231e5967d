"""The backfill's benchmark: what it consists of, what it needs, and the goals beside what was measured."""
import shutil
import sys
import tempfile

from measure import table
from parts import distance, fencing, heap, mariadb, memory, scale, sqlite, workers

PARTS = {'workers': workers, 'fencing': fencing, 'distance': distance, 'memory': memory, 'sqlite': sqlite,
         'mariadb': mariadb, 'heap': heap, 'scale': scale}


def what_it_is(name):
    return f'{name}: {" ".join(PARTS[name].__doc__.split())}'


def arguments_of(name, options):
    """Only `workers` can be asked for other contestants and indexes."""
    more = {'contestants': options.contestants, 'indexes': options.indexes} if name == 'workers' else {}
    return {'rows': options.rows, 'rounds': options.rounds, **more}


def possible(names):
    """Without the parts for which a program is missing, which is said."""
    there = [name for name in names if not hasattr(PARTS[name], 'is_possible') or PARTS[name].is_possible()]
    for name in names:
        if name not in there:
            print(f'without {name}: its program is not installed', file=sys.stderr)
    return there


def announce(names, options):
    """What it will need; ends here when the disk has no room for the greediest part."""
    needs = {name: PARTS[name].need(**arguments_of(name, options)) for name in names}
    print(table(['part', 'disk GB', 'minutes, about'],
                [[name, f'{need.disk / 1e9:.1f}', f'{need.seconds / 60:.1f}'] for name, need in needs.items()]))
    most = max(need.disk for need in needs.values()) + 1_000_000_000
    minutes = sum(need.seconds for need in needs.values()) / 60
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    print(f'together about {max(minutes, 1):.0f} minutes on two quiet cores of 2.5 GHz, and at most {most / 1e9:.0f} GB at '
          f'a time in {folder}, which has {free / 1e9:.0f} GB\n', flush=True)
    if free < most:
        raise SystemExit(f'bench: not enough room in {folder}: fewer --rows, other --parts, or another $TMPDIR')


def run(options, save):
    """save(measured) is called after each part. A part that fails, or Ctrl-C, takes nothing along: what there is is
    shown."""
    names = possible(options.parts)
    if not names:
        raise SystemExit('bench: none of these parts can be measured here')
    announce(names, options)
    measured = {}
    try:
        for name in names:
            print(f'{name}:', file=sys.stderr, flush=True)
            measured[name] = PARTS[name].run(**arguments_of(name, options))
            save(measured)
    except BaseException:
        print(report(measured), flush=True)
        raise
    return measured


def report(measured):
    goals = [goal.line() for name, part in measured.items() for goal in PARTS[name].goals(part)]
    details = [f'{what_it_is(name)}\n{PARTS[name].report(part)}' for name, part in measured.items()]
    summary = [table(['goal', '', 'measured', 'reached'], goals)] if goals else []
    return '\n\n'.join(summary + details)
