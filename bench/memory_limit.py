"""A limit for the memory of a server, the system's copy of its files included: so a table is larger than memory also on a
machine that has plenty. A control group of the kernel, version 1 or 2; root only."""
import contextlib
import os
from pathlib import Path

ROOT = Path('/sys/fs/cgroup')


def place():
    """The folder of the groups and the name of their limit; None where the kernel has none that may be used."""
    if (ROOT / 'memory').is_dir():
        folder, limit = ROOT / 'memory', 'memory.limit_in_bytes'
    elif (ROOT / 'cgroup.controllers').exists() and 'memory' in (ROOT / 'cgroup.subtree_control').read_text().split():
        folder, limit = ROOT, 'memory.max'
    else:
        return None
    return (folder, limit) if os.access(folder, os.W_OK) else None


@contextlib.contextmanager
def memory_limit(server, limit_bytes):
    """Of the server and all its processes, while it lasts. Yields whether it is in force."""
    found = place()
    if not found:
        yield False
        return
    folder, limit = found
    group = folder / f'weir-bench-{os.getpid()}'
    group.mkdir()
    try:
        (group / limit).write_text(str(limit_bytes))
        move(server.processes(), group)
        yield True
    finally:
        # A process may start another one in between.
        while processes := (group / 'cgroup.procs').read_text().split():
            move(map(int, processes), folder)
        group.rmdir()


def move(processes, group):
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            (group / 'cgroup.procs').write_text(str(pid))
