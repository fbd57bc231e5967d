// What the data themselves say about an applied migration: for gates and for `weir verify`.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/history.hpp"
#include "project/timeline.hpp"

namespace weir::migrate {

struct Measurement {
  std::optional<std::int64_t> residual;    // data migrations with `where`
  std::optional<std::int64_t> violations;  // nothing: no migrate:verify
  // An applied migration that required this one and removed what a query reads; what could not be measured was 0 at its
  // gate.
  const project::Migration* closed_by = nullptr;
};

bool is_applied(const std::vector<ledger::Entry>& history, const project::Migration& migration);

// Errors: what the engine says of a query, unless a gate that was passed explains it.
Measurement measure(const db::Database& database, ledger::Ledger& ledger, const project::Timeline& timeline,
                    const std::vector<ledger::Entry>& history, const project::Migration& migration);

}  // namespace weir::migrate
