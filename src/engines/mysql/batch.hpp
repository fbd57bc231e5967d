// BatchProgram on MySQL and MariaDB: one text with several statements, one round trip.
#pragma once

#include <memory>

#include "db/batch.hpp"

namespace weir::engines::mysql {

class Connection;

// Errors: kInvalidFile for a change that would commit by itself or alter the session; what the server says about a
// statement it cannot prepare.
std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source);

}  // namespace weir::engines::mysql
