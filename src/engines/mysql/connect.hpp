// Opening a connection and giving its session the settings weir relies on.
#pragma once

#include <map>
#include <string>

#include "db/database.hpp"
#include "engines/mysql/conninfo.hpp"
#include "engines/mysql/handles.hpp"

namespace weir::engines::mysql {

// What the server says of itself.
struct Server {
  bool mariadb = false;
  unsigned long version = 0;                     // 101119 is 10.11.19
  std::map<std::string, std::string> variables;  // of the session, those that weir asks for; absent: there is no such

  bool has(const std::string& variable) const { return variables.contains(variable); }
  std::string value(const std::string& variable) const;
  // Whether a TIMESTAMP shows every instant as a text of its own. Where clocks are put back, an hour has each text
  // twice.
  bool fixed_time_zone() const;
};

struct Session {
  ConnectionHandle handle;
  Server server;
};

// Connects only: nothing is set.
ConnectionHandle open_connection(const Conninfo& info);

// Connects and configures the session in two more round trips. Text is utf8mb4 and read as dialect() says (no
// ANSI_QUOTES, no NO_BACKSLASH_ESCAPES), wrong values are errors (STRICT_TRANS_TABLES), transactions are READ
// COMMITTED, no idle timeout ends the session. UPDATE counts the rows it found, not only those it altered. Errors:
// kCannotConnect (Next::kRetry where a later attempt may succeed); kConfig for a server that is too old, and behind a
// proxy that lends its sessions to many clients.
Session open_session(const Conninfo& info, db::Purpose purpose);

// The sql_mode of a session, made from the server's. Pure.
std::string session_sql_mode(const std::string& of_server);

}  // namespace weir::engines::mysql
