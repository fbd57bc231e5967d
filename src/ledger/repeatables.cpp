#include "ledger/repeatables.hpp"

#include <weir/version.hpp>

namespace weir::ledger {
namespace {

constexpr const char* kRead =
    "SELECT name, checksum, applied_text, applied_at_ms, actor FROM :weir_repeatables ORDER BY name";

constexpr const char* kUpdate = R"sql(
UPDATE :weir_repeatables
   SET checksum = :checksum, applied_text = :text, applied_at_ms = :now, duration_ms = :duration, actor = :actor,
       weir_version = :weir_version
 WHERE name = :name)sql";

constexpr const char* kInsert = R"sql(
INSERT INTO :weir_repeatables (name, checksum, applied_text, applied_at_ms, duration_ms, actor, weir_version)
VALUES (:name, :checksum, :text, :now, :duration, :actor, :weir_version))sql";

}  // namespace

std::vector<Repeatable> read_repeatables(Ledger& ledger) {
  std::vector<Repeatable> all;
  for (const auto& row : ledger.execute(kRead).rows)
    all.push_back(
        {db::as_text(row[0]), db::as_text(row[1]), db::as_text(row[2]), db::as_integer(row[3]), db::as_text(row[4])});
  return all;
}

void record_repeatable(Ledger& ledger, const project::Migration& migration, Milliseconds duration,
                       const std::string& actor) {
  const db::Bindings values{{"name", migration.name}, {"checksum", migration.checksum},
                            {"text", migration.text}, {"duration", static_cast<std::int64_t>(duration.count())},
                            {"actor", actor},         {"weir_version", std::string(version())}};
  // The deploy lock is held: nobody else writes the row between the two.
  if (ledger.execute(kUpdate, values).affected == 0) ledger.execute(kInsert, values);
}

}  // namespace weir::ledger
