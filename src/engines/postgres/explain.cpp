#include "engines/postgres/explain.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"
#include "sql/mask.hpp"

namespace weir::engines::postgres {
namespace {

using nlohmann::json;

// The table and its partitions. A partition of a few pages is read as a whole with good reason.
constexpr const char* kRelations = R"sql(
WITH RECURSIVE family(oid) AS (
  SELECT CAST(pg_catalog.to_regclass($1) AS oid)
  UNION
  SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN family f ON i.inhparent = f.oid)
SELECT n.nspname, c.relname
  FROM family f JOIN pg_catalog.pg_class c ON c.oid = f.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE (SELECT count(*) FROM family) = 1 OR pg_catalog.pg_relation_size(c.oid) >= 1048576)sql";

using Relations = std::set<std::pair<std::string, std::string>>;  // schema, name

std::string text_of(const json& node, const char* key) {
  const auto found = node.find(key);
  return found != node.end() && found->is_string() ? found->get<std::string>() : "";
}

bool reads_all(const json& node, const Relations& relations, bool limited) {
  if (!relations.contains({text_of(node, "Schema"), text_of(node, "Relation Name")})) return false;
  const std::string type = text_of(node, "Node Type");
  const bool filtered = node.contains("Filter");
  if (limited && !filtered) return false;
  if (type == "Seq Scan") return true;
  return (type == "Index Scan" || type == "Index Only Scan") && !node.contains("Index Cond");
}

bool any_reads_all(const json& node, const Relations& relations, bool limited) {
  if (reads_all(node, relations, limited)) return true;
  const auto plans = node.find("Plans");
  if (plans == node.end()) return false;
  const bool limits = text_of(node, "Node Type") == "Limit";
  return std::any_of(plans->begin(), plans->end(),
                     [&](const json& child) { return any_reads_all(child, relations, limits); });
}

// `Index Cond: (id > '5'::bigint)` holds the values that were bound.
std::string without_values(const std::string& line) {
  const auto colon = line.find(": ");
  if (colon == std::string::npos) return line;
  return line.substr(0, colon + 2) + sql::mask_literals(line.substr(colon + 2), dialect());
}

}  // namespace

std::optional<db::Plan> explain(Connection& connection, const db::PlanRequest& request) {
  const auto rendered = request.statement.render(request.fragments);
  const db::Row values = db::bind(rendered.names, request.bindings);
  db::Plan plan;
  std::string tree;
  try {
    for (const auto& row : connection.query("EXPLAIN " + rendered.sql, values).rows)
      plan.lines.push_back(without_values(db::as_text(row.at(0))));
    tree = db::as_text(connection.query("EXPLAIN (VERBOSE, FORMAT JSON) " + rendered.sql, values).rows.at(0).at(0));
  } catch (const Error& error) {
    if (error.code() == Code::kSqlSyntax) return std::nullopt;  // not one of those that EXPLAIN takes
    throw;
  }
  Relations relations;
  for (const auto& row : connection.query(kRelations, {sql::quote(dialect(), request.table)}).rows)
    relations.emplace(db::as_text(row.at(0)), db::as_text(row.at(1)));
  const json parsed = json::parse(tree, nullptr, false);
  if (!parsed.is_array()) return std::nullopt;
  plan.scans_table = std::any_of(parsed.begin(), parsed.end(), [&](const json& one) {
    return one.contains("Plan") && any_reads_all(one["Plan"], relations, false);
  });
  return plan;
}

}  // namespace weir::engines::postgres
