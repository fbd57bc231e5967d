"""`weir migrate` with nothing to do on SQLite: how long a deploy waits for weir."""
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from measure import WEIR, table
from users import make_project

RUNS = 200


def time_once(command, env):
    """Spawned without a copy of this interpreter's memory; about 0.4 ms of it is the spawn itself (see /bin/true)."""
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, env, file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    ended = time.perf_counter()
    if status != 0:
        raise SystemExit(f'bench: {command} failed')
    return 1000 * (ended - begun), 1000 * (usage.ru_utime + usage.ru_stime)


def linking(command, env):
    """What the dynamic linker says of itself, summed over its phases."""
    said = subprocess.run(command, env={**env, 'LD_DEBUG': 'statistics'}, capture_output=True, text=True,
                          check=True).stderr
    find = lambda what: float(re.search(what + r'.*?([\d.]+)%\)', said)[1]) if re.search(what, said) else None
    return {'share_of_startup_relocation_percent': find('time needed for relocation'),
            'relocations': sum(map(int, re.findall(r'number of relocations: (\d+)', said))),
            'libraries': len(re.findall('=>', subprocess.run(['ldd', command[0]], capture_output=True, text=True,
                                                             check=True).stdout))}


def run():
    with tempfile.TemporaryDirectory() as project:
        make_project(project, 1000)
        Path(project, 'db/migrate/20251231000000_users.sql').write_text(
            '-- migrate:up\nCREATE TABLE users (id integer PRIMARY KEY, locale text);\n'
            '-- migrate:down\nDROP TABLE users;\n')
        env = {**os.environ, 'DATABASE_URL': f'sqlite:{project}/app.db'}
        os.chdir(project)
        migrate = [str(WEIR), 'migrate']
        subprocess.run(migrate, env=env, check=True, capture_output=True)
        commands = {'/bin/true': ['/bin/true'], 'weir --version': [str(WEIR), '--version'], 'weir migrate': migrate}
        times = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(time_once(command, env))
        linker = linking(migrate, env)
        os.chdir('/')
    return {'runs': RUNS, 'milliseconds': times, 'linker': linker}


def report(measured):
    lines = []
    for name, times in measured['milliseconds'].items():
        wall = sorted(wall for wall, _ in times)
        lines.append([name, f'{statistics.median(wall):.2f}', f'{wall[len(wall) * 95 // 100]:.2f}', f'{wall[0]:.2f}',
                      f'{statistics.fmean(cpu for _, cpu in times):.2f}'])
    linker = measured['linker']
    return (f'Start, {measured["runs"]} interleaved runs, milliseconds\n\n'
            + table(['command', 'median', 'p95', 'least', 'CPU, mean'], lines)
            + f'\n\n{linker["libraries"]} shared libraries, {linker["relocations"]} relocations.')
