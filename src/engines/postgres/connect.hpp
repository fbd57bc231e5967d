// Opening a connection and giving its session the settings weir relies on.
#pragma once

#include "db/database.hpp"
#include "engines/postgres/conninfo.hpp"
#include "engines/postgres/handles.hpp"

namespace weir::engines::postgres {

// Connects and configures the session in one more round trip: values come back as text that means the same when it is
// sent again, transactions are READ COMMITTED, no idle timeout ends the session, notices are dropped.
// Errors: kCannotConnect (Next::kRetry where a later attempt may succeed); kConfig for a server older than 12 and
// behind a pooler, whose session then keeps none of the settings.
ConnectionHandle open_session(const Conninfo& info, db::Purpose purpose);

}  // namespace weir::engines::postgres
