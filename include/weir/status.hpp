// Where every migration, change and run of a project stands, as values: what `weir status --json` prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/migrate.hpp>
#include <weir/run.hpp>

namespace weir {

struct MigrationStatus {
  std::string version;
  std::string name;
  Kind kind = Kind::kSchema;
  std::string change;  // `change:` of the file; may be empty
  // Words that never change. Of both kinds: "pending", "waiting" (at a gate), "changed" (applied, the file was edited
  // since), "missing" (applied, the file is gone), "partial" (some statements are done). Of a schema migration:
  // "applied". Of a data migration: the states of a run.
  std::string state;
  std::optional<Time> applied_at;
  std::vector<std::string> waits_for;  // names
  std::int64_t statements_done = 0;
  std::int64_t statements_total = 0;
  std::optional<RunStatus> run;  // the newest one of a data migration
};

// Applied again whenever its text changed (R__name.sql).
struct RepeatableStatus {
  std::string name;
  std::string state;  // "pending" (new or changed), "applied", "missing" (its file is gone)
  std::optional<Time> applied_at;
};

// Migrations that belong together, in the three steps of a change; each is named by its version.
struct ChangeStatus {
  std::string name;
  std::vector<std::string> expand;    // schema migrations before the first data migration
  std::vector<std::string> data;      // data migrations
  std::vector<std::string> contract;  // schema migrations after it
};

// Who deploys in this moment.
struct LockHolder {
  std::string description;    // "pid 4711 on web-1 (deploy@web-1)"
  std::optional<Time> since;  // nothing: not known
};

struct Status {
  std::string engine;                         // "postgres", "mysql", "mariadb", "sqlite"; more may come
  std::string database;                       // its URL without password
  std::vector<MigrationStatus> migrations;    // by version
  std::vector<RepeatableStatus> repeatables;  // by name
  std::vector<ChangeStatus> changes;          // in the order of their first migration
  std::vector<RunStatus> runs;                // all attempts
  std::optional<LockHolder> lock;
};

}  // namespace weir
