// What an engine can do. Code above engines/ asks these questions and never an engine's name.
#pragma once

namespace weir::db {

struct Capabilities {
  bool transactional_ddl = false;           // DDL can be rolled back
  bool several_writers = false;             // two transactions may write at the same time
  bool server_sessions = false;             // the server knows which sessions live (Connection::session_liveness)
  bool row_comparisons_use_indexes = true;  // `(a, b) > (x, y)` is a range of an index over a and b
};

}  // namespace weir::db
