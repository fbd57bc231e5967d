#include "engines/mysql/ledger_schema.hpp"

namespace weir::engines::mysql {
namespace {

// Names and tokens compare byte by byte. Without an engine of its own a table would get the server's default one, which
// may know no transactions.
#define WEIR_LEDGER_TABLE "\n) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"

constexpr const char* kMeta = R"sql((
  `key` varchar(190) NOT NULL PRIMARY KEY,
  value longtext NOT NULL)sql" WEIR_LEDGER_TABLE;

constexpr const char* kMigrations = R"sql((
  version          varchar(190) NOT NULL PRIMARY KEY,
  name             varchar(1000) NOT NULL,
  kind             varchar(40) NOT NULL,
  change_name      varchar(1000) NOT NULL DEFAULT '',
  state            varchar(40) NOT NULL,
  checksum         varchar(190) NOT NULL,
  applied_text     longtext NOT NULL,
  statements_done  bigint NOT NULL,
  statements_total bigint NOT NULL,
  intent           longtext,
  started_at_ms    bigint NOT NULL,
  applied_at_ms    bigint,
  duration_ms      bigint,
  actor            varchar(1000) NOT NULL,
  weir_version     varchar(190) NOT NULL)sql" WEIR_LEDGER_TABLE;

constexpr const char* kRepeatables = R"sql((
  name          varchar(190) NOT NULL PRIMARY KEY,
  checksum      varchar(190) NOT NULL,
  applied_text  longtext NOT NULL,
  applied_at_ms bigint NOT NULL,
  duration_ms   bigint NOT NULL,
  actor         varchar(1000) NOT NULL,
  weir_version  varchar(190) NOT NULL)sql" WEIR_LEDGER_TABLE;

constexpr const char* kRuns = R"sql((
  version          varchar(190) NOT NULL,
  attempt          bigint NOT NULL,
  name             varchar(1000) NOT NULL,
  state            varchar(40) NOT NULL,
  checksum         varchar(190) NOT NULL,
  definition       longtext NOT NULL,
  table_name       varchar(1000) NOT NULL,
  key_columns      longtext NOT NULL,
  batch_rows       bigint NOT NULL,
  parameters       longtext NOT NULL,
  rows_total       bigint,
  workers          bigint,
  max_rate         bigint,
  claims           bigint NOT NULL DEFAULT 0,
  pass             bigint NOT NULL,
  residual         bigint,
  error            longtext,
  actor            varchar(1000) NOT NULL,
  created_at_ms    bigint NOT NULL,
  started_at_ms    bigint,
  finished_at_ms   bigint,
  updated_at_ms    bigint NOT NULL,
  PRIMARY KEY (version, attempt))sql" WEIR_LEDGER_TABLE;

// Every batch updates one row here, in place: no column but the primary key's may ever be indexed.
constexpr const char* kSlices = R"sql((
  version             varchar(190) NOT NULL,
  attempt             bigint NOT NULL,
  ordinal             bigint NOT NULL,
  pass                bigint NOT NULL,
  lower_bound         longtext,
  upper_bound         longtext,
  cursor_key          longtext,
  state               varchar(40) NOT NULL,
  rows_done           bigint NOT NULL DEFAULT 0,
  batches             bigint NOT NULL DEFAULT 0,
  split_wanted        bigint NOT NULL DEFAULT 0,
  lease_token         varchar(190),
  lease_host          varchar(1000),
  lease_hostname      varchar(1000),
  lease_pid           bigint,
  lease_process_start bigint,
  lease_session       varchar(1000),
  lease_expires_at_ms bigint,
  updated_at_ms       bigint NOT NULL,
  PRIMARY KEY (version, attempt, ordinal))sql" WEIR_LEDGER_TABLE;

constexpr const char* kEvents = R"sql((
  id      bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at_ms   bigint NOT NULL,
  actor   varchar(1000) NOT NULL,
  kind    varchar(190) NOT NULL,
  version varchar(190) NOT NULL DEFAULT '',
  attempt bigint,
  detail  longtext NOT NULL)sql" WEIR_LEDGER_TABLE;

constexpr const char* kQuarantine = R"sql((
  id      bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  version varchar(190) NOT NULL,
  attempt bigint NOT NULL,
  row_key longtext NOT NULL,
  code    varchar(190) NOT NULL,
  native  varchar(1000) NOT NULL,
  message longtext NOT NULL,
  at_ms   bigint NOT NULL,
  actor   varchar(1000) NOT NULL)sql" WEIR_LEDGER_TABLE;

constexpr const char* kBeforeImages = R"sql((
  id            bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  version       varchar(190) NOT NULL,
  attempt       bigint NOT NULL,
  key_columns   longtext NOT NULL,
  kept_columns  longtext NOT NULL,
  state         varchar(40) NOT NULL,
  created_at_ms bigint NOT NULL,
  undone_at_ms  bigint,
  UNIQUE (version, attempt))sql" WEIR_LEDGER_TABLE;

#undef WEIR_LEDGER_TABLE

}  // namespace

std::vector<db::LedgerTable> ledger_schema() {
  return {{"weir_migrations", kMigrations},
          {"weir_repeatables", kRepeatables},
          {"weir_runs", kRuns},
          {"weir_slices", kSlices},
          {"weir_events", kEvents},
          {"weir_quarantine", kQuarantine},
          {"weir_before_images", kBeforeImages},
          {"weir_meta", kMeta}};
}

}  // namespace weir::engines::mysql
