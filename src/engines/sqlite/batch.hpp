// A batch on SQLite: there is no network, so its statements simply follow each other.
#pragma once

#include <memory>

#include "db/batch.hpp"

namespace weir::engines::sqlite {

class Connection;

std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source);

}  // namespace weir::engines::sqlite
