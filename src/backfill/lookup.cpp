#include "backfill/lookup.hpp"

namespace weir::backfill {

db::Result look_up(const db::Database& database, db::Connection& connection, const std::string& sql,
                   const db::Bindings& bindings) {
  const auto rendered = sql::Template(sql, database.dialect()).render();
  return connection.execute({rendered.sql, db::bind(rendered.names, bindings)});
}

std::optional<db::Row> first_row(const db::Database& database, db::Connection& connection, const std::string& sql,
                                 const db::Bindings& bindings) {
  auto rows = look_up(database, connection, sql, bindings).rows;
  return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

std::optional<db::Row> greatest_key(const db::Database& database, db::Connection& connection, const Program& program) {
  return first_row(database, connection, upper_sql(program, database.dialect()));
}

std::optional<db::Row> key_behind(const db::Database& database, db::Connection& connection, const Program& program,
                                  const std::optional<db::Row>& lower, const db::Row& upper, std::int64_t rows) {
  db::Bindings bindings;
  if (lower) bind_key(bindings, "weir_hi", *lower);
  bind_key(bindings, "weir_upper", upper);
  return first_row(database, connection,
                   nth_sql(program, database.dialect(), lower ? Lower::kExclusive : Lower::kOpen, rows), bindings);
}

db::Bindings batch_bindings(const Program& program, const std::optional<db::Row>& lower, const db::Row& upper) {
  db::Bindings bindings = program.parameters;
  if (lower) bind_key(bindings, "weir_lo", *lower);
  bind_key(bindings, "weir_hi", upper);
  return bindings;
}

}  // namespace weir::backfill
