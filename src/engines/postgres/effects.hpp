// What became of statements that PostgreSQL refuses inside a transaction: db::Connection::look() and what follows it.
#pragma once

#include <string>

#include "db/effect.hpp"

namespace weir::engines::postgres {

class Connection;

std::string look(Connection& connection, const std::string& statement);
db::Effect effect_of(Connection& connection, const std::string& statement, const std::string& before);
void remove_remains(Connection& connection, const std::string& statement, const std::string& before);

}  // namespace weir::engines::postgres
