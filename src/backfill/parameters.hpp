// Parameters of a data migration: checked when given, kept in the ledger with the run, always bound, never printed.
#pragma once

#include <map>
#include <string>

#include "db/value.hpp"
#include "project/migration.hpp"

namespace weir::backfill {

using ParameterValues = std::map<std::string, std::string>;

// Defaults filled in, every value checked against its type. Errors: kUsage for an unknown, missing or malformed
// parameter.
ParameterValues resolve_parameters(const project::Migration& migration, const ParameterValues& given);

db::Bindings to_bindings(const ParameterValues& values);

std::string encode_parameters(const ParameterValues& values);
// Errors: kLedgerCorrupt.
ParameterValues decode_parameters(const std::string& text);

}  // namespace weir::backfill
