"""The table `users`, whose `locale` is filled, and the project that fills it."""
import tempfile
from pathlib import Path

from measure import WEIR, run_process

FILL = "UPDATE users SET locale = 'en' WHERE locale IS NULL"


def make_users(server, database, rows, indexes=1):
    """100 bytes a row, loaded, vacuumed and frozen; the primary key is the first index."""
    server.psql('postgres', f'CREATE DATABASE {database}')
    # Without autovacuum, which would begin at another moment in every round.
    server.psql(database, '''CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text NOT NULL,
                               created_at timestamptz NOT NULL, locale text, score integer NOT NULL)
                             WITH (autovacuum_enabled = false)''',
                f'''INSERT INTO users SELECT i, 'user' || i || '@example.org', md5(i::text),
                           timestamptz '2020-01-01' + i * interval '1 second', NULL, i % 1000
                    FROM generate_series(1, {rows}) i''')
    for column in ('email', 'created_at')[:indexes - 1]:
        server.psql(database, f'CREATE INDEX ON users ({column})')
    server.psql(database, 'VACUUM (FREEZE, ANALYZE) users')


def make_project(folder, batch, order='key'):
    data = Path(folder, 'db/data')
    data.mkdir(parents=True)
    Path(folder, 'db/migrate').mkdir()
    (data / '20260101000000_fill_locale.sql').write_text(f'''-- over: users
-- where: locale IS NULL
-- order: {order}
-- batch: {batch}
-- migrate:batch
UPDATE users SET locale = 'en' WHERE :batch
''')


def run_weir(url, batch, workers=1, order='key'):
    with tempfile.TemporaryDirectory() as project:
        make_project(project, batch, order)
        return run_process([WEIR, 'run', 'fill_locale', '--workers', str(workers)], {'DATABASE_URL': url}, project)


# Stamps when the slices of a run can be claimed. It costs a run one row.
STAMP = '''
CREATE TABLE planned (at timestamptz NOT NULL);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO planned VALUES (clock_timestamp());
  RETURN NULL;
END $$;
CREATE TRIGGER stamp AFTER INSERT ON weir_slices FOR EACH ROW WHEN (NEW.ordinal = 1) EXECUTE FUNCTION stamp();
'''


def stamp_planning(server):
    """In the database `work`, before a run. weir's own tables are made for it, by a schema migration."""
    with tempfile.TemporaryDirectory() as project:
        Path(project, 'db/data').mkdir(parents=True)
        Path(project, 'db/migrate').mkdir()
        Path(project, 'db/migrate/20250101000000_nothing.sql').write_text(
            '-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n')
        run_process([WEIR, 'migrate'], {'DATABASE_URL': f'{server.base}/work'}, project)
    server.psql('work', STAMP)


def planned_at(server):
    """Seconds since 1970."""
    return float(server.psql('work', 'SELECT extract(epoch FROM min(at)) FROM planned'))


def batches_seconds(server):
    """Of a run with one worker: from its slices to the end of the last one."""
    return float(server.psql('work', 'SELECT updated_at_ms FROM weir_slices WHERE ordinal = 1')) / 1000 - planned_at(server)


def must_be_filled(name, filled, rows):
    if int(filled) != rows:
        raise SystemExit(f'bench: {name} changed {filled} of {rows} rows')
