#include "adopt/former_history.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

#include "adopt/checksum.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "ledger/history.hpp"

namespace weir::adopt {
namespace {

using project::Migration;
using project::Version;

constexpr std::size_t kMostOfUser = 100;  // characters of Flyway's installed_by

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::int64_t number_of(const Version& version) {
  const auto number = weir::parse_integer(version.key());
  if (!number)
    throw Error(Code::kInvalidFile, fmt::format("version {} does not fit the former tool's table", version.text()));
  return *number;
}

std::string blanks_for_underscores(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::int64_t nanoseconds(Milliseconds elapsed) { return std::chrono::nanoseconds(elapsed).count(); }

}  // namespace

std::optional<FormerHistory> FormerHistory::open(const project::Config& config, const project::Timeline& timeline,
                                                 const sql::Dialect& dialect, db::Connection& connection) {
  const auto tool = former_tool(config);
  if (!tool || !config.adopted->keep_history) return std::nullopt;
  const auto table = connection.find_table(history_table(*tool));
  if (!table) return std::nullopt;
  FormerHistory history;
  history.tool_ = *tool;
  history.table_ = sql::quote(dialect, *table);
  history.root_ = config.root;
  history.folder_ = config.adopted->folder;
  for (const auto& migration : timeline.migrations()) {
    if (!migration.former_tool.empty()) history.versions_.push_back(migration.version);
  }
  return history;
}

bool FormerHistory::concerns(const Migration& migration) const {
  if (tool_ == Tool::kRails) return migration.kind == project::Kind::kSchema && !migration.repeatable;
  return !migration.former_tool.empty();
}

void FormerHistory::record_applied(ledger::Ledger& ledger, const Migration& migration, Milliseconds elapsed,
                                   const std::string& actor) const {
  if (!concerns(migration)) return;
  switch (tool_) {
    case Tool::kDbmate:
    case Tool::kRails:
      ledger.execute("INSERT INTO " + table_ + " (version) VALUES (:version)", {{"version", migration.version.text()}});
      break;
    case Tool::kGoose:
      ledger.execute("INSERT INTO " + table_ + " (version_id, is_applied) VALUES (:version, TRUE)",
                     {{"version", number_of(migration.version)}});
      break;
    case Tool::kGolangMigrate: {
      // One row for all: an older migration that comes late does not move it back.
      const auto found = ledger.execute("SELECT version FROM " + table_);
      const bool later = !found.rows.empty() && Version(db::as_text(found.rows[0][0])) > migration.version;
      if (!later) set_only_version(ledger, migration.version.key());
      break;
    }
    case Tool::kSqlx:
      ledger.execute("INSERT INTO " + table_ +
                         " (version, description, success, checksum, execution_time)"
                         " VALUES (:version, :description, TRUE, :checksum, :elapsed)",
                     {{"version", number_of(migration.version)},
                      {"description", blanks_for_underscores(migration.name)},
                      {"checksum", db::Blob{sqlx_checksum(read_bytes(root_ / migration.file))}},
                      {"elapsed", nanoseconds(elapsed)}});
      break;
    case Tool::kFlyway: insert_flyway_row(ledger, migration, "SQL", elapsed, actor); break;
  }
}

void FormerHistory::record_rolled_back(ledger::Ledger& ledger, const Migration& migration, Milliseconds elapsed,
                                       const std::string& actor) const {
  if (!concerns(migration)) return;
  switch (tool_) {
    case Tool::kDbmate:
    case Tool::kRails:
      ledger.execute("DELETE FROM " + table_ + " WHERE version = :version", {{"version", migration.version.text()}});
      break;
    case Tool::kGoose:
      ledger.execute("DELETE FROM " + table_ + " WHERE version_id = :version",
                     {{"version", number_of(migration.version)}});
      break;
    case Tool::kSqlx:
      ledger.execute("DELETE FROM " + table_ + " WHERE version = :version",
                     {{"version", number_of(migration.version)}});
      break;
    case Tool::kGolangMigrate: {
      std::string last;
      for (const auto& entry : ledger::read_history(ledger)) {
        const bool theirs = std::binary_search(versions_.begin(), versions_.end(), entry.version);
        if (theirs && entry.version != migration.version) last = entry.version.key();
      }
      set_only_version(ledger, last);
      break;
    }
    case Tool::kFlyway: insert_flyway_row(ledger, migration, "UNDO_SQL", elapsed, actor); break;
  }
}

// An empty version: nothing is applied.
void FormerHistory::set_only_version(ledger::Ledger& ledger, const std::string& version) const {
  ledger.execute("DELETE FROM " + table_);
  if (version.empty()) return;
  ledger.execute("INSERT INTO " + table_ + " (version, dirty) VALUES (:version, FALSE)",
                 {{"version", number_of(Version(version))}});
}

void FormerHistory::insert_flyway_row(ledger::Ledger& ledger, const Migration& migration, const std::string& type,
                                      Milliseconds elapsed, const std::string& actor) const {
  std::string file = migration.file;
  for (const auto& section : migration.sections) {
    if (type != "SQL" && !section.file.empty()) file = section.file;
  }
  const auto version = migration.repeatable ? db::Value() : db::Value(migration.version.text());
  const auto rank = ledger.execute("SELECT coalesce(max(installed_rank), 0) + 1 FROM " + table_).rows.at(0).at(0);
  ledger.execute(
      "INSERT INTO " + table_ +
          " (installed_rank, version, description, type, script, checksum, installed_by, execution_time,"
          " success) VALUES (:rank, :version, :description, :type, :script, :checksum, :user, :elapsed, TRUE)",
      {{"rank", db::as_integer(rank)},
       {"version", version},
       {"description", blanks_for_underscores(migration.name)},
       {"type", type},
       {"script", std::filesystem::path(file).lexically_relative(folder_).string()},
       {"checksum", std::int64_t{flyway_checksum(read_bytes(root_ / file))}},
       {"user", actor.substr(0, kMostOfUser)},
       {"elapsed", static_cast<std::int64_t>(elapsed.count())}});
}

}  // namespace weir::adopt
