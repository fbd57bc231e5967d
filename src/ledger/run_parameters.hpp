// The parameters with which a run goes on when its text has changed.
#pragma once

#include "ledger/runs.hpp"

namespace weir::ledger {

// `parameters`: a JSON object, as Run::parameters.
void record_parameters(Ledger& ledger, const RunId& id, const std::string& parameters);

}  // namespace weir::ledger
