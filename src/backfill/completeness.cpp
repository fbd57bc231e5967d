#include "backfill/completeness.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::backfill {

namespace {

// Fewer are counted in no time.
constexpr std::int64_t kManyRows = 1'000'000;

// SELECT `what` of the rows that match `where`.
db::Statement select_matching(const db::Database& database, const Program& program, std::string_view what) {
  const auto& dialect = database.dialect();
  const std::string condition = program.where ? fmt::format(" WHERE (\n{}\n)", *program.where) : "";
  const sql::Template query(
      fmt::format("SELECT {} FROM {}{}", what, sql::quote(dialect, program.table.name), condition), dialect);
  const auto rendered = query.render();
  return {rendered.sql, db::bind(rendered.names, program.parameters)};
}

std::int64_t count_rows(const db::Database& database, db::Connection& connection, const Program& program) {
  return db::as_integer(connection.execute(select_matching(database, program, "count(*)")).rows.at(0).at(0));
}

}  // namespace

std::int64_t measure_residual(const db::Database& database, db::Connection& connection, const Program& program) {
  return program.where ? count_rows(database, connection, program) : 0;
}

std::optional<std::int64_t> estimate_rows(const db::Database& database, db::Connection& connection,
                                          const Program& program, Milliseconds limit) {
  std::optional<std::int64_t> rows = connection.planned_rows(select_matching(database, program, "1"));
  if (rows.value_or(0) > kManyRows) return rows;
  if (!rows && program.table.row_estimate >= 0) rows = program.table.row_estimate;
  connection.set_statement_timeout(limit);
  try {
    rows = count_rows(database, connection, program);
  } catch (const Error& error) {
    if (error.code() != Code::kTimeout && error.code() != Code::kCancelled) throw;
  }
  connection.set_statement_timeout(Milliseconds(0));
  return rows;
}

std::optional<std::int64_t> count_violations(db::Connection& connection, const project::Migration& migration) {
  const project::Section* verify = migration.first(project::SectionKind::kVerify);
  if (verify == nullptr) return std::nullopt;
  const sql::Statement& query = verify->statements.front();
  db::Result result;
  try {
    result = connection.execute_text(query.text);
  } catch (Error& error) {
    const Place place = migration.place_in(query, error.sql_offset().value_or(0));
    throw std::move(error).at(place).context("migrate:verify");
  }
  const bool one_value = result.rows.size() == 1 && result.rows[0].size() == 1;
  const auto count = one_value ? parse_integer(db::as_text(result.rows[0][0])) : std::nullopt;
  if (!count) {
    throw Error(Code::kInvalidFile, "migrate:verify did not return one integer")
        .at(migration.place_in(query))
        .hint("write a query such as SELECT count(*) FROM t WHERE something is wrong");
  }
  return count;
}

}  // namespace weir::backfill
