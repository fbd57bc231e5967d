// Other sessions of the server, as an operator wants to see them when they are in the way: a public type.
#pragma once

#include <weir/session.hpp>

namespace weir::db {

using weir::SessionInfo;

}  // namespace weir::db
