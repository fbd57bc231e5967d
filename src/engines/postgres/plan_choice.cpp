#include "engines/postgres/plan_choice.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "engines/postgres/connection.hpp"

namespace weir::engines::postgres {
namespace {

constexpr std::chrono::seconds kLookAgain{5};

// The mode would hold for the statements of the user's trigger functions too. A table with children may have theirs.
constexpr const char* kFreeOfTriggers = R"sql(
SELECT 1 FROM pg_catalog.pg_class c
WHERE c.oid = to_regclass($1) AND c.relkind = 'r' AND NOT c.relhassubclass
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
)sql";

std::string as_literals(PGconn* connection, const Parameters& parameters) {
  std::string list;
  for (int i = 0; i < parameters.count(); ++i) {
    const char* value = parameters.values()[i];
    const std::unique_ptr<char, decltype(PQfreemem)> quoted(
        value ? PQescapeLiteral(connection, value, std::char_traits<char>::length(value)) : nullptr, PQfreemem);
    list += fmt::format("{}{}", i == 0 ? "" : ", ", quoted ? quoted.get() : "NULL");
  }
  return list.empty() ? list : "(" + list + ")";
}

}  // namespace

// `Index Cond: (id > 5)` tells with its name alone how the index is used.
std::vector<std::string> shape_of(const std::vector<std::string>& explained) {
  std::vector<std::string> shape;
  for (const auto& line : explained) shape.push_back(line.substr(0, line.find(": ")));
  return shape;
}

void PlanChoice::prefer_generic(const std::vector<const Step*>& steps) {
  const auto now = std::chrono::steady_clock::now();
  if (looked_ != std::chrono::steady_clock::time_point{} && now - looked_ < kLookAgain) return;
  looked_ = now;
  bool alike = false;
  try {
    alike = is_free_of_triggers() && are_alike(steps);
  } catch (const Error& error) {
    // The batch would fail with it as well. A cached plan that is out of date it heals by itself.
    if (error.is_transient() || error.code() == Code::kCancelled || connection_.broken()) throw;
  }
  connection_.set_plan_mode(alike ? Connection::PlanMode::kGeneric : Connection::PlanMode::kDefault);
}

bool PlanChoice::is_free_of_triggers() {
  return !target_.empty() && !connection_.query(kFreeOfTriggers, {target_}).rows.empty();
}

bool PlanChoice::are_alike(const std::vector<const Step*>& steps) {
  return std::all_of(steps.begin(), steps.end(), [this](const Step* step) {
    return explain(*step, "force_custom_plan") == explain(*step, "force_generic_plan");
  });
}

// In a transaction of its own, so that the mode ends with it.
std::vector<std::string> PlanChoice::explain(const Step& step, std::string_view mode) {
  const std::string sql = fmt::format("BEGIN; SET LOCAL plan_cache_mode = {}; EXPLAIN (COSTS OFF) EXECUTE {}{}", mode,
                                      step.name(), as_literals(connection_.handle(), step.parameters()));
  const ResultHandle result(PQexec(connection_.handle(), sql.c_str()));
  std::vector<std::string> lines;
  for (int row = 0; row < PQntuples(result.get()); ++row) lines.emplace_back(PQgetvalue(result.get(), row, 0));
  const bool failed = PQresultStatus(result.get()) != PGRES_TUPLES_OK;
  connection_.rollback();
  if (failed) connection_.fail(result.get(), "");
  return shape_of(lines);
}

}  // namespace weir::engines::postgres
