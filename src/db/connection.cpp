#include "db/connection.hpp"

namespace weir::db {

std::vector<Row> Connection::read_values(const Statement& query) { return execute(query).rows; }
std::int64_t Connection::execute_each(const sql::Template& statement, const std::vector<Row>& values) {
  const std::string sql = statement.render().sql;
  std::int64_t affected = 0;
  for (const auto& one : values) affected += execute({sql, one}).affected;
  return affected;
}
std::string Connection::look(const std::string&) { return {}; }
Effect Connection::effect_of(const std::string&, const std::string&) { return Effect::kUnknown; }
void Connection::remove_remains(const std::string&, const std::string&) {}
std::vector<SessionInfo> Connection::blockers_of(const std::string&) { return {}; }
std::vector<std::string> Connection::in_the_way(const std::vector<std::string>&, const std::vector<std::string>&) {
  return {};
}
std::optional<Milliseconds> Connection::oldest_transaction() { return std::nullopt; }
std::vector<SessionInfo> Connection::holders_of(std::string_view) { return {}; }
std::optional<std::int64_t> Connection::log_position() { return std::nullopt; }
std::optional<std::int64_t> Connection::version_by_others() { return std::nullopt; }
std::vector<Row> Connection::sample_keys(const sql::TableName&, const std::vector<std::string>&, std::int64_t) {
  return {};
}
std::optional<PhysicalOrder> Connection::physical_order(const sql::TableName&) { return std::nullopt; }

Value Connection::place_now(const sql::TableName&, const Value& place) { return place; }
std::vector<Diagnosis> Connection::diagnose() { return {}; }

}  // namespace weir::db
