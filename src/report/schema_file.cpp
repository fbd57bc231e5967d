#include "report/schema_file.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "ledger/history.hpp"
#include "ledger/image_sets.hpp"
#include "ledger/repeatables.hpp"

namespace weir::report {
namespace {

constexpr const char* kInsert =
    "INSERT INTO weir_migrations (version, name, kind, change_name, state, checksum, statements_done, "
    "statements_total, "
    "started_at_ms, applied_text, actor, weir_version) VALUES ({}, {}, {}, {}, 'applied', {}, {}, {}, 0, '', "
    "'weir dump', '');\n";

constexpr const char* kInsertRepeatable =
    "INSERT INTO weir_repeatables (name, checksum, applied_text, applied_at_ms, duration_ms, actor, weir_version) "
    "VALUES "
    "({}, {}, '', 0, 0, 'weir dump', '');\n";

std::string literal(const sql::Dialect& dialect, std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || (c == '\\' && dialect.backslash_in_strings)) quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

// Neighbours in time are far apart in this order, so two branches that add a migration each seldom add lines at the
// same place of the file.
void sort_by_reversed_digits(std::vector<ledger::Entry>& entries) {
  const auto reversed = [](const ledger::Entry& entry) {
    const std::string digits = entry.version.key();
    return std::string(digits.rbegin(), digits.rend());
  };
  std::sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) { return reversed(a) < reversed(b); });
}

// Times, people and program versions differ between machines and are left out; the time of loading stands for the
// times.
std::string applied_migrations(const db::Database& database, std::vector<ledger::Entry> entries) {
  const auto text = [&](std::string_view value) { return literal(database.dialect(), value); };
  std::string out = "-- weir: applied migrations (one a line, in the order of their reversed digits)\n";
  sort_by_reversed_digits(entries);
  for (const auto& entry : entries) {
    if (entry.state != ledger::EntryState::kApplied) {
      const bool undoing = entry.state == ledger::EntryState::kUndoing;
      throw Error(Code::kGateClosed, fmt::format("{} is half {}; its schema is no state to keep", entry.name,
                                                 undoing ? "rolled back" : "applied"))
          .hint(undoing ? "first: weir rollback" : "first: weir migrate");
    }
    out += fmt::format(kInsert, text(entry.version.key()), text(entry.name), text(project::to_string(entry.kind)),
                       text(entry.change), text(entry.checksum), entry.statements_done, entry.statements_total);
  }
  return out +
         fmt::format("UPDATE weir_migrations SET started_at_ms = {0}, applied_at_ms = {0};\n\n", database.now_ms());
}

// By name.
std::string applied_repeatables(const db::Database& database, const std::vector<ledger::Repeatable>& repeatables) {
  if (repeatables.empty()) return "";
  std::string out = "-- weir: repeatable migrations\n";
  for (const auto& one : repeatables) {
    out += fmt::format(kInsertRepeatable, literal(database.dialect(), one.name),
                       literal(database.dialect(), one.checksum));
  }
  return out + fmt::format("UPDATE weir_repeatables SET applied_at_ms = {};\n\n", database.now_ms());
}

std::string ledger_tables(const db::Database& database, const std::string& prologue) {
  std::string out = "-- weir: ledger\n";
  if (!prologue.empty()) out += prologue + "\n";
  const std::string_view create = ledger::create_table(database);
  for (const auto& table : database.ledger_schema())
    out += fmt::format("{} {} {};\n", create, table.name, table.definition);
  // `key` is a reserved word in some dialects.
  return out + fmt::format("INSERT INTO weir_meta ({}, value) VALUES ('ledger_version', '{}');\n\n",
                           database.dialect().quote("key"), ledger::kLedgerVersion);
}

}  // namespace

std::string schema_file(const db::Database& database, ledger::Ledger* ledger) {
  // First the history: what is applied while the schema is read may then be missing in the list, where a loaded
  // database shows it (`already-exists`); an object missing from the schema nobody would notice.
  const auto entries = ledger != nullptr ? ledger::read_history(*ledger) : std::vector<ledger::Entry>{};
  const auto repeatables = ledger != nullptr ? ledger::read_repeatables(*ledger) : std::vector<ledger::Repeatable>{};
  const auto dump =
      database.dump_schema(ledger != nullptr ? ledger::all_tables(*ledger) : std::vector<sql::TableName>{});
  std::string out = fmt::format(
      "-- Schema of a {} database, written by `weir dump`. Do not edit it: write a migration and dump again.\n\n",
      database.engine_name());
  if (!dump.prologue.empty()) out += dump.prologue + "\n\n";
  for (const auto& object : dump.objects) out += fmt::format("-- {}\n{}\n\n", object.title, object.sql);
  if (ledger != nullptr) {
    out += ledger_tables(database, dump.ledger_prologue);
    out += applied_migrations(database, entries);
    out += applied_repeatables(database, repeatables);
  }
  if (!dump.epilogue.empty()) out += dump.epilogue + "\n\n";
  out.pop_back();
  return out;
}

}  // namespace weir::report
