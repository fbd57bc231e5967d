#include "engines/postgres/connect.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <poll.h>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/postgres/errors.hpp"

namespace weir::engines::postgres {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kOldestServer = 120000;
constexpr int kHasIdleSessionTimeout = 140000;

// Keys are stored in the ledger as the text the server prints, and must mean exactly the same when they come back.
// The server's own keepalives end the session of a machine that vanished, and with it the locks it held.
// With row_security off a query that a policy would filter fails: a row that cannot be seen is a row not changed, and
// not counted as left over either.
constexpr std::string_view kSettings = R"sql(SET DateStyle = 'ISO';
SET IntervalStyle = 'postgres';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SET standard_conforming_strings = on;
SET default_transaction_isolation = 'read committed';
SET row_security = off;
SET idle_in_transaction_session_timeout = 0;
SET tcp_keepalives_idle = 30;
SET tcp_keepalives_interval = 10;
SET tcp_keepalives_count = 3;
)sql";

// A control connection's commits are durable; a stronger setting of the user's (remote_apply) stays.
constexpr std::string_view kControlSettings = R"sql(
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
)sql";
// Exactly once holds without waiting for the disk: cursor and data are in one commit (DESIGN.md section 1).
constexpr std::string_view kWorkerSettings = "SET synchronous_commit = off;\n";
// weir is never idle in a transaction, unless its process was stopped: then the locks that it holds keep others from
// taking over, and the application from its rows. As long as a lease, so that who takes over need not wait longer.
constexpr std::string_view kNeverIdle = "SET idle_in_transaction_session_timeout = '15s';\n";
constexpr std::string_view kReadSettings = "SET default_transaction_read_only = on;\n";

// Fails when the session that answers is not the one libpq was told of: behind a transaction pooler it is another
// client's in a moment. All settings are one simple query, hence one transaction, so none of them stays with it.
constexpr const char* kOwnSession = "SELECT 1 / (CASE WHEN pg_backend_pid() = {} THEN 1 ELSE 0 END);\n";
constexpr std::string_view kNotOwnSession = "22012";

std::string_view settings_of(db::Purpose purpose) {
  switch (purpose) {
    case db::Purpose::kControl: return kControlSettings;
    case db::Purpose::kWorker: return kWorkerSettings;
    case db::Purpose::kRead: return kReadSettings;
  }
  return {};
}

std::string quote_literal(PGconn* connection, const std::string& text) {
  const std::unique_ptr<char, decltype(PQfreemem)> quoted(PQescapeLiteral(connection, text.data(), text.size()),
                                                          PQfreemem);
  return quoted ? quoted.get() : throw Error(Code::kConfig, "search_path in the database URL is not valid UTF-8");
}

// libpq's own limit of the time (connect_timeout) does not hold for PQconnectPoll.
SteadyClock::time_point deadline_of(const Conninfo& info) {
  const auto found = info.parameters.find("connect_timeout");
  const auto seconds = found == info.parameters.end() ? std::nullopt : parse_integer(found->second);
  return seconds && *seconds > 0 ? SteadyClock::now() + std::chrono::seconds(*seconds) : SteadyClock::time_point::max();
}

// False when the deadline passed first.
bool wait_for(const PGconn* connection, short events, SteadyClock::time_point deadline) {
  for (;;) {
    pollfd waiting{PQsocket(connection), events, 0};
    int timeout = -1;
    if (deadline != SteadyClock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }
    const int ready = poll(&waiting, 1, timeout);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (ready == 0) return false;
  }
}

// Step by step only because a refused connection tells its SQLSTATE nowhere but in a verbose message, and the verbosity
// can be set only once the connection object exists.
void finish_connecting(PGconn* connection, const Conninfo& info) {
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  const auto deadline = deadline_of(info);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (PQstatus(connection) != CONNECTION_BAD && status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
    if (!wait_for(connection, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      throw Error(Code::kCannotConnect, "the database server did not answer in time")
          .next(Next::kRetry)
          .hint("does the URL name the right host and port? connect_timeout=<seconds> in the URL waits longer");
    }
    status = PQconnectPoll(connection);
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
}

ConnectionHandle open(const Conninfo& info) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : info.parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  const auto host = info.parameters.find("host");
  const bool several_hosts = host != info.parameters.end() && host->second.find(',') != std::string::npos;
  // Only libpq's own loop goes on to the next host after a timeout.
  ConnectionHandle connection(several_hosts ? PQconnectdbParams(keywords.data(), values.data(), 0)
                                            : PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection) throw Error(Code::kCannotConnect, "out of memory");
  if (!several_hosts) finish_connecting(connection.get(), info);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw connect_error(PQerrorMessage(connection.get()));
  return connection;
}

Error behind_pooler() {
  return Error(Code::kConfig,
               "the database URL goes through a connection pooler, which lends a session to many clients")
      .hint("give a URL that leads directly to the server: weir's locks and settings need a session of their own");
}

}  // namespace

ConnectionHandle open_session(const Conninfo& info, db::Purpose purpose) {
  ConnectionHandle connection = open(info);
  PQsetNoticeReceiver(
      connection.get(), [](void*, const PGresult*) {}, nullptr);
  const int version = PQserverVersion(connection.get());
  if (version < kOldestServer) {
    throw Error(Code::kConfig, fmt::format("the server is PostgreSQL {}; weir needs 12 or newer", version / 10000));
  }
  std::string settings = fmt::format(kOwnSession, PQbackendPID(connection.get()));
  settings += kSettings;
  settings += settings_of(purpose);
  if (purpose != db::Purpose::kRead) settings += kNeverIdle;
  if (version >= kHasIdleSessionTimeout) settings += "SET idle_session_timeout = 0;\n";
  if (!info.search_path.empty()) {
    settings += fmt::format("SELECT set_config('search_path', {}, false);\n",
                            quote_literal(connection.get(), info.search_path));
  }
  const ResultHandle result(PQexec(connection.get(), settings.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    Error error = error_of(connection.get(), result.get(), "").context("the session could not be prepared");
    if (error.facts().sqlstate == kNotOwnSession) throw behind_pooler();
    // Of all settings only search_path is the user's.
    if (error.code() == Code::kDataError)
      throw Error(Code::kConfig, error.message()).facts(error.facts()).hint("correct search_path in the database URL");
    throw error;
  }
  return connection;
}

}  // namespace weir::engines::postgres
