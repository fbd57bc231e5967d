#include "engines/sqlite/batch.hpp"

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "engines/sqlite/connection.hpp"

namespace weir::engines::sqlite {
namespace {

class Program final : public db::BatchProgram {
 public:
  Program(Connection& connection, const db::BatchSource& source)
      : connection_(connection), checkpoint_(source.checkpoint.render()), boundaries_(source.boundaries.render()) {
    for (const auto& change : source.changes) changes_.push_back(change.render(source.fragments));
    for (const auto& own : source.before) before_.push_back(own.render());
    for (const auto& own : source.after) after_.push_back(own.render());
  }

  db::BatchResult run(const db::Bindings& bindings, db::LookAhead look_ahead) override {
    db::BatchResult result;
    {
      db::Transaction transaction(connection_);
      const auto locking = std::chrono::steady_clock::now();  // until here it may have waited for others
      for (const auto& own : before_) connection_.execute({own.sql, db::bind(own.names, bindings)});
      for (const auto& change : changes_) result.rows = run_change(change, bindings);
      db::Bindings with_rows = bindings;
      with_rows.emplace_back(std::string(db::kRowsPlaceholder), result.rows);
      const auto checkpoint = connection_.execute({checkpoint_.sql, db::bind(checkpoint_.names, with_rows)});
      if (checkpoint.affected != 1) throw Error(Code::kLeaseLost, "another worker took this slice over");
      for (const auto& own : after_) connection_.execute({own.sql, db::bind(own.names, bindings)});
      sync_point(SyncPoint::kBatchBeforeCommit);
      transaction.commit();
      result.locked = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - locking);
    }
    if (look_ahead == db::LookAhead::kYes)
      result.boundaries = connection_.execute({boundaries_.sql, db::bind(boundaries_.names, bindings)}).rows;
    return result;
  }

 private:
  std::int64_t run_change(const sql::Rendered& change, const db::Bindings& bindings) {
    try {
      return connection_.execute({change.sql, db::bind(change.names, bindings)}).affected;
    } catch (Error& error) {
      if (!error.sql_offset()) throw;
      const std::size_t offset = change.source_offset(*error.sql_offset());
      throw std::move(error).sql_offset(offset);
    }
  }

  Connection& connection_;
  std::vector<sql::Rendered> changes_;
  std::vector<sql::Rendered> before_, after_;
  sql::Rendered checkpoint_;
  sql::Rendered boundaries_;
};

}  // namespace

std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source) {
  return std::make_unique<Program>(connection, source);
}

}  // namespace weir::engines::sqlite
