#include "backfill/shrinkage.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"

namespace weir::backfill {
namespace {

constexpr std::int64_t kMostKeys = 1000;

std::string looking_sql(const Program& program, const sql::Dialect& dialect, Lower lower) {
  return program.heap ? matching_sql(program, dialect, lower) : matching_keys_sql(program, dialect, lower, kMostKeys);
}

}  // namespace

Shrinkage::Shrinkage(const Program& program, const sql::Dialect& dialect, Lower lower)
    : program_(program), matching_(sql::Template(looking_sql(program, dialect, lower), dialect).render()) {}

Matching Shrinkage::look(db::Connection& connection, const db::Bindings& bindings) const {
  const auto rows = connection.execute({matching_.sql, db::bind(matching_.names, bindings)}).rows;
  if (program_.heap) return {db::as_integer(rows.at(0).at(0)), {}};
  Matching matching{std::ssize(rows), {}};
  for (const auto& key : rows) matching.keys.insert(db::encode_key(key));
  return matching;
}

void Shrinkage::check(const Matching& before, db::Connection& connection, const db::Bindings& bindings) const {
  const Matching after = look(connection, bindings);
  if (after.rows < before.rows) return;
  if (!std::includes(after.keys.begin(), after.keys.end(), before.keys.begin(), before.keys.end())) return;
  throw Error(Code::kResidualDoesNotShrink,
              fmt::format("the change does not make `where` false: {} rows match it before the batch and after it",
                          human_count(before.rows)))
      .at(program_.migration->data.where->place)
      .hint(program_.row_program == nullptr
                ? "this batch was rolled back; make migrate:batch write what `where` looks for"
                : "this batch was rolled back; make the row program answer with what `where` looks for");
}

}  // namespace weir::backfill
