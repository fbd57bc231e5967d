#include "ledger/image_sets.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "ledger/columns.hpp"

namespace weir::ledger {
namespace {

constexpr const char* kRead = "SELECT id, version, attempt, key_columns, kept_columns, state, created_at_ms ";
constexpr const char* kAll = "FROM :weir_before_images ORDER BY id";
constexpr const char* kOne = "FROM :weir_before_images WHERE version = :version AND attempt = :attempt";
constexpr const char* kInsert = R"sql(
INSERT INTO :weir_before_images (version, attempt, key_columns, kept_columns, state, created_at_ms)
VALUES (:version, :attempt, :key, :kept, 'kept', :now))sql";
constexpr const char* kMove = R"sql(
UPDATE :weir_before_images SET state = :to, undone_at_ms = CASE WHEN :undone = 1 THEN :now ELSE NULL END
 WHERE id = :id AND state = :from)sql";
// An UPDATE, because that waits for whoever moves the set, on every engine, and looks again then.
constexpr const char* kHoldKept = R"sql(
UPDATE :weir_before_images SET state = state WHERE version = :version AND attempt = :attempt AND state = 'kept')sql";
constexpr const char* kHoldAll = "UPDATE :weir_before_images SET state = state WHERE version = :version";
constexpr const char* kRemove = "DELETE FROM :weir_before_images WHERE id = :id";

std::string text_of(ImageState state) {
  switch (state) {
    case ImageState::kKept: return "kept";
    case ImageState::kUndoing: return "undoing";
    case ImageState::kUndone: return "undone";
  }
  return "";
}

ImageState state_named(const std::string& text) {
  for (const auto state : {ImageState::kKept, ImageState::kUndoing, ImageState::kUndone}) {
    if (text == text_of(state)) return state;
  }
  throw Error(Code::kLedgerCorrupt, fmt::format("weir_before_images has the state '{}'", text))
      .hint("was it written by a newer weir, or by hand?");
}

ImageSet to_image_set(const db::Row& row) {
  return {db::as_integer(row[0]),
          {project::Version(db::as_text(row[1])), db::as_integer(row[2])},
          decode_names(db::as_text(row[3])),
          decode_names(db::as_text(row[4])),
          state_named(db::as_text(row[5])),
          db::as_integer(row[6])};
}

}  // namespace

std::vector<ImageSet> read_image_sets(Ledger& ledger) {
  std::vector<ImageSet> sets;
  for (const auto& row : ledger.execute(std::string(kRead) + kAll).rows) sets.push_back(to_image_set(row));
  return sets;
}

std::optional<ImageSet> read_image_set(Ledger& ledger, const RunId& run) {
  const auto found = ledger.execute(std::string(kRead) + kOne, of(run));
  return found.rows.empty() ? std::nullopt : std::optional(to_image_set(found.rows[0]));
}

ImageSet record_image_set(Ledger& ledger, const RunId& run, const std::vector<std::string>& key,
                          const std::vector<std::string>& kept) {
  if (auto set = read_image_set(ledger, run)) return *std::move(set);
  try {
    ledger.execute(kInsert, of(run) + db::Bindings{{"key", encode_names(key)}, {"kept", encode_names(kept)}});
  } catch (const Error& error) {
    if (error.code() != Code::kConstraint) throw;  // else another process was faster
  }
  return read_image_set(ledger, run).value();
}

bool move_image_set(Ledger& ledger, const ImageSet& set, ImageState to) {
  return ledger
             .execute(kMove, {{"id", set.id},
                              {"from", text_of(set.state)},
                              {"to", text_of(to)},
                              {"undone", std::int64_t{to == ImageState::kUndone}}})
             .affected == 1;
}

bool hold_kept_images(Ledger& ledger, const RunId& run) { return ledger.execute(kHoldKept, of(run)).affected == 1; }

void hold_image_sets(Ledger& ledger, const project::Version& version) {
  ledger.execute(kHoldAll, {{"version", version.key()}});
}

void remove_image_set(Ledger& ledger, const ImageSet& set) { ledger.execute(kRemove, {{"id", set.id}}); }

std::vector<sql::TableName> all_tables(Ledger& ledger) {
  auto tables = ledger.tables();
  for (const auto& set : read_image_sets(ledger)) tables.push_back(ledger.beside(set.table_name()));
  return tables;
}

}  // namespace weir::ledger
