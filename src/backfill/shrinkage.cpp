#include "backfill/shrinkage.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"

namespace weir::backfill {
namespace {

constexpr std::int64_t kMostKeys = 10'000;

}  // namespace

Shrinkage::Shrinkage(const Program& program, const sql::Dialect& dialect, Lower lower)
    : program_(program), number_(sql::Template(matching_sql(program, dialect, lower), dialect).render()) {
  if (!program.heap) keys_ = sql::Template(matching_keys_sql(program, dialect, lower), dialect).render();
}

Matching Shrinkage::look(db::Connection& connection, const db::Bindings& bindings) const {
  const auto ask = [&](const sql::Rendered& query) {
    return connection.execute({query.sql, db::bind(query.names, bindings)}).rows;
  };
  Matching matching;
  matching.rows = db::as_integer(ask(number_).at(0).at(0));
  if (!keys_ || matching.rows > kMostKeys) return matching;
  for (const auto& key : ask(*keys_)) matching.keys.insert(db::encode_key(key));
  return matching;
}

bool shrinks(const Matching& before, const Matching& after) {
  if (after.rows < before.rows) return true;
  if (before.keys.empty() || after.keys.empty()) return false;
  return !std::includes(after.keys.begin(), after.keys.end(), before.keys.begin(), before.keys.end());
}

void Shrinkage::check(const Matching& before, db::Connection& connection, const db::Bindings& bindings) const {
  if (shrinks(before, look(connection, bindings))) return;
  throw Error(Code::kResidualDoesNotShrink,
              fmt::format("the change does not make `where` false: {} rows match it before the batch and after it",
                          human_count(before.rows)))
      .at(program_.migration->data.where->place)
      .hint(program_.row_program == nullptr
                ? "this batch was rolled back; make migrate:batch write what `where` looks for"
                : "this batch was rolled back; make the row program answer with what `where` looks for");
}

}  // namespace weir::backfill
