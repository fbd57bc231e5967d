#include "engines/mysql/errors.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

#include "base/text.hpp"

namespace weir::engines::mysql {
namespace {

// What of a message may not be shown.
enum class Mask {
  kNothing,
  kValue,       // '...', but not the column behind it
  kKeyValue,    // '...', but not the key behind it
  kExpression,  // everything in quotation marks
};

struct Rule {
  unsigned number;
  Code code;
  Next next = Next::kFail;
  Mask mask = Mask::kNothing;
  std::string_view hint = {};
};

constexpr std::string_view kBinlogHint =
    "the server writes statements into its binary log: SET GLOBAL binlog_format = 'ROW' or 'MIXED'";

// Source: MySQL manual, "Server Error Message Reference"; MariaDB, "MariaDB Error Code Reference". From 2000 to 2999
// they are the client library's own.
constexpr std::array kRules{
    Rule{1005, Code::kDatabase},
    Rule{1007, Code::kAlreadyExists},
    Rule{1008, Code::kUndefinedObject},
    Rule{1020, Code::kSerialization, Next::kRetry},
    Rule{1021, Code::kDiskFull},
    Rule{1022, Code::kConstraint, Next::kFail, Mask::kExpression},
    Rule{1040, Code::kCannotConnect, Next::kRetry, Mask::kNothing, "raise max_connections or use fewer workers"},
    Rule{1044, Code::kPrivilege},
    Rule{1045, Code::kPrivilege},
    Rule{1048, Code::kConstraint},
    Rule{1049, Code::kUndefinedObject},
    Rule{1050, Code::kAlreadyExists},
    Rule{1051, Code::kUndefinedObject},
    Rule{1053, Code::kConnectionLost, Next::kReconnect},
    Rule{1054, Code::kUndefinedObject},
    Rule{1060, Code::kAlreadyExists},
    Rule{1061, Code::kAlreadyExists},
    Rule{1062, Code::kConstraint, Next::kFail, Mask::kKeyValue},
    Rule{1064, Code::kSqlSyntax},
    Rule{1065, Code::kSqlSyntax},
    Rule{1072, Code::kUndefinedObject},
    Rule{1091, Code::kUndefinedObject},
    Rule{1109, Code::kUndefinedObject},
    Rule{1114, Code::kDiskFull},
    Rule{1128, Code::kUndefinedObject},
    Rule{1142, Code::kPrivilege},
    Rule{1143, Code::kPrivilege},
    Rule{1146, Code::kUndefinedObject},
    Rule{1149, Code::kSqlSyntax},
    Rule{1152, Code::kConnectionLost, Next::kReconnect},
    Rule{1158, Code::kConnectionLost, Next::kReconnect},
    Rule{1159, Code::kConnectionLost, Next::kReconnect},
    Rule{1160, Code::kConnectionLost, Next::kReconnect},
    Rule{1161, Code::kConnectionLost, Next::kReconnect},
    Rule{1169, Code::kConstraint, Next::kFail, Mask::kExpression},
    Rule{1176, Code::kUndefinedObject},
    Rule{1203, Code::kCannotConnect, Next::kRetry},
    Rule{1205, Code::kLockTimeout, Next::kRetry},
    Rule{1206, Code::kDatabase, Next::kFail, Mask::kNothing,
         "raise innodb_buffer_pool_size, or make the batches smaller"},
    Rule{1213, Code::kDeadlock, Next::kRetry},
    Rule{1216, Code::kConstraint},
    Rule{1217, Code::kConstraint},
    Rule{1226, Code::kCannotConnect, Next::kRetry},
    Rule{1227, Code::kPrivilege},
    Rule{1264, Code::kDataError},
    Rule{1265, Code::kDataError},
    Rule{1292, Code::kDataError, Next::kFail, Mask::kValue},
    Rule{3854, Code::kDataError, Next::kFail, Mask::kExpression},
    Rule{1300, Code::kDataError, Next::kFail, Mask::kValue},
    Rule{1304, Code::kAlreadyExists},
    Rule{1305, Code::kUndefinedObject},
    Rule{1317, Code::kCancelled},
    Rule{1359, Code::kAlreadyExists},
    Rule{1360, Code::kUndefinedObject},
    Rule{1364, Code::kConstraint},
    Rule{1365, Code::kDataError},
    Rule{1366, Code::kDataError, Next::kFail, Mask::kValue},
    Rule{1367, Code::kDataError, Next::kFail, Mask::kValue},
    Rule{1370, Code::kPrivilege},
    Rule{1406, Code::kDataError},
    Rule{1411, Code::kDataError, Next::kFail, Mask::kValue},
    Rule{1416, Code::kDataError},
    Rule{1451, Code::kConstraint},
    Rule{1452, Code::kConstraint},
    Rule{1525, Code::kDataError, Next::kFail, Mask::kValue},
    Rule{1526, Code::kConstraint, Next::kFail, Mask::kExpression},
    Rule{1557, Code::kConstraint, Next::kFail, Mask::kExpression},
    Rule{1586, Code::kConstraint, Next::kFail, Mask::kKeyValue},
    Rule{1644, Code::kDataError},  // SIGNAL of a trigger of the user's
    Rule{1665, Code::kDatabase, Next::kFail, Mask::kNothing, kBinlogHint},
    Rule{1690, Code::kDataError, Next::kFail, Mask::kExpression},
    Rule{1698, Code::kPrivilege},
    Rule{1748, Code::kConstraint, Next::kFail, Mask::kExpression},
    Rule{1761, Code::kConstraint, Next::kFail, Mask::kKeyValue},
    Rule{1762, Code::kConstraint, Next::kFail, Mask::kKeyValue},
    Rule{1792, Code::kReadOnly},
    Rule{1820, Code::kPrivilege},
    Rule{1826, Code::kAlreadyExists},
    Rule{1836, Code::kReadOnly},
    Rule{1859, Code::kConstraint, Next::kFail, Mask::kExpression},
    Rule{1927, Code::kConnectionLost, Next::kReconnect},
    Rule{1969, Code::kTimeout},
    Rule{2006, Code::kConnectionLost, Next::kReconnect},
    Rule{2013, Code::kConnectionLost, Next::kReconnect},
    Rule{2014, Code::kConnectionLost, Next::kReconnect},
    Rule{2027, Code::kConnectionLost, Next::kReconnect},
    Rule{2048, Code::kConnectionLost, Next::kReconnect},
    Rule{2055, Code::kConnectionLost, Next::kReconnect},
    Rule{3024, Code::kTimeout},
    Rule{3140, Code::kDataError},
    Rule{3572, Code::kLockTimeout, Next::kRetry},
    Rule{3819, Code::kConstraint},
    Rule{3822, Code::kAlreadyExists},
    Rule{4025, Code::kConstraint},
    Rule{4031, Code::kConnectionLost, Next::kReconnect},
};

// For a number that the table lacks the SQLSTATE tells the kind; what a message of those classes quotes may be a value.
Rule rule_of_state(std::string_view state) {
  if (state.starts_with("08")) return {0, Code::kConnectionLost, Next::kReconnect};
  if (state.starts_with("22")) return {0, Code::kDataError, Next::kFail, Mask::kExpression};
  if (state.starts_with("23")) return {0, Code::kConstraint, Next::kFail, Mask::kExpression};
  if (state == "40001") return {0, Code::kSerialization, Next::kRetry};
  if (state == "42S02" || state == "42S22") return {0, Code::kUndefinedObject};
  if (state == "42S01" || state == "42S21") return {0, Code::kAlreadyExists};
  if (state.starts_with("42")) return {0, Code::kSqlSyntax};
  return {0, Code::kDatabase};
}

// Numbers that say different things in different messages.
Rule refine(Rule rule, const Failure& failure) {
  const auto has = [&](std::string_view part) { return failure.message.find(part) != std::string::npos; };
  const bool no_space = has("No space left on device") || has("Errcode: 28") || has("error 28");
  if (no_space) return {failure.number, Code::kDiskFull};
  // --read-only, --super-read-only, --innodb-read-only; but also --skip-grant-tables and others.
  if (failure.number == 1290 && (has("read-only") || has("read_only"))) return {1290, Code::kReadOnly};
  return rule;
}

Rule rule_of(const Failure& failure) {
  const auto found =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.number == failure.number; });
  return refine(found != kRules.end() ? *found : rule_of_state(failure.sqlstate), failure);
}

// Where the value ends, whose text may be anything: before what the message says about its place, or at the last mark.
std::size_t end_of_value(const std::string& message, Mask mask) {
  if (mask == Mask::kKeyValue) return message.rfind("' for key ");
  const auto column = mask == Mask::kValue ? message.rfind("' for column ") : std::string::npos;
  const auto row = message.rfind(" at row ");
  if (column != std::string::npos && row != std::string::npos && parse_integer(message.substr(row + 8))) return column;
  return message.find_last_of("'\"");
}

std::string without_values(std::string message, Mask mask) {
  if (mask == Mask::kNothing) return message;
  const auto first = message.find_first_of("'\"");
  if (first == std::string::npos) return message;
  auto last = end_of_value(message, mask);
  if (last == std::string::npos || last <= first) last = message.size();
  return message.replace(first + 1, last - first - 1, "…");
}

// "... near 'FROM x' at line 3": the text from the mistake on, cut off after 80 characters.
std::optional<std::size_t> offset_of(const Failure& failure, std::string_view sql) {
  if (failure.number != 1064 || sql.empty()) return std::nullopt;
  constexpr std::string_view kNear = "near '";
  constexpr std::string_view kLine = "' at line ";
  const auto near = failure.message.find(kNear);
  const auto line = failure.message.rfind(kLine);
  if (near == std::string::npos || line == std::string::npos || line < near + kNear.size()) return std::nullopt;
  const std::string_view rest =
      std::string_view(failure.message).substr(near + kNear.size(), line - near - kNear.size());
  if (rest.empty()) return trim(sql).empty() ? 0 : static_cast<std::size_t>(trim(sql).end() - sql.begin());
  const auto wanted = parse_integer(std::string_view(failure.message).substr(line + kLine.size()));
  for (auto at = sql.find(rest); at != std::string_view::npos; at = sql.find(rest, at + 1)) {
    if (std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1 == wanted.value_or(0))
      return at;
  }
  return std::nullopt;
}

Failure make_failure(unsigned number, const char* state, const char* message) {
  Failure failure{number, state ? state : "", std::string(trim(message ? message : ""))};
  if (failure.message.empty()) failure.message = "the connection is closed";
  return failure;
}

}  // namespace

Failure failure_of(MYSQL* connection) {
  if (!connection) return {2006, "HY000", "the connection is closed"};
  return make_failure(mysql_errno(connection), mysql_sqlstate(connection), mysql_error(connection));
}

Failure failure_of(MYSQL_STMT* statement) {
  return make_failure(mysql_stmt_errno(statement), mysql_stmt_sqlstate(statement), mysql_stmt_error(statement));
}

Error to_error(const Failure& failure, std::string_view sql) {
  const Rule rule = rule_of(failure);
  std::string message = without_values(failure.message, rule.mask);
  if (rule.code == Code::kConnectionLost) message = "the connection to the database was lost: " + message;
  Error error = Error(rule.code, message)
                    .next(rule.next)
                    .hint(std::string(rule.hint))
                    .facts({failure.sqlstate, static_cast<int>(failure.number), ""});
  const auto offset = offset_of(failure, sql);
  return offset ? std::move(error).sql_offset(*offset) : error;
}

Error connect_error(const Failure& failure) {
  Next next = Next::kFail;
  std::string hint;
  switch (failure.number) {
    case 1040:
    case 1203:
    case 1226:
      next = Next::kRetry;
      hint = "raise max_connections or use fewer workers";
      break;
    case 1045:
    case 1698:
      hint = "check the user and password in the URL, and from which hosts the server lets this user in";
      break;
    case 1044: hint = "the user has no privilege on this database: GRANT one, or correct the URL"; break;
    case 1049: hint = "create the database first, or correct its name in the URL"; break;
    case 2026: hint = "TLS failed: ssl-ca=<file> in the URL names the authority, ssl-mode=disabled goes without"; break;
    case 2058:
    case 2059:
      hint = "the client library lacks the plugin by which this user logs in: install libmariadb3 completely";
      break;
    case 3159: hint = "the server wants TLS: add ssl-mode=required to the URL"; break;
    default: next = Next::kRetry; hint = "is the server running, and does the URL name the right host and port?";
  }
  return Error(Code::kCannotConnect, failure.message)
      .next(next)
      .hint(hint)
      .facts({failure.sqlstate, static_cast<int>(failure.number), ""});
}

bool is_out_of_range(const Failure& failure) { return failure.number == 1690; }

// 2057: the library finds the number of columns changed.
bool is_stale_statement(const Failure& failure) {
  return failure.number == 1615 || failure.number == 2057 || failure.number == 1243;
}

}  // namespace weir::engines::mysql
