#include "engines/postgres/each.hpp"

#include <algorithm>
#include <span>

#include "engines/postgres/connection.hpp"
#include "engines/postgres/parameters.hpp"
#include "engines/postgres/results.hpp"

namespace weir::engines::postgres {
namespace {

// Answers that may wait to be read.
constexpr std::size_t kInFlight = 500;

// The answers to `count` statements and to the Sync behind them, all of which are read. The first error, if any.
ResultHandle receive(PGconn* handle, std::size_t count, std::int64_t& affected) {
  ResultHandle failed;
  for (std::size_t i = 0; i < count && PQstatus(handle) == CONNECTION_OK; ++i) {
    ResultHandle answer(PQgetResult(handle));
    const auto status = PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK) affected += tag_count(answer.get());
    if (status != PGRES_COMMAND_OK && !failed) failed = std::move(answer);
    while (PQstatus(handle) == CONNECTION_OK && ResultHandle(PQgetResult(handle))) {
    }
  }
  if (PQstatus(handle) == CONNECTION_OK) const ResultHandle of_the_sync(PQgetResult(handle));
  return failed;
}

[[noreturn]] void give_up(Connection& connection) {
  connection.close();
  connection.fail(nullptr, "");
}

void run(Connection& connection, const std::string& name, std::span<const db::Row> values, std::int64_t& affected) {
  // Everything that can fail here does so before a byte is sent.
  std::vector<Parameters> parameters;
  parameters.reserve(values.size());
  for (const auto& one : values) parameters.emplace_back(one);
  PGconn* const handle = connection.handle();
  if (connection.broken() || PQenterPipelineMode(handle) != 1) connection.fail(nullptr, "");
  bool sent = true;
  for (const auto& one : parameters)
    sent = sent && PQsendQueryPrepared(handle, name.c_str(), one.count(), one.values(), nullptr, nullptr, 0) == 1;
  // Which answer belongs to what could not be told any more.
  if (!sent || PQpipelineSync(handle) != 1) give_up(connection);
  const ResultHandle failed = receive(handle, values.size(), affected);
  if (PQstatus(handle) != CONNECTION_OK) connection.fail(failed.get(), "");
  if (PQexitPipelineMode(handle) != 1) give_up(connection);
  if (failed) connection.fail(failed.get(), "");
}

}  // namespace

std::int64_t execute_each(Connection& connection, const std::string& sql, const std::vector<db::Row>& values) {
  if (values.empty()) return 0;
  const std::string name = connection.prepare(sql);
  std::int64_t affected = 0;
  for (std::size_t at = 0; at < values.size(); at += kInFlight) {
    const std::size_t count = std::min(kInFlight, values.size() - at);
    run(connection, name, std::span(values).subspan(at, count), affected);
  }
  return affected;
}

}  // namespace weir::engines::postgres
