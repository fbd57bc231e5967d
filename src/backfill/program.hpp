// A data migration made concrete on one database: its table, the key to walk and the SQL of its batches.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backfill/parameters.hpp"
#include "db/database.hpp"
#include "ledger/ledger.hpp"
#include "project/migration.hpp"

namespace weir::backfill {

class RowProgram;

struct Program {
  const project::Migration* migration = nullptr;
  db::TableInfo table;
  std::vector<std::string> key;           // columns of the unique key that is walked
  std::optional<db::PhysicalOrder> heap;  // `order: heap`; the key is its column then
  std::int64_t batch_rows = 0;
  bool expand_row_comparisons = false;                  // db::Capabilities::row_comparisons_use_indexes
  std::optional<std::string> where;                     // template text
  std::map<std::string, std::string> typed_parameters;  // fragments
  db::Bindings parameters;
  std::vector<db::Column> read, write;   // columns that a row program sees, and that it answers with
  RowProgram* row_program = nullptr;     // when the run is known
  std::vector<db::Column> keep;          // columns whose old values are saved
  std::optional<sql::TableName> images;  // where to; with `keep`, when the run is known
};

// Table, `where` and parameters only: enough to measure the residual, also when the batch's statements cannot run any
// more. Errors: kNotFound, kNotATable.
Program describe_program(const db::Database& database, db::Connection& connection, const project::Migration& migration,
                         const ParameterValues& parameters);

// Looks at the catalogue, chooses the key and lets the engine check every statement; changes nothing.
// Errors: kNotFound, kNotATable, kNoUniqueKey, kNullKey; what the engine says of the statements, at their place in the
// file.
Program prepare_program(const db::Database& database, db::Connection& connection, const project::Migration& migration,
                        const ParameterValues& parameters);

// Whether a batch has a lower bound; the first one of a pass has none.
// kExactly: only the row with the key `weir_hi0..`.
enum class Lower { kOpen, kExclusive, kExactly };

// Without changes when a row program computes them.
// Bound: weir_lo0.. (kExclusive), weir_hi0.., weir_upper0.., the parameters, and what ledger::checkpoint_sql() names.
db::BatchSource batch_source(const Program& program, const ledger::Ledger& ledger, Lower lower, Milliseconds lease);

// How many boundaries one look ahead finds: for small batches the query costs about as much as the batch.
std::int64_t boundaries_ahead(const Program& program);
// SELECT of the keys that end the next boundaries_ahead() batches behind `weir_hi0..` (kExclusive) or from the
// beginning (kOpen), in order; fewer when the rows up to `weir_upper0..` do not fill so many.
std::string boundaries_sql(const Program& program, const sql::Dialect& dialect, Lower lower);
// SELECT of the n-th key behind `weir_hi0..`, or from the beginning, up to `weir_upper0..`.
std::string nth_sql(const Program& program, const sql::Dialect& dialect, Lower lower, std::int64_t n);
// SELECT of the first two keys behind `weir_lo0..` (kExclusive) or from the beginning up to `weir_hi0..`.
std::string first_two_sql(const Program& program, const sql::Dialect& dialect, Lower lower);
// SELECT of the first key whose leading column is at least `weir_least`.
std::string at_least_sql(const Program& program, const sql::Dialect& dialect);
// SELECT of the least and of the greatest key.
std::string lowest_sql(const Program& program, const sql::Dialect& dialect);
std::string upper_sql(const Program& program, const sql::Dialect& dialect);
// SELECT of the number of rows in the batch's range that match `where`. Bound as in batch_source().
std::string matching_sql(const Program& program, const sql::Dialect& dialect, Lower lower);
// SELECT of the keys of these rows.
std::string matching_keys_sql(const Program& program, const sql::Dialect& dialect, Lower lower);
// SELECT of the keys in the batch's range, whether they match `where` or not. Bound as in batch_source().
std::string range_sql(const Program& program, const sql::Dialect& dialect, Lower lower);
// SELECT of whole rows: the key, then all columns in the order of Program::table. The first `count` of the batch, bound
// as in batch_source(), or the row with the key `weir_hi0..`.
std::string sample_sql(const Program& program, const sql::Dialect& dialect, Lower lower, std::int64_t count);
std::string row_sql(const Program& program, const sql::Dialect& dialect);
// `:batch` and `:range` as SQL.
std::map<std::string, std::string> batch_fragments(const Program& program, const sql::Dialect& dialect, Lower lower);

// {"weir_hi0", key[0]}, ...
void bind_key(db::Bindings& bindings, std::string_view prefix, const db::Row& key);

}  // namespace weir::backfill
