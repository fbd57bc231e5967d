#include "report/rehearsal.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/values.hpp"

namespace weir::report {
namespace {

using backfill::RehearsedRow;
using nlohmann::ordered_json;

ordered_json row_of(const db::Row& row) { return ordered_json::parse(db::encode_key(row)); }

constexpr std::string_view kStays =
    "a rollback does not take back: numbers drawn from sequences and AUTO_INCREMENT, changes of tables without\n"
    "transactions, and what triggers or functions did outside the database\n";

double milliseconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000; }

// One line of the table of values: the key stands in the first line of its row only.
struct Line {
  std::string key, column, before, after;
};

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

std::vector<Line> lines_of(const std::vector<RehearsedRow>& rows) {
  std::vector<Line> lines;
  for (const auto& row : rows) {
    std::string key = shown_key(row.key);
    if (row.fate == RehearsedRow::Fate::kUnchanged) lines.push_back({key, "(unchanged)", "", ""});
    if (row.fate == RehearsedRow::Fate::kGone) lines.push_back({key, "(gone: deleted, or with another key)", "", ""});
    for (const auto& change : row.changes) {
      lines.push_back({std::move(key), change.column, shown_value(change.before), shown_value(change.after)});
      key.clear();
    }
  }
  return lines;
}

std::string table_of(const backfill::Rehearsal& rehearsal, const backfill::RehearsedBatch& batch) {
  auto lines = lines_of(batch.rows);
  if (lines.empty()) return "";
  lines.insert(lines.begin(), {fmt::format("{}", fmt::join(rehearsal.key, ", ")), "column", "before", "after"});
  std::size_t key = 0, column = 0, before = 0;
  for (const auto& line : lines) {
    key = std::max(key, width_of(line.key));
    before = std::max(before, width_of(line.before));
    if (!line.before.empty()) column = std::max(column, width_of(line.column));
  }
  std::string text;
  for (const auto& line : lines) {
    text += fmt::format("  {}  {}", padded(line.key, key), padded(line.column, line.before.empty() ? 0 : column));
    if (!line.before.empty()) text += fmt::format("  {}  {}", padded(line.before, before), line.after);
    text += "\n";
  }
  return text;
}

ordered_json row_json(const RehearsedRow& row) {
  const std::string_view fate = row.fate == RehearsedRow::Fate::kChanged     ? "changed"
                                : row.fate == RehearsedRow::Fate::kUnchanged ? "unchanged"
                                                                             : "gone";
  ordered_json json = {{"key", row_of(row.key)}, {"fate", fate}, {"changes", ordered_json::array()}};
  for (const auto& change : row.changes) {
    const ordered_json values = row_of({change.before, change.after});
    json["changes"].push_back({{"column", change.column}, {"before", values[0]}, {"after", values[1]}});
  }
  return json;
}

}  // namespace

std::string to_text(const project::Migration& migration, const backfill::Rehearsal& rehearsal, Colour colour) {
  const auto paint = [&](std::string_view text, std::string_view code) {
    return colour == Colour::kOn ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  };
  std::string text = fmt::format("{} of {} over {}{}\n", paint("dry run", "1"), migration.name, rehearsal.table,
                                 rehearsal.behind_cursor ? ", from where its unfinished run stands" : "");
  if (rehearsal.skipped > 0)
    text += fmt::format("{} batches before hold no row that matches `where`\n", human_count(rehearsal.skipped));
  std::size_t number = static_cast<std::size_t>(rehearsal.skipped);
  for (const auto& batch : rehearsal.batches) {
    text += fmt::format("batch {}: {} of {} rows changed in {:.1f} ms", ++number, human_count(batch.changed),
                        human_count(batch.matching), milliseconds(batch.elapsed));
    if (rehearsal.has_where) text += fmt::format(", {} still match `where`", human_count(batch.left));
    text += "\n" + table_of(rehearsal, batch);
  }
  if (rehearsal.batches.empty()) text += "no row was found that it would change\n";
  if (rehearsal.time_is_up)
    text += fmt::format("{} of {} batches: time is up, because their rows stay locked to the end\n",
                        rehearsal.batches.size(), rehearsal.wanted);
  if (rehearsal.does_not_shrink())
    text += paint("warning:", "33") + " the change does not make `where` false: `weir run` would stop at this batch\n";
  return text + "rolled back: no row was changed, and no run was begun\n" + std::string(kStays);
}

std::string to_json(const project::Migration& migration, const backfill::Rehearsal& rehearsal) {
  ordered_json batches = ordered_json::array();
  for (const auto& batch : rehearsal.batches) {
    ordered_json rows = ordered_json::array();
    for (const auto& row : batch.rows) rows.push_back(row_json(row));
    batches.push_back({{"rows_matching", batch.matching},
                       {"rows_changed", batch.changed},
                       {"rows_left", rehearsal.has_where ? ordered_json(batch.left) : ordered_json(nullptr)},
                       {"elapsed_ms", milliseconds(batch.elapsed)},
                       {"log_bytes", batch.log_bytes ? ordered_json(*batch.log_bytes) : ordered_json(nullptr)},
                       {"sample", rows}});
  }
  ordered_json json = {{"schema", 1}};
  json["dry_run"] = {{"version", migration.version.text()},
                     {"name", migration.name},
                     {"table", rehearsal.table},
                     {"key", rehearsal.key},
                     {"masked", rehearsal.masked},
                     {"behind_cursor", rehearsal.behind_cursor},
                     {"batches_skipped", rehearsal.skipped},
                     {"batches_wanted", rehearsal.wanted},
                     {"time_is_up", rehearsal.time_is_up},
                     {"does_not_shrink", rehearsal.does_not_shrink()},
                     {"batches", batches}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir::report
