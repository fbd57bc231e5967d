#include "engines/postgres/batch_step.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "engines/postgres/connection.hpp"
#include "engines/postgres/errors.hpp"

namespace weir::engines::postgres {
namespace {

constexpr std::size_t kNoBinding = static_cast<std::size_t>(-1);

}  // namespace

Step::Step(BatchStatement statement, std::string label)
    : statement_(std::move(statement)),
      label_(std::move(label)),
      positions_(statement_.rendered.names.size(), kNoBinding),
      parameters_(statement_.rendered.names.size()) {}

void Step::prepare(Connection& connection) {
  try {
    name_ = connection.prepare(statement_.rendered.sql);
  } catch (const Error& error) {
    throw in_the_users_words(error);
  }
}

Step::Description Step::describe(Connection& connection) const {
  const ResultHandle described(PQdescribePrepared(connection.handle(), name_.c_str()));
  if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) connection.fail(described.get(), "");
  Description description;
  description.returns_rows = PQnfields(described.get()) > 0;
  for (int i = 0; i < PQnparams(described.get()); ++i) {
    const auto type = connection.execute(
        {"SELECT pg_catalog.format_type($1::oid, NULL)", {std::int64_t{PQparamtype(described.get(), i)}}});
    description.types.push_back(db::as_text(type.rows.at(0).at(0)));
  }
  return description;
}

void Step::bind(const db::Bindings& bindings, std::int64_t rows) {
  const auto& names = statement_.rendered.names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == db::kRowsPlaceholder) {
      parameters_.set(i, rows);
    } else {
      parameters_.set(i, binding(i, bindings));
    }
  }
}

Error Step::in_the_users_words(const Error& error) const {
  Error translated = without_offset(error);
  if (!label_.empty()) translated = Error(translated).context(label_);
  const auto offset = error.sql_offset() ? statement_.change_offset(*error.sql_offset()) : std::nullopt;
  return offset ? Error(translated).sql_offset(*offset) : translated;
}

// Callers bind the same names in the same order every time, so the place of last time is looked at first.
const db::Value& Step::binding(std::size_t index, const db::Bindings& bindings) {
  const auto& name = statement_.rendered.names[index];
  std::size_t& at = positions_[index];
  if (at >= bindings.size() || bindings[at].first != name) {
    const auto found = std::find_if(bindings.begin(), bindings.end(), [&](const auto& b) { return b.first == name; });
    if (found == bindings.end()) throw Error(Code::kInternal, fmt::format("no value is bound to :{}", name));
    at = static_cast<std::size_t>(found - bindings.begin());
  }
  return bindings[at].second;
}

}  // namespace weir::engines::postgres
