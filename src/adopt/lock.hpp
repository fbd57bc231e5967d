// By which lock each tool keeps its deployers apart. Pure.
#pragma once

#include <optional>

#include "adopt/tool.hpp"
#include "db/database.hpp"

namespace weir::adopt {

// Nothing for a tool that has no lock: dbmate, and goose's command line. `table` is the tool's history table, with its
// schema.
std::optional<db::ForeignLockOf> lock_of(Tool tool, const sql::TableName& table, const sql::Dialect& dialect);

}  // namespace weir::adopt
