#include "backfill/slicing.hpp"

#include <fmt/format.h>

#include "backfill/lookup.hpp"

namespace weir::backfill {
namespace {

// What a slice must hold at least to be worth another worker.
constexpr std::int64_t kLeastBatches = 4;
// How far a cut is looked for where it is found by walking.
constexpr std::int64_t kFarBatches = 64, kFarRows = 100'000;

bool leads_with_integer(const Program& program) {
  const db::Column* column = program.table.column(program.key.front());
  return column != nullptr && column->integer;
}

// Of any two, without overflow.
std::uint64_t distance(std::int64_t low, std::int64_t high) {
  return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
}

std::int64_t at(std::int64_t low, std::uint64_t offset) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

// The keys next to evenly spaced numbers; gaps in the numbers make the slices uneven, nothing else.
std::vector<db::Row> cuts_by_arithmetic(const db::Database& database, db::Connection& connection,
                                        const Program& program, const db::Row& upper, std::int64_t wanted) {
  const sql::Dialect& dialect = database.dialect();
  const auto lowest = first_row(database, connection, lowest_sql(program, dialect), {});
  if (!lowest) return {};
  const auto low = db::parse_integer(lowest->front()), high = db::parse_integer(upper.front());
  if (!low || !high || *high <= *low) return {};
  const std::uint64_t width = distance(*low, *high);
  if (width / static_cast<std::uint64_t>(wanted) == 0) return {};
  std::vector<db::Row> cuts;
  for (std::int64_t i = 1; i < wanted; ++i) {
    const std::int64_t target = at(*low, width / static_cast<std::uint64_t>(wanted) * static_cast<std::uint64_t>(i));
    auto key = first_row(database, connection, at_least_sql(program, dialect), {{"weir_least", target}});
    if (key) cuts.push_back(*std::move(key));
  }
  return cuts;
}

}  // namespace

std::int64_t slices_for(std::int64_t workers) {
  constexpr std::int64_t kSlicesPerWorker = 4;
  return workers == 1 ? 1 : workers * kSlicesPerWorker;
}

std::vector<ledger::Bounds> cut_slices(const db::Database& database, db::Connection& connection, const Program& program,
                                       const db::Row& upper, std::int64_t wanted) {
  std::vector<db::Row> cuts;
  if (wanted > 1) {
    cuts = leads_with_integer(program) ? cuts_by_arithmetic(database, connection, program, upper, wanted)
                                       : connection.sample_keys(program.table.name, program.key, wanted - 1);
  }
  std::vector<ledger::Bounds> slices;
  std::optional<db::Row> lower;
  for (auto& cut : cuts) {
    // What was inserted since may be greater than `upper`; two cuts may have found the same key.
    if (cut == upper || (lower && cut == *lower)) continue;
    slices.push_back({lower, cut});
    lower = std::move(cut);
  }
  slices.push_back({std::move(lower), upper});
  return slices;
}

std::optional<db::Row> cut_in_two(const db::Database& database, db::Connection& connection, const Program& program,
                                  const std::optional<db::Row>& lower, const db::Row& upper) {
  const sql::Dialect& dialect = database.dialect();
  const auto behind = [&](std::int64_t rows) { return key_behind(database, connection, program, lower, upper, rows); };
  const std::int64_t batch = program.batch_rows;
  const auto enough = behind(2 * kLeastBatches * batch);
  if (!enough) return std::nullopt;
  // Half of what is left where that can be told, else some way ahead.
  if (leads_with_integer(program)) {
    const auto low = db::parse_integer(lower ? lower->front() : enough->front());
    const auto high = db::parse_integer(upper.front());
    if (low && high && *high > *low) {
      const std::int64_t target = at(*low, distance(*low, *high) / 2);
      auto key = first_row(database, connection, at_least_sql(program, dialect), {{"weir_least", target}});
      const auto found = key ? db::parse_integer(key->front()) : std::nullopt;
      if (found && *found > *low && *found < *high) return key;
    }
  }
  auto far = behind(std::min(kFarBatches * batch, std::max(kFarRows, kLeastBatches * batch)));
  if (!far || *far == upper) far = behind(kLeastBatches * batch);
  return far && *far != upper ? far : std::nullopt;
}

}  // namespace weir::backfill
