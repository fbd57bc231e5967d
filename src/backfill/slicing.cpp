#include "backfill/slicing.hpp"

#include <fmt/format.h>

#include "backfill/lookup.hpp"

namespace weir::backfill {
namespace {

// What a slice must hold at least to be worth another worker.
constexpr std::int64_t kLeastBatches = 4;
constexpr std::int64_t kUsualBatch = 1000;
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
  std::int64_t last = *low;
  std::vector<db::Row> cuts;
  for (std::int64_t i = 1; i < wanted; ++i) {
    const std::int64_t target = at(*low, width / static_cast<std::uint64_t>(wanted) * static_cast<std::uint64_t>(i));
    auto key = first_row(database, connection, at_least_sql(program, dialect), {{"weir_least", target}});
    // Rows that are inserted between two of these questions must not make the cuts go back: slices would overlap.
    const auto found = key ? db::parse_integer(key->front()) : std::nullopt;
    if (!found || *found <= last || *found >= *high) continue;
    last = *found;
    cuts.push_back(*std::move(key));
  }
  return cuts;
}

std::vector<db::Row> cuts_by_pages(const Program& program, const db::Row& upper, std::int64_t wanted) {
  const std::int64_t pages = db::PhysicalOrder::page_of(upper.front()) + 1;
  std::vector<db::Row> cuts;
  for (std::int64_t i = 1; i < wanted; ++i) {
    if (pages * i / wanted > 0) cuts.push_back({program.heap->end_of(pages * i / wanted - 1)});
  }
  return cuts;
}

std::optional<db::Row> middle_page(const Program& program, const std::optional<db::Row>& lower, const db::Row& upper) {
  const std::int64_t first = lower ? db::PhysicalOrder::page_of(lower->front()) : 0;
  const std::int64_t pages = db::PhysicalOrder::page_of(upper.front()) - first;
  if (pages < 2 * kLeastBatches * pages_of_a_batch(program)) return std::nullopt;
  return db::Row{program.heap->end_of(first + pages / 2)};
}

std::vector<db::Row> find_cuts(const db::Database& database, db::Connection& connection, const Program& program,
                               const db::Row& upper, std::int64_t wanted) {
  if (wanted <= 1) return {};
  if (program.heap) return cuts_by_pages(program, upper, wanted);
  if (leads_with_integer(program)) return cuts_by_arithmetic(database, connection, program, upper, wanted);
  return connection.sample_keys(program.table.name, program.key, wanted - 1);
}

}  // namespace

std::int64_t pages_of_a_batch(const Program& program) {
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(static_cast<double>(program.batch_rows) / program.heap->rows_per_page));
}

db::Row end_of_batch(const db::Database& database, db::Connection& connection, const Program& program,
                     const std::optional<db::Row>& lower, const db::Row& upper) {
  if (!program.heap) return key_behind(database, connection, program, lower, upper, program.batch_rows).value_or(upper);
  const std::int64_t page = (lower ? db::PhysicalOrder::page_of(lower->front()) : -1) + pages_of_a_batch(program);
  return page < db::PhysicalOrder::page_of(upper.front()) ? db::Row{program.heap->end_of(page)} : upper;
}

std::optional<db::Row> find_upper(const db::Database& database, db::Connection& connection, const Program& program) {
  if (!program.heap) return greatest_key(database, connection, program);
  const auto now = connection.physical_order(program.table.name);
  return now && now->pages > 0 ? std::optional(db::Row{now->end_of(now->pages - 1)}) : std::nullopt;
}

std::int64_t slices_for(std::int64_t workers) {
  constexpr std::int64_t kSlicesPerWorker = 4;
  return workers == 1 ? 1 : workers * kSlicesPerWorker;
}

std::vector<ledger::Bounds> cut_slices(const db::Database& database, db::Connection& connection, const Program& program,
                                       const db::Row& upper, std::int64_t wanted) {
  std::vector<db::Row> cuts = find_cuts(database, connection, program, upper, wanted);
  std::vector<ledger::Bounds> slices;
  std::optional<db::Row> lower;
  for (auto& cut : cuts) {
    // Two cuts may be the same key; they ascend otherwise.
    if (cut == upper || (lower && cut == *lower)) continue;
    slices.push_back({lower, cut});
    lower = std::move(cut);
  }
  slices.push_back({std::move(lower), upper});
  return slices;
}

std::optional<db::Row> cut_in_two(const db::Database& database, db::Connection& connection, const Program& program,
                                  const std::optional<db::Row>& lower, const db::Row& upper) {
  if (program.heap) return middle_page(program, lower, upper);
  const sql::Dialect& dialect = database.dialect();
  const auto behind = [&](std::int64_t rows) { return key_behind(database, connection, program, lower, upper, rows); };
  // Large batches are no reason to look further.
  const std::int64_t batch = std::min(program.batch_rows, kUsualBatch);
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
