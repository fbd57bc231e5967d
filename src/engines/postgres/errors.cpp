#include "engines/postgres/errors.hpp"

#include <array>
#include <fmt/format.h>
#include <optional>
#include <string>

#include "base/text.hpp"

namespace weir::engines::postgres {
namespace {

struct Rule {
  std::string_view state;  // a SQLSTATE, or its class (two characters)
  Code code;
  Next next = Next::kFail;
  std::string_view hint = {};
};

constexpr std::string_view kRowSecurity =
    "weir would not see every row: connect as the owner of the table, or as a role with BYPASSRLS (needed too where "
    "the "
    "table has FORCE ROW LEVEL SECURITY)";

constexpr std::string_view kPooler =
    "prepared statements do not survive a transaction pooler: give a URL that leads directly to the server";

// The first rule that fits wins: a SQLSTATE stands before its class.
// Source: PostgreSQL manual, appendix "PostgreSQL Error Codes".
constexpr std::array kRules{
    Rule{"08", Code::kConnectionLost, Next::kReconnect},
    Rule{"21", Code::kDataError},
    Rule{"22", Code::kDataError},
    Rule{"23", Code::kConstraint},
    Rule{"44", Code::kConstraint},  // WITH CHECK OPTION
    Rule{"25001", Code::kDatabase, Next::kFail,
         "this statement cannot run inside a transaction: put `transaction:false` on its section"},
    Rule{"25006", Code::kReadOnly},
    Rule{"26000", Code::kDatabase, Next::kFail, kPooler},
    Rule{"28", Code::kPrivilege},
    Rule{"3D000", Code::kUndefinedObject},
    Rule{"3F000", Code::kUndefinedObject},
    Rule{"40002", Code::kConstraint},
    Rule{"40003", Code::kConnectionLost, Next::kReconnect},
    Rule{"40P01", Code::kDeadlock, Next::kRetry},
    Rule{"40", Code::kSerialization, Next::kRetry},
    Rule{"42501", Code::kPrivilege},
    Rule{"42601", Code::kSqlSyntax},
    Rule{"42P01", Code::kUndefinedObject},
    Rule{"42P02", Code::kUndefinedObject},
    Rule{"42703", Code::kUndefinedObject},
    Rule{"42704", Code::kUndefinedObject},
    Rule{"42883", Code::kUndefinedObject},
    Rule{"42P03", Code::kAlreadyExists},
    Rule{"42P04", Code::kAlreadyExists},
    Rule{"42P05", Code::kDatabase, Next::kFail, kPooler},
    Rule{"42P06", Code::kAlreadyExists},
    Rule{"42P07", Code::kAlreadyExists},
    Rule{"42701", Code::kAlreadyExists},
    Rule{"42710", Code::kAlreadyExists},
    Rule{"42723", Code::kAlreadyExists},
    Rule{"42P18", Code::kSqlSyntax, Next::kFail,
         "PostgreSQL cannot tell the parameter's type here: write CAST(... AS type) around it"},
    Rule{"42", Code::kSqlSyntax},
    Rule{"53100", Code::kDiskFull},
    Rule{"53300", Code::kCannotConnect, Next::kRetry},
    Rule{"55P03", Code::kLockTimeout, Next::kRetry},
    Rule{"57014", Code::kCancelled},
    Rule{"P0001", Code::kDataError},  // RAISE of a trigger of the user's
    Rule{"57P01", Code::kConnectionLost, Next::kReconnect},
    Rule{"57P02", Code::kConnectionLost, Next::kReconnect},
    Rule{"57P03", Code::kConnectionLost, Next::kReconnect},
    Rule{"57P05", Code::kConnectionLost, Next::kReconnect},
};

Rule rule_of(std::string_view state) {
  for (const auto& rule : kRules) {
    if (state.starts_with(rule.state)) return rule;
  }
  return {"", Code::kDatabase};
}

std::string field(const PGresult* result, int which) {
  const char* text = PQresultErrorField(result, which);
  return text ? text : "";
}

// Messages of class 22 quote values: `invalid input syntax for type integer: "4711x"`, `time zone "…" not recognized`.
// Their place is taken by an ellipsis, in the quotation marks of every language the server speaks.
std::string without_values(std::string_view state, std::string message) {
  if (!state.starts_with("22")) return message;
  constexpr std::array<std::string_view, 6> kMarks{"\"", "«", "»", "„", "“", "”"};
  std::size_t first = std::string::npos;
  std::size_t last = 0;
  for (const auto mark : kMarks) {
    first = std::min(first, message.find(mark));
    const auto at = message.rfind(mark);
    if (at != std::string::npos) last = std::max(last, at + mark.size());
  }
  return first == std::string::npos ? message : message.replace(first, last - first, "\"…\"");
}

// 42501 is every kind of missing privilege, and its message comes in the server's language.
bool is_row_security(const PGresult* result) {
  return field(result, PG_DIAG_SQLSTATE) == "42501" && field(result, PG_DIAG_SOURCE_FUNCTION) == "check_enable_rls";
}

Error connection_lost(const PGconn* connection) {
  std::string reason(trim(connection ? PQerrorMessage(connection) : ""));
  reason = reason.substr(0, reason.find('\n'));
  if (reason.empty()) reason = "the connection is closed";
  return Error(Code::kConnectionLost, "the connection to the database was lost: " + reason).next(Next::kReconnect);
}

std::optional<std::size_t> offset_of(const PGconn* connection, const PGresult* result, std::string_view sql) {
  const auto position = parse_integer(field(result, PG_DIAG_STATEMENT_POSITION));
  if (sql.empty() || !position || *position < 1) return std::nullopt;
  const char* encoding = connection ? PQparameterStatus(connection, "server_encoding") : nullptr;
  const auto count = static_cast<std::size_t>(*position);
  // A SQL_ASCII server counts bytes.
  if (encoding && std::string_view(encoding) == "SQL_ASCII") return std::min(count - 1, sql.size());
  return byte_offset(sql, count);
}

// Both a timeout and a cancel request are 57014; only the message tells them apart, and only in English.
Code refine(std::string_view state, Code code, std::string_view message) {
  return state == "57014" && message.find("timeout") != std::string_view::npos ? Code::kTimeout : code;
}

// libpq's verbose line `... FATAL:  28P01: password authentication failed`: where the SQLSTATE stands.
std::size_t find_state(std::string_view message) {
  std::size_t found = std::string_view::npos;
  for (auto at = message.find(":  "); at != std::string_view::npos; at = message.find(":  ", at + 3)) {
    const auto state = message.substr(at + 3, 7);
    if (state.size() == 7 && state.substr(5) == ": " && state.find_first_of(" :") == 5) found = at + 3;
  }
  return found;
}

}  // namespace

std::size_t byte_offset(std::string_view text, std::size_t position) {
  std::size_t at = 0;
  for (std::size_t character = 1; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    if (character++ == position) return at;
  }
  return at;
}

Error without_offset(const Error& error) {
  return Error(error.code(), error.message()).hint(error.hint()).next(error.next()).facts(error.facts());
}

bool is_stale_plan(const PGresult* result) {
  return field(result, PG_DIAG_SQLSTATE) == "0A000" &&
         field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
}

Error error_of(const PGconn* connection, const PGresult* result, std::string_view sql) {
  const std::string state = result ? field(result, PG_DIAG_SQLSTATE) : "";
  if (state.empty()) {
    if (!result || PQstatus(connection) == CONNECTION_BAD) return connection_lost(connection);
    return Error(Code::kDatabase, std::string(trim(PQresultErrorMessage(result))));
  }
  const Rule rule = rule_of(state);
  std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  const Code code = refine(state, rule.code, message);
  message = without_values(state, std::move(message));
  const DatabaseFacts facts{state, 0, field(result, PG_DIAG_CONSTRAINT_NAME)};
  // After a fatal error the server closes the connection, whatever the SQLSTATE says.
  const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == "FATAL" || severity == "PANIC") {
    return Error(Code::kConnectionLost, "the database closed the connection: " + message)
        .next(Next::kReconnect)
        .facts(facts);
  }
  const std::string_view own_hint = is_row_security(result) ? kRowSecurity : rule.hint;
  const std::string hint = own_hint.empty() ? field(result, PG_DIAG_MESSAGE_HINT) : std::string(own_hint);
  Error error = Error(code, std::move(message)).next(rule.next).hint(hint).facts(facts);
  const auto offset = offset_of(connection, result, sql);
  return offset ? std::move(error).sql_offset(*offset) : std::move(error);
}

Error connect_error(std::string_view verbose_message) {
  std::string message(verbose_message);
  const auto at = find_state(message);
  const std::string state = at == std::string::npos ? "" : message.substr(at, 5);
  std::size_t begin = 0;
  if (!state.empty()) {
    message.erase(at, 7);
    // Of several attempts (with and without TLS, several addresses) the one that the server answered counts.
    const auto line = message.rfind('\n', at);
    begin = line == std::string::npos ? 0 : line + 1;
  }
  message = std::string(trim(message.substr(begin, message.find('\n', begin) - begin)));
  Next next = Next::kFail;
  std::string hint;
  if (state.empty()) {
    next = Next::kRetry;
    hint = "is the server running, and does the URL name the right host and port?";
  } else if (state == "53300" || state.starts_with("57P")) {
    next = Next::kRetry;
    hint = state == "53300" ? "raise max_connections or use fewer workers" : "the server is starting or stopping";
  } else if (state.starts_with("28")) {
    hint = "check the user and password in the URL, and pg_hba.conf on the server";
  } else if (state == "3D000") {
    hint = "create the database first, or correct its name in the URL";
  }
  return Error(Code::kCannotConnect, message).next(next).hint(hint).facts({state, 0, ""});
}

}  // namespace weir::engines::postgres
