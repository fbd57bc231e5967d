"""Private servers in temporary folders, removed at the end."""
import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from measure import ROOT, TICKS, output_of

# Raised for all contestants alike, so that no checkpoint falls into one of them by chance, and so that the segments of
# the log are used again: making a new one costs 16 MB of zeros and a sync, and one contestant would make more than another.
STEADY = ['shared_buffers=2GB', 'max_wal_size=16GB', 'min_wal_size=16GB', 'checkpoint_timeout=1h']


def options_of(settings):
    return [word for setting in settings for word in ('-c', setting)]


def spent_ticks(stat):
    """Of the process itself, and of its children that it has collected."""
    fields = stat.rsplit(')', 1)[1].split()
    return sum(map(int, fields[11:13])), sum(map(int, fields[13:15])), int(fields[1])


class Server:
    """tools/postgres-server."""

    def __init__(self, settings):
        self.settings = settings
        self.folder = tempfile.mkdtemp(prefix='weir-bench-')
        self.url = output_of('tools/postgres-server', 'start', self.folder, *options_of(settings))
        self.base = self.url.removesuffix('/postgres')
        self.port = int(re.search(r':(\d+)$', self.base)[1])
        self.pid = int(Path(self.folder, 'data/postmaster.pid').read_text().split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([ROOT / 'tools/postgres-server', 'stop', self.folder, 'immediate'], check=False)
        shutil.rmtree(self.folder)

    def psql(self, database, *statements):
        commands = [word for statement in statements for word in ('-c', statement)]
        return output_of('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', f'{self.base}/{database}', *commands)

    def cpu(self):
        """CPU seconds of all server processes so far: the postmaster, which collects those of its children that
        ended, and the children that live."""
        # A server process that ends between two looks would be missed: ended, but not yet collected.
        time.sleep(0.2)
        before = None
        while True:
            spent = {}
            for stat in Path('/proc').glob('[0-9]*/stat'):
                try:
                    own, collected, parent = spent_ticks(stat.read_text())
                except (FileNotFoundError, ProcessLookupError):
                    continue
                pid = int(stat.parent.name)
                if pid == self.pid:
                    spent[pid] = own + collected
                elif parent == self.pid:
                    spent[pid] = own
            if before == spent.keys():
                return sum(spent.values()) / TICKS
            before = spent.keys()
            time.sleep(0.02)

    def processes(self):
        """The postmaster first: what it starts from now on follows it."""
        yield self.pid
        for stat in Path('/proc').glob('[0-9]*/stat'):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if spent_ticks(stat.read_text())[2] == self.pid:
                    yield int(stat.parent.name)

    def wal(self):
        return int(self.psql('postgres', "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def fill_wal(self, megabytes):
        """So many segments are there to be used again; see STEADY."""
        self.psql('postgres', f'''SELECT count(pg_logical_emit_message(false, 'bench', repeat('x', 1000000)))
                                  FROM generate_series(1, {megabytes})''', 'CHECKPOINT')

    def fresh_copy(self, template):
        """A new database `work`, block for block like the template, with nothing left to write for the checkpointer."""
        self.psql('postgres', 'DROP DATABASE IF EXISTS work',
                  f'CREATE DATABASE work TEMPLATE {template} STRATEGY = FILE_COPY', 'CHECKPOINT')

    def measured(self, run):
        """What run() returns, with what it cost the server."""
        cpu, wal = self.cpu(), self.wal()
        result = run()
        result.update(server_cpu=self.cpu() - cpu, wal=self.wal() - wal)
        return result

    def version(self):
        return self.psql('postgres', 'SHOW server_version')


class MariadbServer:
    """tools/mariadb-server, with its durable defaults."""

    def __init__(self, settings=()):
        self.settings = list(settings)
        self.folder = tempfile.mkdtemp(prefix='weir-bench-')
        self.url = output_of('tools/mariadb-server', 'start', self.folder, *options_of(self.settings))
        self.address = self.url.split('@')[1].split('/')[0]

    def client(self, database, *arguments):
        host, port = self.address.split(':')
        return ['mariadb', '--no-defaults', '-h', host, '-P', port, '-u', 'weir', *arguments, database]

    def sql(self, *statements):
        return output_of(*self.client('weir', '-N', '-e', '; '.join(statements)))

    def cpu(self):
        pid = Path(self.folder, 'pid').read_text().strip()
        return spent_ticks(Path(f'/proc/{pid}/stat').read_text())[0] / TICKS

    def keep_as_template(self):
        """What is in the server now comes back with fresh_copy()."""
        output_of('tools/mariadb-server', 'stop', self.folder)
        output_of('cp', '-a', f'{self.folder}/data', f'{self.folder}/template')

    def fresh_copy(self):
        output_of('tools/mariadb-server', 'stop', self.folder, 'immediate')
        shutil.rmtree(f'{self.folder}/data')
        output_of('cp', '-a', f'{self.folder}/template', f'{self.folder}/data')
        output_of('sync', '-f', self.folder)
        self.url = output_of('tools/mariadb-server', 'start', self.folder)
        self.address = self.url.split('@')[1].split('/')[0]

    def stop(self):
        subprocess.run([ROOT / 'tools/mariadb-server', 'stop', self.folder, 'immediate'], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
