#include "engines/mysql/batch.hpp"

#include <fmt/format.h>
#include <optional>

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "engines/mysql/batch_text.hpp"
#include "engines/mysql/connection.hpp"
#include "engines/mysql/dialect.hpp"
#include "engines/mysql/results.hpp"
#include "engines/mysql/statements.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::mysql {
namespace {

// The statements of a batch, in this order. The server executes one after the other and stops at the first that fails,
// so nothing behind it happens; COMMIT stands behind the fence.
enum class Part { kBegin, kBefore, kChange, kCount, kCheckpoint, kFence, kAfter, kCommit, kBoundaries };

constexpr std::string_view kBegin = "START TRANSACTION";
// In a variable, because a later statement's ROW_COUNT() is of the one before it. When the server cannot send the
// answer of the change, because its client was killed, it goes on and ROW_COUNT() is -1: then the sum has no room in
// BIGINT UNSIGNED, the statement fails, and the batch ends uncommitted rather than with a wrong count.
constexpr std::string_view kCount =
    "SET @weir_fence = 18446744073709551615 + (ROW_COUNT() < 0), @weir_rows = ROW_COUNT()";
constexpr std::string_view kCountNothing = "SET @weir_rows = 0";
// The checkpoint found its row, or this fails in the same way. ROW_COUNT() counts rows found, whether or not their
// values changed, because the session has CLIENT_FOUND_ROWS.
constexpr std::string_view kFence = "SET @weir_fence = 18446744073709551615 + (ROW_COUNT() <> 1)";
constexpr std::string_view kCommit = "COMMIT";
// On lines of its own: a statement may end in a comment.
constexpr std::string_view kBetween = "\n;\n";

// MariaDB's INSERT ... RETURNING: nothing tells how many rows it changed but the result itself, which comes too late
// for the checkpoint in the same text.
bool has_returning(std::string_view text) {
  sql::Scanner scanner(text, dialect());
  int depth = 0;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.text == "(") ++depth;
    if (token.text == ")") --depth;
    if (depth == 0 && token.is_word("returning")) return true;
  }
  return false;
}

void refuse_unfit_change(const sql::Template& change) {
  if (has_returning(change.text())) {
    throw Error(Code::kInvalidFile, "RETURNING cannot be part of a batch")
        .hint("remove it: nobody reads what it returns")
        .sql_offset(0);
  }
  if (runs_in_transaction(change.text()) && !alters_session(change.text())) return;
  const std::string word = first_word(change.text());
  throw Error(Code::kInvalidFile, fmt::format("{} cannot be part of a batch", word.empty() ? "this statement" : word))
      .hint("weir begins and commits the transaction of a batch itself: only INSERT, UPDATE, DELETE and their like fit")
      .sql_offset(0);
}

class Program final : public db::BatchProgram {
 public:
  Program(Connection& connection, const db::BatchSource& source)
      : connection_(connection),
        checkpoint_(source.checkpoint, {{std::string(db::kRowsPlaceholder), "@weir_rows"}}),
        boundaries_(source.boundaries, {}) {
    counts_ = changes_rows(source.changes.back().text());
    for (const auto& change : source.changes) {
      prove_single(change, source.fragments);
      changes_.emplace_back(change, source.fragments);
    }
    for (const auto& own : source.before) before_.emplace_back(own, kNoFragments);
    for (const auto& own : source.after) after_.emplace_back(own, kNoFragments);
    connection_.allow_several_statements();
  }

  db::BatchResult run(const db::Bindings& bindings, db::LookAhead look_ahead) override {
    if (connection_.in_transaction()) throw Error(Code::kInternal, "a batch needs a connection without a transaction");
    write(bindings, look_ahead);
    try {
      return execute();
    } catch (...) {
      connection_.rollback();
      throw;
    }
  }

 private:
  // The server prepares exactly one statement, so a text that would end the batch's own statement early is refused
  // here, before it meets the other statements.
  void prove_single(const sql::Template& change, const std::map<std::string, std::string>& fragments) {
    const auto rendered = change.render(fragments);
    try {
      connection_.check(rendered.sql);
    } catch (Error& error) {
      if (!error.sql_offset()) throw;
      const std::size_t offset = rendered.source_offset(*error.sql_offset());
      throw std::move(error).sql_offset(offset);
    }
  }

  // Fills sql_ and parts_. Everything that can fail here does so before a byte is sent.
  void write(const db::Bindings& bindings, db::LookAhead look_ahead) {
    sql_.clear();
    parts_.clear();
    put(Part::kBegin, kBegin);
    for (const auto& own : before_) put(Part::kBefore, own, bindings);
    for (const auto& change : changes_) put(Part::kChange, change, bindings);
    put(Part::kCount, counts_ ? kCount : kCountNothing);
    put(Part::kCheckpoint, checkpoint_, bindings);
    put(Part::kFence, kFence);
    for (const auto& own : after_) put(Part::kAfter, own, bindings);
    put(Part::kCommit, kCommit);
    if (look_ahead == db::LookAhead::kYes) put(Part::kBoundaries, boundaries_, bindings);
  }
  void put(Part part, std::string_view text) {
    if (!parts_.empty()) sql_ += kBetween;
    sql_ += text;
    parts_.push_back(part);
  }
  void put(Part part, const BatchText& text, const db::Bindings& bindings) {
    put(part, "");
    text.append_to(sql_, bindings);
  }

  db::BatchResult execute() {
    MYSQL* const handle = connection_.handle();
    db::BatchResult result;
    if (!handle || mysql_real_query(handle, sql_.data(), sql_.size()) != 0) report(0);
    sync_point(SyncPoint::kBatchSent);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const ResultHandle rows(mysql_store_result(handle));
      if (!rows && mysql_field_count(handle) != 0) report(i);
      if (parts_[i] == Part::kChange) {
        result.rows = counts_ ? static_cast<std::int64_t>(mysql_affected_rows(handle)) : 0;
      }
      if (parts_[i] == Part::kBoundaries && rows) result.boundaries = rows_of(rows.get());
      const int next = mysql_next_result(handle);
      if (next > 0) report(i + 1);
      if (next < 0 && i + 1 < parts_.size()) throw Error(Code::kInternal, "the server answered only a part of a batch");
    }
    return result;
  }

  // `index` of the statement that failed. Nothing of the text that was sent goes into a message: it holds values.
  [[noreturn]] void report(std::size_t index) {
    const Failure failure = failure_of(connection_.handle());
    const Part part = index < parts_.size() ? parts_[index] : Part::kBoundaries;
    if (part == Part::kFence && is_out_of_range(failure)) {
      throw Error(Code::kLeaseLost, "another worker took this slice over; nothing of the batch was committed");
    }
    Error error = part == Part::kCommit ? commit_error(failure) : to_error(failure, "");
    if (to_error(failure, "").code() == Code::kConnectionLost) connection_.close();
    // COMMIT had succeeded: only a look at the ledger tells where the slice stands.
    if (part == Part::kBoundaries) throw Error(error).next(Next::kReconnect);
    if (part == Part::kChange && changes_.size() > 1) {
      throw Error(error).context(fmt::format("statement {} of {}", index - before_.size(), changes_.size()));
    }
    throw error;
  }

  inline static const std::map<std::string, std::string> kNoFragments;

  Connection& connection_;
  std::vector<BatchText> changes_;
  std::vector<BatchText> before_, after_;
  BatchText checkpoint_;
  BatchText boundaries_;
  bool counts_ = true;  // the last change changes rows
  std::string sql_;
  std::vector<Part> parts_;
};

}  // namespace

std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source) {
  if (source.changes.empty()) throw Error(Code::kInternal, "a batch needs at least one change");
  if (connection.in_transaction()) throw Error(Code::kInternal, "a batch needs a connection without a transaction");
  for (const auto& change : source.changes) refuse_unfit_change(change);
  return std::make_unique<Program>(connection, source);
}

}  // namespace weir::engines::mysql
