// What executes the batches of a slice: the SQL of the file, or a row program.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "backfill/program.hpp"
#include "backfill/run_board.hpp"
#include "backfill/session.hpp"

namespace weir::backfill {

struct BatchDone {
  std::int64_t rows = 0;                           // that were changed
  std::optional<std::vector<db::Row>> boundaries;  // of the next batches; nothing: they were not looked up
  // How long its rows were locked; nothing: about as long as it took.
  std::optional<std::chrono::microseconds> locked = {};
};

// Not thread-safe.
class BatchWork {
 public:
  virtual ~BatchWork() = default;
  // One batch and its checkpoint in one transaction. Bound as batch_source() says. Errors: as db::BatchProgram::run().
  virtual BatchDone run(Lower lower, const db::Bindings& bindings, db::LookAhead look_ahead) = 0;
  // The session has other connections now, or the program another batch size.
  virtual void forget() = 0;
};

// The engine's own form of a batch. Errors: as db::Connection::compile(); of a statement that does not fit into a
// batch, at its place in the file.
std::unique_ptr<db::BatchProgram> compile_batch(const Program& program, db::Connection& worker,
                                                const db::BatchSource& source);

// All of it must outlive the work.
std::unique_ptr<BatchWork> make_batch_work(const Program& program, Session& session, RunBoard& board);

}  // namespace weir::backfill
