// The text of pg_dump -> objects, without what differs between machines, client versions and runs: banner, versions,
// \restrict keys, settings, the public schema that every database has.
#pragma once

#include <string_view>
#include <vector>

#include "db/schema_dump.hpp"

namespace weir::engines::postgres {

// Errors: kDatabase when the text is not what pg_dump writes.
std::vector<db::DumpedObject> read_dump(std::string_view text);

}  // namespace weir::engines::postgres
