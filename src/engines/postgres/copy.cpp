#include "engines/postgres/copy.hpp"

#include <string>

#include "base/error.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"
#include "engines/postgres/errors.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::postgres {
namespace {

constexpr std::size_t kChunk = 1 << 16;

// The lines before `\.`.
std::string_view data_lines(std::string_view text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line == "\\.") return text.substr(0, begin);
    begin = end + 1;
  }
  return text;
}

// `COPY users, line 3, column id: "4711"` -> `COPY users, line 3, column id`; what follows the colon is data.
std::string place_in_data(const PGresult* result) {
  const char* context = PQresultErrorField(result, PG_DIAG_CONTEXT);
  const std::string_view text = context ? context : "";
  return std::string(text.substr(0, text.find_first_of(":\n")));
}

}  // namespace

CopyText split_copy(std::string_view sql) {
  sql::Scanner scanner(sql, dialect());
  bool first = true;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_trivia()) continue;
    if (first && !token.is_word("copy")) break;
    first = false;
    if (token.kind != sql::TokenKind::kSemicolon) continue;
    const auto line_end = sql.find('\n', token.end());
    const auto data = line_end == std::string_view::npos ? std::string_view() : sql.substr(line_end + 1);
    return {sql.substr(0, token.begin), data_lines(data)};
  }
  return {sql, {}};
}

ResultHandle copy_in(Connection& connection, std::string_view data) {
  PGconn* const handle = connection.handle();
  bool sent = true;
  for (std::size_t at = 0; at < data.size() && sent; at += kChunk) {
    const auto chunk = data.substr(at, kChunk);
    sent = PQputCopyData(handle, chunk.data(), static_cast<int>(chunk.size())) == 1;
  }
  if (!sent || PQputCopyEnd(handle, nullptr) != 1) connection.fail(nullptr, "");
  ResultHandle result(PQgetResult(handle));
  while (const ResultHandle more{PQgetResult(handle)}) {
    if (PQstatus(handle) == CONNECTION_BAD) break;
  }
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return result;
  const std::string place = place_in_data(result.get());
  try {
    connection.fail(result.get(), "");
  } catch (Error& error) {
    if (place.empty()) throw;
    throw std::move(error).context(place);
  }
}

void refuse_copy_out(Connection& connection) {
  connection.cancel();
  char* row = nullptr;
  while (PQgetCopyData(connection.handle(), &row, 0) > 0) PQfreemem(row);
  while (const ResultHandle rest{PQgetResult(connection.handle())}) {
    if (PQstatus(connection.handle()) == CONNECTION_BAD) break;
  }
  throw Error(Code::kNotAvailable, "COPY ... TO stdout has no reader here")
      .hint("copy to a table (CREATE TABLE ... AS), or use psql");
}

}  // namespace weir::engines::postgres
