#include "engines/mysql/prepared.hpp"

#include <cstring>
#include <fmt/format.h>

#include "engines/mysql/results.hpp"

namespace weir::engines::mysql {
namespace {

// MYSQL_BIND is C: all of it has to be zero where it is not set.
std::vector<MYSQL_BIND> binds(std::size_t count) {
  std::vector<MYSQL_BIND> list(count);
  if (count > 0) std::memset(static_cast<void*>(list.data()), 0, count * sizeof(MYSQL_BIND));
  return list;
}

template <typename T>
void point_at(MYSQL_BIND& bind, enum_field_types type, const T& value) {
  bind.buffer_type = type;
  bind.buffer = const_cast<void*>(static_cast<const void*>(&value));
}

void point_at(MYSQL_BIND& bind, enum_field_types type, const std::string& bytes) {
  bind.buffer_type = type;
  bind.buffer = const_cast<char*>(bytes.data());
  bind.buffer_length = bytes.size();
  bind.length_value = bytes.size();
  bind.length = &bind.length_value;
}

// The values stay where they are and must outlive the execution.
void bind_value(MYSQL_BIND& bind, const db::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    point_at(bind, MYSQL_TYPE_LONGLONG, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    point_at(bind, MYSQL_TYPE_DOUBLE, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    point_at(bind, MYSQL_TYPE_STRING, *text);
  } else if (const auto* blob = std::get_if<db::Blob>(&value)) {
    point_at(bind, MYSQL_TYPE_BLOB, blob->bytes);
  } else {
    bind.buffer_type = MYSQL_TYPE_NULL;
  }
}

// One column of a result and the room for its value.
struct Cell {
  ValueKind kind = ValueKind::kText;
  bool is_unsigned = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  unsigned long length = 0;
  my_bool is_null = 0;

  void bind(MYSQL_BIND& into, const MYSQL_FIELD& field) {
    kind = kind_of(field);
    is_unsigned = (field.flags & UNSIGNED_FLAG) != 0;
    into.is_null = &is_null;
    into.length = &length;
    if (kind == ValueKind::kInteger) {
      into.buffer_type = MYSQL_TYPE_LONGLONG;
      into.buffer = &integer;
      into.is_unsigned = is_unsigned ? 1 : 0;
    } else if (kind == ValueKind::kFloat) {
      into.buffer_type = MYSQL_TYPE_DOUBLE;
      into.buffer = &number;
    } else {
      text.resize(field.max_length);  // of the rows that are here (STMT_ATTR_UPDATE_MAX_LENGTH)
      into.buffer_type = kind == ValueKind::kBytes ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
      into.buffer = text.data();
      into.buffer_length = text.size();
    }
  }
  db::Value value() const {
    if (is_null != 0) return std::monostate{};
    switch (kind) {
      case ValueKind::kInteger:
        if (is_unsigned && integer < 0) return std::to_string(static_cast<std::uint64_t>(integer));
        return integer;
      case ValueKind::kFloat: return number;
      case ValueKind::kBytes: return db::Blob{text.substr(0, length)};
      case ValueKind::kText: return text.substr(0, length);
    }
    return text.substr(0, length);
  }
};

}  // namespace

std::optional<Failure> Prepared::prepare() {
  statement_.reset(mysql_stmt_init(connection_));
  if (!statement_) return failure_of(connection_);
  const my_bool yes = 1;
  mysql_stmt_attr_set(statement_.get(), STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
  if (mysql_stmt_prepare(statement_.get(), sql_.data(), sql_.size()) == 0) return std::nullopt;
  const Failure failure = failure_of(statement_.get());
  statement_.reset();
  return failure;
}

std::optional<Failure> Prepared::run(const db::Row& params, db::Result& result) {
  MYSQL_STMT* const statement = statement_.get();
  if (mysql_stmt_param_count(statement) != params.size()) {
    throw Error(Code::kInternal, fmt::format("{} parameters were given to a statement with {}", params.size(),
                                             mysql_stmt_param_count(statement)));
  }
  auto list = binds(params.size());
  for (std::size_t i = 0; i < params.size(); ++i) bind_value(list[i], params[i]);
  if (!list.empty() && mysql_stmt_bind_param(statement, list.data()) != 0) return failure_of(statement);
  if (mysql_stmt_execute(statement) != 0) return failure_of(statement);
  return fetch(result);
}

std::optional<Failure> Prepared::fetch(db::Result& result) {
  MYSQL_STMT* const statement = statement_.get();
  if (mysql_stmt_store_result(statement) != 0) return failure_of(statement);
  const ResultHandle metadata(mysql_stmt_result_metadata(statement));
  if (!metadata) {
    result.affected = static_cast<std::int64_t>(mysql_stmt_affected_rows(statement));
    return std::nullopt;
  }
  result.columns = column_names(metadata.get());
  const MYSQL_FIELD* fields = mysql_fetch_fields(metadata.get());
  std::vector<Cell> cells(result.columns.size());
  auto list = binds(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].bind(list[i], fields[i]);
  if (mysql_stmt_bind_result(statement, list.data()) != 0) return failure_of(statement);
  int code = mysql_stmt_fetch(statement);
  for (; code == 0; code = mysql_stmt_fetch(statement)) {
    db::Row& row = result.rows.emplace_back();
    row.reserve(cells.size());
    for (const auto& cell : cells) row.push_back(cell.value());
  }
  if (code == MYSQL_DATA_TRUNCATED) throw Error(Code::kInternal, "a value of a result did not fit its buffer");
  if (code != MYSQL_NO_DATA) return failure_of(statement);
  mysql_stmt_free_result(statement);
  result.affected = changed_rows(sql_, result.rows.size());
  return std::nullopt;
}

}  // namespace weir::engines::mysql
