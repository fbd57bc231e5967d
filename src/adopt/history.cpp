#include "adopt/history.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::adopt {
namespace {

using project::Version;

bool is_true(const db::Value& value) {
  const std::string text = db::as_text(value);
  return text == "t" || text == "true" || (!text.empty() && text != "0" && text != "f" && text != "false");
}

std::string bytes_of(const db::Value& value) {
  const std::string text = db::as_text(value);
  if (!text.starts_with("\\x")) return text;
  std::string bytes;
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

void forget(std::vector<AppliedRow>& rows, const Version& version) {
  std::erase_if(rows, [&](const auto& row) { return row.version == version; });
}

void remember(std::vector<AppliedRow>& rows, AppliedRow row) {
  forget(rows, row.version);
  rows.push_back(std::move(row));
}

void read_versions(const db::Result& found, History& history) {
  for (const auto& row : found.rows) remember(history.applied, {Version(db::as_text(row[0])), "", ""});
}

// The table is a log: the last row about a version counts. Version 0 is the tool's own.
void read_goose(const db::Result& found, History& history) {
  for (const auto& row : found.rows) {
    const Version version(db::as_text(row[0]));
    forget(history.applied, version);
    if (is_true(row[1]) && version.key() != "0") history.applied.push_back({version, "", ""});
  }
}

// One row: the last version. `dirty` is set before a file is executed and taken away behind it.
void read_golang_migrate(const db::Result& found, History& history) {
  if (found.rows.empty()) return;
  const Version version(db::as_text(found.rows[0][0]));
  if (!is_true(found.rows[0][1])) {
    if (version.text().starts_with("-")) return;
    history.applied.push_back({version, "", ""});
    history.up_to = version;
    return;
  }
  const std::string& v = version.text();
  history.unfinished = {
      "unfinished", version,
      fmt::format("golang-migrate left version {} dirty: it began the up file of {}, or the down file of the version "
                  "behind it, and a statement failed or the process ended before the row was written. Statements "
                  "before the failing one may have taken effect",
                  v, v),
      fmt::format("compare the database with that file; undo what took effect and run `migrate force` with the version "
                  "before {}, or do the rest by hand and run `migrate force {}`; then `weir adopt`",
                  v, v)};
}

void read_sqlx(const db::Result& found, History& history) {
  for (const auto& row : found.rows) {
    const Version version(db::as_text(row[0]));
    if (is_true(row[2])) {
      remember(history.applied, {version, db::as_text(row[1]), bytes_of(row[3])});
    } else if (!history.unfinished) {
      history.unfinished = {
          "unfinished", version,
          fmt::format("sqlx began migration {} ({}) and did not complete it: statements at its beginning may have "
                      "taken effect",
                      version.text(), db::as_text(row[1])),
          fmt::format("compare the database with the file; undo what took effect and delete the row of version {} from "
                      "_sqlx_migrations, or do the rest by hand and set its `success` to true; then `weir adopt`",
                      version.text())};
    }
  }
}

void read_flyway_row(const db::Row& row, History& history) {
  const Version version(db::as_text(row[0]));
  const std::string description = db::as_text(row[1]), type = db::as_text(row[2]);
  if (!is_true(row[4])) {
    history.unfinished = {
        "unfinished", version,
        fmt::format("Flyway recorded {} ({}) as failed: statements at its beginning may have taken effect",
                    version.text().empty() ? "the repeatable migration" : "version " + version.text(), description),
        "undo by hand what took effect, run `flyway repair`, which removes the failed row, then `weir adopt`"};
  } else if (type == "BASELINE" || type == "SQL_BASELINE") {
    history.up_to = version;
  } else if (type.starts_with("UNDO") || type == "DELETE") {
    forget(history.applied, version);
  } else if (!version.text().empty()) {
    remember(history.applied, {version, description, db::as_text(row[3])});
  } else if (type != "SCHEMA") {
    std::erase_if(history.repeatables, [&](const auto& one) { return one.name == description; });
    history.repeatables.push_back({{}, description, db::as_text(row[3])});
  }
}

}  // namespace

std::optional<History> read_history(Tool tool, db::Connection& connection, const sql::Dialect& dialect) {
  const auto table = connection.find_table(history_table(tool));
  if (!table) return std::nullopt;
  History history;
  history.table = *table;
  const auto select = [&](std::string_view columns, std::string_view order) {
    return connection.execute(
        {fmt::format("SELECT {} FROM {} ORDER BY {}", columns, sql::quote(dialect, *table), order), {}});
  };
  switch (tool) {
    case Tool::kDbmate:
    case Tool::kRails: read_versions(select("version", "version"), history); break;
    case Tool::kGoose: read_goose(select("version_id, is_applied", "id"), history); break;
    case Tool::kGolangMigrate: read_golang_migrate(select("version, dirty", "version"), history); break;
    case Tool::kSqlx: read_sqlx(select("version, description, success, checksum", "version"), history); break;
    case Tool::kFlyway:
      for (const auto& row : select("version, description, type, checksum, success", "installed_rank").rows)
        read_flyway_row(row, history);
      break;
  }
  std::stable_sort(history.applied.begin(), history.applied.end(),
                   [](const auto& a, const auto& b) { return a.version < b.version; });
  return history;
}

}  // namespace weir::adopt
