#include "engines/mysql/connect.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/mysql/errors.hpp"
#include "engines/mysql/literals.hpp"
#include "engines/mysql/results.hpp"

namespace weir::engines::mysql {
namespace {

constexpr unsigned long kOldestMysql = 80000;
constexpr unsigned long kOldestMariadb = 100500;

constexpr const char* kVariables = R"sql(SHOW SESSION VARIABLES WHERE Variable_name IN (
'sql_mode', 'log_bin', 'binlog_format', 'time_zone', 'system_time_zone', 'pseudo_thread_id', 'transaction_isolation',
'tx_isolation', 'transaction_read_only', 'tx_read_only', 'idle_transaction_timeout', 'max_statement_time',
'max_execution_time', 'information_schema_stats_expiry', 'hostname', 'port', 'performance_schema'))sql";

void set(MYSQL* connection, mysql_option option, const std::string& text) {
  if (!text.empty()) mysql_options(connection, option, text.c_str());
}

void set_options(MYSQL* connection, const Conninfo& info) {
  mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(connection, MYSQL_OPT_CONNECT_TIMEOUT, &info.connect_timeout_seconds);
  // A server could otherwise ask for any file of this machine.
  const unsigned no_files = 0;
  mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &no_files);
  mysql_options4(connection, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", info.program_name.c_str());
  if (info.tcp) {
    const unsigned tcp = MYSQL_PROTOCOL_TCP;
    mysql_options(connection, MYSQL_OPT_PROTOCOL, &tcp);
  }
  const my_bool use_tls = info.tls == Tls::kOff ? 0 : 1;
  const my_bool verify = info.tls == Tls::kVerified ? 1 : 0;
  set(connection, MYSQL_OPT_SSL_CA, info.ssl_ca);
  set(connection, MYSQL_OPT_SSL_CAPATH, info.ssl_capath);
  set(connection, MYSQL_OPT_SSL_CERT, info.ssl_cert);
  set(connection, MYSQL_OPT_SSL_KEY, info.ssl_key);
  set(connection, MYSQL_OPT_SSL_CIPHER, info.ssl_cipher);
  set(connection, MARIADB_OPT_TLS_VERSION, info.tls_version);
  mysql_options(connection, MYSQL_OPT_SSL_ENFORCE, &use_tls);
  mysql_options(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

// A peer that vanished is noticed within about a minute, also while a long statement runs.
void keep_alive(MYSQL* connection) {
  const int fd = mysql_get_socket(connection);
  const auto put = [&](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);  // a unix socket knows none of them
  };
  put(SOL_SOCKET, SO_KEEPALIVE, 1);
  put(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  put(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  put(IPPROTO_TCP, TCP_KEEPCNT, 3);
  put(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

// Runs one statement; its rows if it has any.
std::vector<db::Row> run(MYSQL* connection, const std::string& sql) {
  if (mysql_real_query(connection, sql.data(), sql.size()) != 0) {
    throw to_error(failure_of(connection), "").context("the session could not be prepared");
  }
  const ResultHandle result(mysql_store_result(connection));
  return result ? rows_of(result.get()) : std::vector<db::Row>();
}

std::string literal(const std::string& text) {
  std::string sql;
  append_literal(sql, text);
  return sql;
}

// "SET a = b, c = d", of the settings that this server has.
class Settings {
 public:
  explicit Settings(const Server& server) : server_(server) {}
  void add(std::string_view name, std::string_view value) { list_.push_back(fmt::format("{} = {}", name, value)); }
  // The first of the names that the server has.
  void add_known(std::initializer_list<std::string> names, std::string_view value) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const auto& name) { return server_.has(name); });
    if (found != names.end()) add(*found, value);
  }
  std::string sql() const { return fmt::format("SET {}", fmt::join(list_, ", ")); }

 private:
  const Server& server_;
  std::vector<std::string> list_;
};

// InnoDB refuses to change rows in READ COMMITTED where the binary log holds statements.
bool may_read_committed(const Server& server) {
  return !equals_icase(server.value("log_bin"), "ON") || !equals_icase(server.value("binlog_format"), "STATEMENT");
}

std::string settings_of(const Server& server, const Conninfo& info, db::Purpose purpose) {
  Settings settings(server);
  settings.add("sql_mode", literal(session_sql_mode(server.value("sql_mode"))));
  // The handshake asks for it already, but a server may be told not to listen.
  for (const auto* name : {"character_set_client", "character_set_results", "character_set_connection"})
    settings.add(name, "utf8mb4");
  settings.add("autocommit", "1");
  settings.add("completion_type", "'NO_CHAIN'");
  settings.add("wait_timeout", "31536000");
  settings.add("sql_select_limit", "18446744073709551615");
  // weir is never idle in a transaction, unless its process was stopped: then its locks must not keep others from
  // taking over for longer than a lease.
  settings.add_known({"idle_transaction_timeout"}, purpose == db::Purpose::kRead ? "0" : "15");
  settings.add_known({"information_schema_stats_expiry"}, "0");
  if (may_read_committed(server)) settings.add_known({"transaction_isolation", "tx_isolation"}, "'READ-COMMITTED'");
  if (purpose == db::Purpose::kRead) settings.add_known({"transaction_read_only", "tx_read_only"}, "1");
  if (!info.time_zone.empty()) settings.add("time_zone", literal(info.time_zone));
  return settings.sql();
}

void refuse_old(const Server& server) {
  const unsigned long oldest = server.mariadb ? kOldestMariadb : kOldestMysql;
  if (server.version >= oldest) return;
  throw Error(Code::kConfig,
              fmt::format("the server is {} {}.{}; weir needs MySQL 8.0 or MariaDB 10.5, or newer",
                          server.mariadb ? "MariaDB" : "MySQL", server.version / 10000, server.version / 100 % 100));
}

// A proxy that lends a server's session to whoever asks next gives its clients numbers of its own.
void refuse_proxy(MYSQL* connection, const Server& server) {
  const auto own = parse_integer(server.value("pseudo_thread_id"));
  if (!own || static_cast<std::uint32_t>(*own) == static_cast<std::uint32_t>(mysql_thread_id(connection))) return;
  throw Error(Code::kConfig, "the database URL goes through a proxy, which lends a session to many clients")
      .hint("give a URL that leads directly to the server: weir's locks and settings need a session of their own");
}

}  // namespace

std::string Server::value(const std::string& variable) const {
  const auto found = variables.find(variable);
  return found == variables.end() ? "" : found->second;
}

bool Server::fixed_time_zone() const {
  const std::string session = value("time_zone");
  const std::string zone = equals_icase(session, "SYSTEM") ? value("system_time_zone") : session;
  const bool offset = zone.size() >= 2 && (zone[0] == '+' || zone[0] == '-') && zone.find(':') != std::string::npos;
  return offset || equals_icase(zone, "UTC") || equals_icase(zone, "GMT") || equals_icase(zone, "Etc/UTC");
}

std::string session_sql_mode(const std::string& of_server) {
  // They change how text is read or how keys come back; the names of other databases imply ANSI_QUOTES.
  constexpr std::array<std::string_view, 12> kNever{"ANSI",
                                                    "ANSI_QUOTES",
                                                    "NO_BACKSLASH_ESCAPES",
                                                    "PAD_CHAR_TO_FULL_LENGTH",
                                                    "EMPTY_STRING_IS_NULL",
                                                    "ORACLE",
                                                    "POSTGRESQL",
                                                    "MSSQL",
                                                    "DB2",
                                                    "MAXDB",
                                                    "MYSQL323",
                                                    "MYSQL40"};
  constexpr std::array<std::string_view, 2> kAlways{"STRICT_TRANS_TABLES", "NO_ENGINE_SUBSTITUTION"};
  std::vector<std::string> modes;
  for (const auto& mode : split(of_server, ',')) {
    if (!mode.empty() && std::find(kNever.begin(), kNever.end(), mode) == kNever.end()) modes.push_back(mode);
  }
  for (const auto mode : kAlways) {
    if (std::find(modes.begin(), modes.end(), mode) == modes.end()) modes.emplace_back(mode);
  }
  return fmt::format("{}", fmt::join(modes, ","));
}

ConnectionHandle open_connection(const Conninfo& info) {
  load_libmariadb();
  ConnectionHandle connection(mysql_init(nullptr));
  if (!connection) throw Error(Code::kCannotConnect, "out of memory");
  set_options(connection.get(), info);
  const auto or_null = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  if (!mysql_real_connect(connection.get(), or_null(info.host), info.user.c_str(), or_null(info.password),
                          info.database.c_str(), info.port, or_null(info.socket), CLIENT_FOUND_ROWS)) {
    throw connect_error(failure_of(connection.get()));
  }
  if ((info.tls == Tls::kRequired || info.tls == Tls::kVerified) && !mysql_get_ssl_cipher(connection.get())) {
    throw Error(Code::kCannotConnect, "the server offers no TLS")
        .hint("give it a certificate, or add ssl-mode=disabled to the URL if the network can be trusted");
  }
  if (info.socket.empty()) keep_alive(connection.get());
  return connection;
}

Session open_session(const Conninfo& info, db::Purpose purpose) {
  Session session{open_connection(info), {}};
  MYSQL* const connection = session.handle.get();
  Server& server = session.server;
  server.mariadb = std::string_view(mysql_get_server_info(connection)).find("MariaDB") != std::string_view::npos;
  server.version = mysql_get_server_version(connection);
  refuse_old(server);
  for (const auto& row : run(connection, kVariables)) {
    server.variables[to_lower(db::as_text(row.at(0)))] = db::as_text(row.at(1));
  }
  refuse_proxy(connection, server);
  try {
    run(connection, settings_of(server, info, purpose));
  } catch (const Error& error) {
    // Of all settings only the time zone is the user's.
    if (error.facts().number != 1298) throw;
    throw Error(Code::kConfig, error.message()).facts(error.facts()).hint("correct time_zone in the database URL");
  }
  if (!info.time_zone.empty()) server.variables["time_zone"] = info.time_zone;
  return session;
}

}  // namespace weir::engines::mysql
