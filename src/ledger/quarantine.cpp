#include "ledger/quarantine.hpp"

#include "ledger/columns.hpp"

namespace weir::ledger {
namespace {

constexpr const char* kRead = R"sql(
SELECT id, row_key, code, native, message, at_ms, actor FROM :weir_quarantine
 WHERE version = :version AND attempt = :attempt ORDER BY id)sql";
constexpr const char* kCount = "SELECT count(*) FROM :weir_quarantine WHERE version = :version AND attempt = :attempt";
constexpr const char* kFailedAgain = R"sql(
UPDATE :weir_quarantine SET code = :code, native = :native, message = :message, at_ms = :now, actor = :actor
 WHERE version = :version AND attempt = :attempt AND row_key = :key)sql";
constexpr const char* kInsert = R"sql(
INSERT INTO :weir_quarantine (version, attempt, row_key, code, native, message, at_ms, actor)
VALUES (:version, :attempt, :key, :code, :native, :message, :now, :actor))sql";
// An UPDATE, because that waits for whoever moves the run, on every engine, and looks again then.
constexpr const char* kHoldRun = R"sql(
UPDATE :weir_runs SET claims = claims + 1
 WHERE version = :version AND attempt = :attempt AND state NOT IN ('cancelling', 'cancelled'))sql";
constexpr const char* kTake = "DELETE FROM :weir_quarantine WHERE id = :id";
constexpr const char* kFailed = R"sql(
UPDATE :weir_quarantine SET code = :code, native = :native, message = :message, at_ms = :now WHERE id = :id)sql";
constexpr const char* kDiscard = "DELETE FROM :weir_quarantine WHERE version = :version AND attempt = :attempt";

db::Bindings facts_of(const Error& error) {
  const DatabaseFacts& facts = error.facts();
  return {{"code", std::string(to_string(error.code()))},
          {"native", facts.sqlstate.empty() ? std::to_string(facts.number) : facts.sqlstate},
          {"message", error.message()}};
}

}  // namespace

std::vector<QuarantinedRow> read_quarantine(Ledger& ledger, const RunId& id) {
  std::vector<QuarantinedRow> rows;
  for (const auto& row : ledger.execute(kRead, of(id)).rows) {
    rows.push_back({db::as_integer(row[0]), db::decode_key(db::as_text(row[1])), db::as_text(row[2]),
                    db::as_text(row[3]), db::as_text(row[4]), db::as_integer(row[5]), db::as_text(row[6])});
  }
  return rows;
}

std::int64_t count_quarantined(Ledger& ledger, const RunId& id) {
  return db::as_integer(ledger.execute(kCount, of(id)).rows.at(0).at(0));
}

void quarantine_row(Ledger& ledger, const RunId& id, const db::Row& key, const Error& error, const std::string& actor) {
  const db::Bindings row = of(id) + db::Bindings{{"key", db::encode_key(key)}, {"actor", actor}};
  if (ledger.execute(kFailedAgain, row + facts_of(error)).affected == 0) ledger.execute(kInsert, row + facts_of(error));
}

bool hold_uncancelled(Ledger& ledger, const RunId& id) { return ledger.execute(kHoldRun, of(id)).affected == 1; }

bool take_from_quarantine(Ledger& ledger, std::int64_t row_id) {
  return ledger.execute(kTake, {{"id", row_id}}).affected == 1;
}

void note_failure(Ledger& ledger, std::int64_t row_id, const Error& error) {
  ledger.execute(kFailed, facts_of(error) + db::Bindings{{"id", row_id}});
}

std::int64_t discard_quarantine(Ledger& ledger, const RunId& id) { return ledger.execute(kDiscard, of(id)).affected; }

}  // namespace weir::ledger
