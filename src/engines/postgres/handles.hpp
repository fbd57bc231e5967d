// libpq's objects as owners that free themselves.
#pragma once

#include <memory>

#include "engines/postgres/libpq.hpp"

namespace weir::engines::postgres {

struct HandleDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

using ConnectionHandle = std::unique_ptr<PGconn, HandleDeleter>;
using ResultHandle = std::unique_ptr<PGresult, HandleDeleter>;
using CancelHandle = std::unique_ptr<PGcancel, HandleDeleter>;

}  // namespace weir::engines::postgres
