#include "backfill/program.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/columns.hpp"
#include "backfill/image_sql.hpp"
#include "backfill/key_sql.hpp"
#include "backfill/row_sql.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "govern/batch_sizer.hpp"
#include "ledger/slices.hpp"

namespace weir::backfill {
namespace {

constexpr std::string_view kLo = "weir_lo";
constexpr std::string_view kHi = "weir_hi";
constexpr std::string_view kUpper = "weir_upper";

std::string whole_row(const Program& program, const sql::Dialect& dialect) {
  std::string columns = KeySql(program, dialect).list();
  for (const auto& column : program.table.columns) columns += ", " + dialect.quote(column.name);
  return columns;
}

Error at_over(Code code, const project::Migration& migration, const std::string& message) {
  return Error(code, message).at(migration.data.over.place);
}

db::TableInfo find_table(db::Connection& connection, const project::Migration& migration) {
  const std::string& name = migration.data.over.text;
  const auto table = connection.describe_table(name);
  if (!table)
    throw at_over(Code::kNotFound, migration, fmt::format("there is no table {}", name))
        .hint("is the migration that creates it applied, and does `requires` name it?");
  if (table->kind == db::TableKind::kView) {
    throw at_over(Code::kNotATable, migration, fmt::format("{} is a view", name))
        .hint("name the table behind it in `over`");
  }
  if (table->kind != db::TableKind::kTable)
    throw at_over(Code::kNotATable, migration, fmt::format("{} is not an ordinary table", name));
  if (!table->transactional)
    throw at_over(Code::kNotATable, migration, fmt::format("the storage engine of {} has no transactions", name))
        .hint("weir commits rows and cursor together: ALTER TABLE ... ENGINE=InnoDB first");
  return *table;
}

std::string describe_keys(const db::TableInfo& table) {
  std::string text;
  for (const auto& key : table.unique_keys)
    text += fmt::format("{}({})", text.empty() ? "" : ", ", fmt::join(key.columns, ", "));
  return text;
}

std::vector<std::string> choose_key(const db::TableInfo& table, const project::Migration& migration) {
  const std::vector<std::string>& wanted = migration.data.key;
  if (table.unique_keys.empty()) {
    throw at_over(Code::kNoUniqueKey, migration, fmt::format("{} has no unique key to walk", table.name.name))
        .hint("add a primary key or a unique index over columns that are never NULL");
  }
  if (wanted.empty()) return table.unique_keys.front().columns;
  const auto same = [&](const db::UniqueKey& key) {
    return std::is_permutation(key.columns.begin(), key.columns.end(), wanted.begin(), wanted.end(),
                               [](const auto& a, const auto& b) { return equals_icase(a, b); });
  };
  const auto found = std::find_if(table.unique_keys.begin(), table.unique_keys.end(), same);
  if (found != table.unique_keys.end()) return found->columns;
  throw at_over(Code::kNoUniqueKey, migration,
                fmt::format("({}) is not a unique key of {}", fmt::join(wanted, ", "), table.name.name))
      .hint(fmt::format("unique keys that can be walked: {}", describe_keys(table)));
}

// A row that is updated moves, often to where the walk has not been yet: only `where` tells that it is done.
db::PhysicalOrder choose_heap(db::Connection& connection, const sql::Dialect& dialect, const Program& program) {
  const project::Migration& migration = *program.migration;
  const auto refuse = [&](const std::string& message, const std::string& hint) {
    throw Error(Code::kInvalidFile, message).at(migration.data.heap->place).hint(hint);
  };
  if (!migration.data.where)
    refuse("`order: heap` needs `where`", "updated rows move: without `where` they would be changed again");
  if (!migration.data.key.empty()) refuse("`order: heap` walks no key", "remove `key`, or write `order: key`");
  if (!migration.data.keep.empty())
    refuse("`order: heap` cannot keep old values", "a row's place changes: write `order: key`, or remove `keep`");
  if (migration.data.error_budget)
    refuse("`order: heap` cannot set rows aside", "a row's place changes: write `order: key`, or `on_error: stop`");
  for (const auto& statement : migration.batch_statements()) {
    if (sql::Template(statement.text, dialect).uses("range"))
      throw Error(Code::kInvalidFile, "`:range` cannot be used with `order: heap`")
          .at(migration.place_in(statement))
          .hint("rows that have moved would be changed again: use `:batch`");
  }
  const auto order = connection.physical_order(program.table.name);
  if (!order)
    throw Error(Code::kNotAvailable, "`order: heap` needs PostgreSQL 14 or later")
        .at(migration.data.heap->place)
        .hint("write `order: key`");
  return *order;
}

// A NULL is neither below nor above any key: such rows would be passed over in silence.
void refuse_null_keys(db::Connection& connection, const sql::Dialect& dialect, const Program& program) {
  for (const auto& name : program.key) {
    const db::Column* column = program.table.column(name);
    if (column == nullptr || !column->nullable) continue;
    const std::string sql = fmt::format("SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1",
                                        sql::quote(dialect, program.table.name), dialect.quote(name));
    if (connection.execute({sql, {}}).rows.empty()) continue;
    throw at_over(Code::kNullKey, *program.migration,
                  fmt::format("column {} of the key of {} contains NULL", name, program.table.name.name))
        .hint("rows without a key cannot be walked: fill them, or name another unique key with `-- key:`");
  }
}

void check_statements(db::Connection& connection, const sql::Dialect& dialect, const Program& program) {
  auto fragments = batch_fragments(program, dialect, Lower::kExclusive);
  fragments.insert(program.typed_parameters.begin(), program.typed_parameters.end());
  const project::Migration& migration = *program.migration;
  if (program.where) {
    try {
      const sql::Template condition(
          fmt::format("SELECT 1 FROM {} WHERE (\n{}\n)", sql::quote(dialect, program.table.name), *program.where),
          dialect);
      connection.check(condition.render().sql);
    } catch (Error& error) {
      throw std::move(error).at(migration.data.where->place).context("the condition `where`");
    }
  }
  for (const auto& statement : migration.batch_statements()) {
    const auto rendered = sql::Template(statement.text, dialect).render(fragments);
    try {
      connection.check(rendered.sql);
    } catch (Error& error) {
      const std::size_t offset = error.sql_offset() ? rendered.source_offset(*error.sql_offset()) : 0;
      throw std::move(error).at(migration.place_in(statement, offset));
    }
  }
}

// weir's own, which the engine may refuse all the same: no right to update the table, for example.
void check_row_statements(const db::Database& database, db::Connection& connection, const Program& program) {
  try {
    const RowSql sql(database, program);
    for (const auto& text :
         {sql.read(batch_fragments(program, database.dialect(), Lower::kExclusive).at("batch")), sql.write()})
      connection.check(sql::Template(text, database.dialect()).render().sql);
  } catch (Error& error) {
    throw std::move(error).at(program.migration->change_place());
  }
}

}  // namespace

std::map<std::string, std::string> batch_fragments(const Program& program, const sql::Dialect& dialect, Lower lower) {
  const KeySql key(program, dialect);
  std::string range = key.up_to(kHi);
  if (lower == Lower::kExclusive) range = key.above(kLo) + " AND " + range;
  if (lower == Lower::kExactly) range = key.equal_to(kHi);
  // The condition stands on lines of its own, so that a comment at its end comments out nothing else.
  const std::string batch =
      program.where ? fmt::format("({} AND (\n{}\n))", range, *program.where) : fmt::format("({})", range);
  return {{"range", "(" + range + ")"}, {"batch", batch}};
}

std::int64_t boundaries_ahead(const Program& program) {
  constexpr std::int64_t kRows = 5000, kMost = 50;  // what is read at once, and what is worth keeping
  return std::clamp<std::int64_t>(kRows / program.batch_rows, 1, kMost);
}

std::string boundaries_sql(const Program& program, const sql::Dialect& dialect, Lower lower) {
  const KeySql key(program, dialect);
  const std::string table = sql::quote(dialect, program.table.name);
  const std::string range = (lower == Lower::kExclusive ? key.above(kHi) + " AND " : "") + key.up_to(kUpper);
  const std::int64_t batch = program.batch_rows, count = boundaries_ahead(program);
  if (count == 1) return nth_sql(program, dialect, lower, batch);
  return fmt::format(
      "SELECT {0} FROM (SELECT {0}, row_number() OVER (ORDER BY {0}) AS weir_row FROM (SELECT {0} FROM {1} WHERE {2} "
      "ORDER BY {0} LIMIT {3}) weir_ahead) weir_keys WHERE weir_row % {4} = 0 ORDER BY weir_row",
      key.list(), table, range, batch * count, batch);
}

std::string nth_sql(const Program& program, const sql::Dialect& dialect, Lower lower, std::int64_t n) {
  const KeySql key(program, dialect);
  const std::string range = (lower == Lower::kExclusive ? key.above(kHi) + " AND " : "") + key.up_to(kUpper);
  return fmt::format("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} LIMIT 1 OFFSET {3}", key.list(),
                     sql::quote(dialect, program.table.name), range, n - 1);
}

std::string first_two_sql(const Program& program, const sql::Dialect& dialect, Lower lower) {
  const KeySql key(program, dialect);
  return fmt::format("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} LIMIT 2", key.list(),
                     sql::quote(dialect, program.table.name), batch_fragments(program, dialect, lower).at("range"));
}

std::string at_least_sql(const Program& program, const sql::Dialect& dialect) {
  const KeySql key(program, dialect);
  return fmt::format("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} LIMIT 1", key.list(),
                     sql::quote(dialect, program.table.name), key.leading_at_least("weir_least"));
}

std::string lowest_sql(const Program& program, const sql::Dialect& dialect) {
  const KeySql key(program, dialect);
  return fmt::format("SELECT {0} FROM {1} WHERE {2} ORDER BY {0} LIMIT 1", key.list(),
                     sql::quote(dialect, program.table.name), key.not_null());
}

std::string upper_sql(const Program& program, const sql::Dialect& dialect) {
  const KeySql key(program, dialect);
  return fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1", key.list(),
                     sql::quote(dialect, program.table.name), key.not_null(), key.descending());
}

std::string matching_sql(const Program& program, const sql::Dialect& dialect, Lower lower) {
  return fmt::format("SELECT count(*) FROM {} WHERE {}", sql::quote(dialect, program.table.name),
                     batch_fragments(program, dialect, lower).at("batch"));
}

std::string matching_keys_sql(const Program& program, const sql::Dialect& dialect, Lower lower) {
  return fmt::format("SELECT {} FROM {} WHERE {}", KeySql(program, dialect).list(),
                     sql::quote(dialect, program.table.name), batch_fragments(program, dialect, lower).at("batch"));
}

std::string range_sql(const Program& program, const sql::Dialect& dialect, Lower lower) {
  return fmt::format("SELECT {} FROM {} WHERE {}", KeySql(program, dialect).list(),
                     sql::quote(dialect, program.table.name), batch_fragments(program, dialect, lower).at("range"));
}

std::string sample_sql(const Program& program, const sql::Dialect& dialect, Lower lower, std::int64_t count) {
  const KeySql key(program, dialect);
  return fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {}", whole_row(program, dialect),
                     sql::quote(dialect, program.table.name), batch_fragments(program, dialect, lower).at("batch"),
                     key.list(), count);
}

std::string row_sql(const Program& program, const sql::Dialect& dialect) {
  return fmt::format("SELECT {} FROM {} WHERE {}", whole_row(program, dialect), sql::quote(dialect, program.table.name),
                     KeySql(program, dialect).equal_to(kHi));
}

db::BatchSource batch_source(const Program& program, const ledger::Ledger& ledger, Lower lower, Milliseconds lease) {
  const sql::Dialect& dialect = ledger.database().dialect();
  auto fragments = batch_fragments(program, dialect, lower);
  fragments.insert(program.typed_parameters.begin(), program.typed_parameters.end());
  std::vector<sql::Template> changes;
  for (const auto& statement : program.migration->batch_statements()) changes.emplace_back(statement.text, dialect);
  db::BatchSource source{std::move(changes), std::move(fragments),
                         sql::Template(ledger::checkpoint_sql(ledger, lease), dialect),
                         sql::Template(boundaries_sql(program, dialect, Lower::kExclusive), dialect)};
  if (program.images) add_images(source, ImageSql(ledger.database(), program), lower, dialect);
  return source;
}

void bind_key(db::Bindings& bindings, std::string_view prefix, const db::Row& key) {
  for (std::size_t i = 0; i < key.size(); ++i) bindings.emplace_back(fmt::format("{}{}", prefix, i), key[i]);
}

Program describe_program(const db::Database& database, db::Connection& connection, const project::Migration& migration,
                         const ParameterValues& parameters) {
  Program program;
  program.migration = &migration;
  program.table = find_table(connection, migration);
  program.batch_rows = migration.data.batch_rows.value_or(govern::BatchSizer::kFirstRows);
  program.expand_row_comparisons = !database.capabilities().row_comparisons_use_indexes;
  for (const auto& parameter : migration.data.parameters)
    program.typed_parameters[parameter.name] = database.typed_parameter(parameter.name, parameter.type);
  if (migration.data.where)
    program.where = sql::Template(migration.data.where->text, database.dialect()).expand(program.typed_parameters);
  program.parameters = to_bindings(parameters);
  return program;
}

Program prepare_program(const db::Database& database, db::Connection& connection, const project::Migration& migration,
                        const ParameterValues& parameters) {
  Program program = describe_program(database, connection, migration, parameters);
  if (migration.data.heap) {
    program.heap = choose_heap(connection, database.dialect(), program);
    program.key = {program.heap->column};
  } else {
    program.key = choose_key(program.table, migration);
    refuse_null_keys(connection, database.dialect(), program);
  }
  const auto& data = migration.data;
  for (const auto& column : data.keep) add_column(program.keep, settable_column(program, column), column);
  for (const auto& column : data.read) add_column(program.read, find_column(program.table, column), column);
  for (const auto& column : data.write) add_column(program.write, settable_column(program, column), column);
  check_statements(connection, database.dialect(), program);
  if (migration.has_row_program()) check_row_statements(database, connection, program);
  return program;
}

}  // namespace weir::backfill
