#include "ledger/run_parameters.hpp"

namespace weir::ledger {

void record_parameters(Ledger& ledger, const RunId& id, const std::string& parameters) {
  constexpr const char* kParameters = R"sql(
UPDATE :weir_runs SET parameters = :parameters, updated_at_ms = :now WHERE version = :version AND attempt = :attempt)sql";
  ledger.execute(kParameters, {{"version", id.version.text()}, {"attempt", id.attempt}, {"parameters", parameters}});
}

}  // namespace weir::ledger
