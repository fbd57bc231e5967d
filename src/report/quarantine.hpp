// The quarantine of a run, for people and as JSON. Keys and errors; never another value of a row.
#pragma once

#include <string>
#include <vector>

#include "backfill/quarantine.hpp"

namespace weir::report {

std::string to_text(const ledger::Run& run, const std::vector<ledger::QuarantinedRow>& rows);
std::string to_json(const ledger::Run& run, const std::vector<ledger::QuarantinedRow>& rows);
std::string to_text(const ledger::Run& run, const backfill::Retried& retried);
std::string to_json(const ledger::Run& run, const backfill::Retried& retried);
std::string discarded_to_text(const ledger::Run& run, std::int64_t rows);
std::string discarded_to_json(const ledger::Run& run, std::int64_t rows);

}  // namespace weir::report
