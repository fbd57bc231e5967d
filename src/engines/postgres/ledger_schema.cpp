#include "engines/postgres/ledger_schema.hpp"

namespace weir::engines::postgres {
namespace {

constexpr const char* kMeta = R"sql((
  key   text PRIMARY KEY,
  value text NOT NULL
))sql";

constexpr const char* kMigrations = R"sql((
  version          text PRIMARY KEY,
  name             text NOT NULL,
  kind             text NOT NULL,
  change_name      text NOT NULL DEFAULT '',
  state            text NOT NULL,
  checksum         text NOT NULL,
  applied_text     text NOT NULL,
  statements_done  bigint NOT NULL,
  statements_total bigint NOT NULL,
  intent           text,
  started_at_ms    bigint NOT NULL,
  applied_at_ms    bigint,
  duration_ms      bigint,
  actor            text NOT NULL,
  weir_version     text NOT NULL
))sql";

constexpr const char* kRepeatables = R"sql((
  name          text NOT NULL PRIMARY KEY,
  checksum      text NOT NULL,
  applied_text  text NOT NULL,
  applied_at_ms bigint NOT NULL,
  duration_ms   bigint NOT NULL,
  actor         text NOT NULL,
  weir_version  text NOT NULL
))sql";

constexpr const char* kRuns = R"sql((
  version          text,
  attempt          bigint,
  name             text NOT NULL,
  state            text NOT NULL,
  checksum         text NOT NULL,
  definition       text NOT NULL,
  table_name       text NOT NULL,
  key_columns      text NOT NULL,
  batch_rows       bigint NOT NULL,
  parameters       text NOT NULL,
  rows_total       bigint,
  workers          bigint,
  max_rate         bigint,
  claims           bigint NOT NULL DEFAULT 0,
  pass             bigint NOT NULL,
  residual         bigint,
  error            text,
  actor            text NOT NULL,
  created_at_ms    bigint NOT NULL,
  started_at_ms    bigint,
  finished_at_ms   bigint,
  updated_at_ms    bigint NOT NULL,
  PRIMARY KEY (version, attempt)
) WITH (fillfactor = 50))sql";

// Every batch updates one row here. The room that fillfactor leaves keeps the new version on the same page and out of
// the index (HOT), where the next update prunes the old ones; vacuum is called for after a thousand that could not be.
// No column but the primary key's may ever be indexed.
// Source: PostgreSQL manual, "Heap-Only Tuples (HOT)".
constexpr const char* kSlices = R"sql((
  version             text,
  attempt             bigint,
  ordinal             bigint,
  pass                bigint NOT NULL,
  lower_bound         text,
  upper_bound         text,
  cursor_key          text,
  state               text NOT NULL,
  rows_done           bigint NOT NULL DEFAULT 0,
  batches             bigint NOT NULL DEFAULT 0,
  split_wanted        bigint NOT NULL DEFAULT 0,
  lease_token         text,
  lease_host          text,
  lease_hostname      text,
  lease_pid           bigint,
  lease_process_start bigint,
  lease_session       text,
  lease_expires_at_ms bigint,
  updated_at_ms       bigint NOT NULL,
  PRIMARY KEY (version, attempt, ordinal)
) WITH (
  fillfactor = 20,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0,
  autovacuum_analyze_threshold = 10000
))sql";

constexpr const char* kEvents = R"sql((
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at_ms   bigint NOT NULL,
  actor   text NOT NULL,
  kind    text NOT NULL,
  version text NOT NULL DEFAULT '',
  attempt bigint,
  detail  text NOT NULL DEFAULT ''
))sql";

constexpr const char* kQuarantine = R"sql((
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version text NOT NULL,
  attempt bigint NOT NULL,
  row_key text NOT NULL,
  code    text NOT NULL,
  native  text NOT NULL,
  message text NOT NULL,
  at_ms   bigint NOT NULL,
  actor   text NOT NULL
))sql";

constexpr const char* kBeforeImages = R"sql((
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version       text NOT NULL,
  attempt       bigint NOT NULL,
  key_columns   text NOT NULL,
  kept_columns  text NOT NULL,
  state         text NOT NULL,
  created_at_ms bigint NOT NULL,
  undone_at_ms  bigint,
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

}  // namespace weir::engines::postgres
