#include "db/connection.hpp"

namespace weir::db {

std::vector<SessionInfo> Connection::blockers_of(const std::string&) { return {}; }
std::vector<SessionInfo> Connection::holders_of(std::string_view) { return {}; }
std::vector<Diagnosis> Connection::diagnose() { return {}; }

}  // namespace weir::db
