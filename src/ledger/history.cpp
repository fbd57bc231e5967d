#include "ledger/history.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <weir/version.hpp>

#include "base/error.hpp"

namespace weir::ledger {
namespace {

constexpr const char* kRead = R"sql(
SELECT version, name, kind, change_name, state, checksum, applied_text, statements_done, statements_total, started_at_ms,
       applied_at_ms, actor, intent
  FROM :weir_migrations)sql";

constexpr const char* kInsert = R"sql(
INSERT INTO :weir_migrations (version, name, kind, change_name, state, checksum, applied_text, statements_done, statements_total,
                              started_at_ms, applied_at_ms, duration_ms, intent, actor, weir_version))sql";

constexpr const char* kStarted = R"sql(
SELECT :version, :name, :kind, :change, 'partial', :checksum, :text, 0, :total, :now, NULL, NULL, :intent, :actor, :weir_version
 WHERE NOT EXISTS (SELECT 1 FROM :weir_migrations WHERE version = :version))sql";

// With a number behind each name.
constexpr const char* kAppliedRow = R"sql(
(:version{0}, :name{0}, :kind{0}, :change{0}, 'applied', :checksum{0}, :text{0}, :total{0}, :total{0}, :now - :duration{0}, :now,
 :duration{0}, NULL, :actor{0}, :weir_version{0}))sql";

constexpr const char* kUndoing = R"sql(
UPDATE :weir_migrations
   SET state = 'undoing', checksum = :checksum, applied_text = :text, statements_done = 0, statements_total = :total,
       intent = :intent
 WHERE version = :version AND state = 'applied')sql";

constexpr const char* kStatementDone =
    "UPDATE :weir_migrations SET statements_done = :done, intent = NULL WHERE version = :version AND state = :state "
    "AND statements_done = :recorded";

constexpr const char* kIntent =
    "UPDATE :weir_migrations SET statements_done = :done, intent = :before WHERE version = :version AND state = :state "
    "AND statements_done = :recorded";

constexpr const char* kJournalText = R"sql(
UPDATE :weir_migrations SET checksum = :checksum, applied_text = :text, statements_total = :total
 WHERE version = :version AND state = :state)sql";

constexpr const char* kApplied = R"sql(
UPDATE :weir_migrations
   SET state = 'applied', checksum = :checksum, applied_text = :text, statements_done = :total, statements_total = :total,
       intent = NULL, applied_at_ms = :now, duration_ms = :duration, actor = :actor, weir_version = :weir_version
 WHERE version = :version)sql";

constexpr const char* kRemoveOpened =
    "DELETE FROM :weir_migrations WHERE version = :version AND state = 'partial' AND statements_done = 0";
constexpr const char* kRemove = "DELETE FROM :weir_migrations WHERE version = :version";

std::string text_of(EntryState state) {
  switch (state) {
    case EntryState::kPartial: return "partial";
    case EntryState::kUndoing: return "undoing";
    case EntryState::kApplied: return "applied";
  }
  return "";
}

EntryState state_named(const std::string& text) {
  for (const auto state : {EntryState::kPartial, EntryState::kUndoing, EntryState::kApplied}) {
    if (text == text_of(state)) return state;
  }
  throw Error(Code::kLedgerCorrupt, fmt::format("weir_migrations has the state '{}'", text))
      .hint("was it written by a newer weir, or by hand?");
}

Entry to_entry(const db::Row& row) {
  Entry entry;
  entry.version = project::Version(db::as_text(row[0]));
  entry.name = db::as_text(row[1]);
  entry.kind = db::as_text(row[2]) == "data" ? project::Kind::kData : project::Kind::kSchema;
  entry.change = db::as_text(row[3]);
  entry.state = state_named(db::as_text(row[4]));
  entry.checksum = db::as_text(row[5]);
  entry.applied_text = db::as_text(row[6]);
  entry.statements_done = db::as_integer(row[7]);
  entry.statements_total = db::as_integer(row[8]);
  entry.started_at = db::as_integer(row[9]);
  if (!db::is_null(row[10])) entry.applied_at = db::as_integer(row[10]);
  entry.actor = db::as_text(row[11]);
  if (!db::is_null(row[12])) entry.intent = db::as_text(row[12]);
  return entry;
}

db::Bindings values_of(const project::Migration& migration, std::int64_t statements_total, const std::string& actor) {
  return {{"version", migration.version.key()},
          {"name", migration.name},
          {"kind", std::string(project::to_string(migration.kind))},
          {"change", migration.change},
          {"checksum", migration.checksum},
          {"text", migration.text},
          {"total", statements_total},
          {"actor", actor},
          {"weir_version", std::string(version())}};
}

}  // namespace

std::vector<Entry> read_history(Ledger& ledger) {
  std::vector<Entry> entries;
  for (const auto& row : ledger.execute(kRead).rows) entries.push_back(to_entry(row));
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.version < b.version; });
  return entries;
}

const Entry* find_entry(const std::vector<Entry>& history, const project::Version& version) {
  const auto found = std::lower_bound(history.begin(), history.end(), version,
                                      [](const Entry& entry, const auto& wanted) { return entry.version < wanted; });
  return found != history.end() && found->version == version ? &*found : nullptr;
}

std::optional<Entry> read_entry(Ledger& ledger, const project::Version& version) {
  const auto found = ledger.execute(std::string(kRead) + " WHERE version = :version", {{"version", version.key()}});
  return found.rows.empty() ? std::nullopt : std::optional(to_entry(found.rows[0]));
}

bool record_started(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    const std::optional<std::string>& intent, const std::string& actor) {
  auto values = values_of(migration, statements_total, actor);
  values.emplace_back("intent", intent ? db::Value(*intent) : db::Value());
  try {
    return ledger.execute(std::string(kInsert) + kStarted, values).affected == 1;
  } catch (const Error& error) {
    if (error.code() != Code::kConstraint) throw;
    throw Error(Code::kSerialization, "another deployer began this migration in the same moment").next(Next::kRetry);
  }
}

void record_applied_together(Ledger& ledger, const std::vector<Applied>& applied, const std::string& actor) {
  std::string sql = std::string(kInsert) + " VALUES ";
  db::Bindings all;
  for (std::size_t i = 0; i < applied.size(); ++i) {
    auto values = values_of(*applied[i].migration, applied[i].statements, actor);
    values.emplace_back("duration", static_cast<std::int64_t>(applied[i].duration.count()));
    sql += (i == 0 ? "" : ", ") + fmt::format(fmt::runtime(kAppliedRow), i);
    for (auto& [name, value] : values) all.emplace_back(name + std::to_string(i), std::move(value));
  }
  try {
    ledger.execute(sql, all);
  } catch (const Error& error) {
    if (error.code() != Code::kConstraint) throw;
    throw Error(Code::kDeployLockHeld, "another deployer applied the migration meanwhile")
        .hint("`weir status` shows how far it is");
  }
}

bool record_undoing(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    const std::optional<std::string>& intent) {
  return ledger
             .execute(kUndoing, {{"version", migration.version.key()},
                                 {"checksum", migration.checksum},
                                 {"text", migration.text},
                                 {"total", statements_total},
                                 {"intent", intent ? db::Value(*intent) : db::Value()}})
             .affected == 1;
}

void record_journal_text(Ledger& ledger, EntryState state, const project::Migration& migration,
                         std::int64_t statements_total) {
  ledger.execute(kJournalText, {{"version", migration.version.key()},
                                {"state", text_of(state)},
                                {"checksum", migration.checksum},
                                {"text", migration.text},
                                {"total", statements_total}});
}

bool record_statement_done(Ledger& ledger, const JournalPlace& place, std::int64_t done) {
  return ledger
             .execute(kStatementDone, {{"done", done},
                                       {"version", place.version.key()},
                                       {"state", text_of(place.state)},
                                       {"recorded", place.recorded}})
             .affected == 1;
}

bool record_intent(Ledger& ledger, const JournalPlace& place, std::int64_t done, const std::string& before) {
  return ledger
             .execute(kIntent, {{"done", done},
                                {"before", before},
                                {"version", place.version.key()},
                                {"state", text_of(place.state)},
                                {"recorded", place.recorded}})
             .affected == 1;
}

bool record_complete(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                     Milliseconds duration, const std::string& actor) {
  auto values = values_of(migration, statements_total, actor);
  values.emplace_back("duration", static_cast<std::int64_t>(duration.count()));
  return ledger.execute(std::string(kApplied) + " AND state = 'partial'", values).affected == 1;
}

void record_applied(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    Milliseconds duration, const std::string& actor) {
  auto values = values_of(migration, statements_total, actor);
  values.emplace_back("duration", static_cast<std::int64_t>(duration.count()));
  if (ledger.execute(kApplied, values).affected == 0)
    record_applied_together(ledger, {{&migration, statements_total, duration}}, actor);
}

void remove_opened(Ledger& ledger, const project::Version& version) {
  ledger.execute(kRemoveOpened, {{"version", version.key()}});
}

bool remove_entry(Ledger& ledger, const project::Version& version) {
  return ledger.execute(kRemove, {{"version", version.key()}}).affected == 1;
}

}  // namespace weir::ledger
