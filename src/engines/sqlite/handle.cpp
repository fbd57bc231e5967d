#include "engines/sqlite/handle.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/sqlite/errors.hpp"

namespace weir::engines::sqlite {
namespace {

void bind_one(sqlite3_stmt* statement, int index, const db::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, index, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  } else if (const auto* blob = std::get_if<db::Blob>(&value)) {
    // A null pointer would bind NULL; an empty blob is a value.
    sqlite3_bind_blob64(statement, index, blob->bytes.empty() ? "" : blob->bytes.data(), blob->bytes.size(),
                        SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

db::Value read_column(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return db::Blob{size == 0 ? std::string() : std::string(bytes, size)};
    }
    default: return std::monostate{};
  }
}

// Resets the statement however run() is left.
class ResetOnExit {
 public:
  explicit ResetOnExit(sqlite3_stmt* statement) : statement_(statement) {}
  ~ResetOnExit() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  ResetOnExit(const ResetOnExit&) = delete;
  ResetOnExit& operator=(const ResetOnExit&) = delete;

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

Prepared::Prepared(sqlite3* database, const std::string& sql) : database_(database) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  if (sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &raw, &tail) != SQLITE_OK)
    throw make_error(database);
  statement_.reset(raw);
  const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
  sqlite3_stmt* more = nullptr;
  if (raw != nullptr && !trim(rest).empty() &&
      (sqlite3_prepare_v2(database, rest.data(), static_cast<int>(rest.size()), &more, nullptr) != SQLITE_OK ||
       more != nullptr)) {
    sqlite3_finalize(more);
    throw Error(Code::kInternal, "more than one statement was sent at once").sql_offset(sql.size() - rest.size());
  }
}

db::Result Prepared::run(const db::Row& params) {
  db::Result result;
  if (statement_ == nullptr) return result;  // only comments
  sqlite3_stmt* statement = statement_.get();
  const ResetOnExit reset(statement);
  for (std::size_t i = 0; i < params.size(); ++i) bind_one(statement, static_cast<int>(i) + 1, params[i]);
  const sqlite3_int64 changes_before = sqlite3_total_changes64(database_);
  const int columns = sqlite3_column_count(statement);
  for (int i = 0; i < columns; ++i) result.columns.emplace_back(sqlite3_column_name(statement, i));
  int rc = sqlite3_step(statement);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(statement)) {
    db::Row row;
    row.reserve(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) row.push_back(read_column(statement, i));
    result.rows.push_back(std::move(row));
  }
  if (rc != SQLITE_DONE) throw make_error(database_);
  // sqlite3_changes() keeps the figure of the last change when this statement changed nothing (SELECT, DDL).
  if (sqlite3_total_changes64(database_) != changes_before) result.affected = sqlite3_changes64(database_);
  return result;
}

}  // namespace weir::engines::sqlite
