#include "engines/sqlite/ledger_schema.hpp"

namespace weir::engines::sqlite {
namespace {

constexpr const char* kMeta = R"sql((
  key   text NOT NULL PRIMARY KEY,
  value text NOT NULL
) WITHOUT ROWID)sql";

constexpr const char* kMigrations = R"sql((
  version          text NOT NULL PRIMARY KEY,
  name             text NOT NULL,
  kind             text NOT NULL,
  change_name      text NOT NULL DEFAULT '',
  state            text NOT NULL,
  checksum         text NOT NULL,
  applied_text     text NOT NULL,
  statements_done  integer NOT NULL,
  statements_total integer NOT NULL,
  intent           text,
  started_at_ms    integer NOT NULL,
  applied_at_ms    integer,
  duration_ms      integer,
  actor            text NOT NULL,
  weir_version     text NOT NULL
))sql";

constexpr const char* kRepeatables = R"sql((
  name          text NOT NULL PRIMARY KEY,
  checksum      text NOT NULL,
  applied_text  text NOT NULL,
  applied_at_ms integer NOT NULL,
  duration_ms   integer NOT NULL,
  actor         text NOT NULL,
  weir_version  text NOT NULL
))sql";

constexpr const char* kRuns = R"sql((
  version          text NOT NULL,
  attempt          integer NOT NULL,
  name             text NOT NULL,
  state            text NOT NULL,
  checksum         text NOT NULL,
  definition       text NOT NULL,
  table_name       text NOT NULL,
  key_columns      text NOT NULL,
  batch_rows       integer NOT NULL,
  parameters       text NOT NULL,
  rows_total       integer,
  workers          integer,
  max_rate         integer,
  claims           integer NOT NULL DEFAULT 0,
  pass             integer NOT NULL,
  residual         integer,
  error            text,
  actor            text NOT NULL,
  created_at_ms    integer NOT NULL,
  started_at_ms    integer,
  finished_at_ms   integer,
  updated_at_ms    integer NOT NULL,
  PRIMARY KEY (version, attempt)
))sql";

constexpr const char* kSlices = R"sql((
  version             text NOT NULL,
  attempt             integer NOT NULL,
  ordinal             integer NOT NULL,
  pass                integer NOT NULL,
  lower_bound         text,
  upper_bound         text,
  cursor_key          text,
  state               text NOT NULL,
  rows_done           integer NOT NULL DEFAULT 0,
  batches             integer NOT NULL DEFAULT 0,
  split_wanted        integer NOT NULL DEFAULT 0,
  lease_token         text,
  lease_host          text,
  lease_hostname      text,
  lease_pid           integer,
  lease_process_start integer,
  lease_session       text,
  lease_expires_at_ms integer,
  updated_at_ms       integer NOT NULL,
  PRIMARY KEY (version, attempt, ordinal)
) WITHOUT ROWID)sql";

constexpr const char* kEvents = R"sql((
  id      integer PRIMARY KEY AUTOINCREMENT,
  at_ms   integer NOT NULL,
  actor   text NOT NULL,
  kind    text NOT NULL,
  version text NOT NULL DEFAULT '',
  attempt integer,
  detail  text NOT NULL DEFAULT ''
))sql";

constexpr const char* kQuarantine = R"sql((
  id      integer PRIMARY KEY AUTOINCREMENT,
  version text NOT NULL,
  attempt integer NOT NULL,
  row_key text NOT NULL,
  code    text NOT NULL,
  native  text NOT NULL,
  message text NOT NULL,
  at_ms   integer NOT NULL,
  actor   text NOT NULL
))sql";

constexpr const char* kBeforeImages = R"sql((
  id            integer PRIMARY KEY AUTOINCREMENT,
  version       text NOT NULL,
  attempt       integer NOT NULL,
  key_columns   text NOT NULL,
  kept_columns  text NOT NULL,
  state         text NOT NULL,
  created_at_ms integer NOT NULL,
  undone_at_ms  integer,
  UNIQUE (version, attempt)
))sql";

}  // namespace

std::vector<db::LedgerTable> ledger_schema() {
  return {{"weir_meta", kMeta},
          {"weir_migrations", kMigrations},
          {"weir_repeatables", kRepeatables},
          {"weir_runs", kRuns},
          {"weir_slices", kSlices},
          {"weir_events", kEvents},
          {"weir_quarantine", kQuarantine},
          {"weir_before_images", kBeforeImages}};
}

}  // namespace weir::engines::sqlite
