#include "migrate/journal.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "sql/scanner.hpp"

namespace weir::migrate {
namespace {

using project::Migration;

bool begins_with(std::string_view statement, const sql::Dialect& dialect,
                 std::initializer_list<std::string_view> words) {
  sql::Scanner scanner(statement, dialect);
  sql::Token first = scanner.next();
  while (first.is_trivia()) first = scanner.next();
  return std::any_of(words.begin(), words.end(), [&](auto word) { return first.is_word(word); });
}

// Settings of the session, which a migration that goes on with its third statement needs again.
bool sets_session(std::string_view statement, const sql::Dialect& dialect) {
  return begins_with(statement, dialect, {"set", "reset", "pragma", "use"});
}

// CREATE INDEX CONCURRENTLY and its like, not REFRESH MATERIALIZED VIEW CONCURRENTLY.
bool builds_concurrently(const db::Database& database, std::string_view statement) {
  if (database.runs_in_transaction(statement)) return false;
  sql::Scanner scanner(statement, database.dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_word("concurrently")) return true;
  }
  return false;
}

// Statements that happen whole or not at all. CALL, DO and EXECUTE may commit in between.
bool may_be_repeated(std::string_view statement, const sql::Dialect& dialect) {
  return begins_with(statement, dialect,
                     {"create",  "alter",   "drop",    "rename",   "truncate", "comment", "grant",  "revoke", "insert",
                      "update",  "delete",  "replace", "set",      "use",      "reset",   "pragma", "vacuum", "analyze",
                      "reindex", "refresh", "cluster", "optimize", "attach",   "detach",  "select"});
}

project::SectionKind section_of(ledger::EntryState state) {
  return state == ledger::EntryState::kUndoing ? project::SectionKind::kDown : project::SectionKind::kUp;
}

std::vector<std::string> statements_of(const Migration& migration, ledger::EntryState state) {
  std::vector<std::string> texts;
  for (const auto* section : migration.all(section_of(state))) {
    for (const auto& statement : section->statements) texts.push_back(statement.text);
  }
  return texts;
}

// Statements of the migration as it stood when its last statement was executed. Of another tool's file, which may lie
// in several, only the present text is known.
std::vector<std::string> recorded_statements(const Migration& migration, const ledger::Entry& begun,
                                             const sql::Dialect& dialect) {
  if (!migration.former_tool.empty()) return statements_of(migration, begun.state);
  const Migration before = project::parse_migration(migration.kind, begun.version.text() + "_" + begun.name + ".sql",
                                                    migration.file, begun.applied_text, dialect);
  return statements_of(before, begun.state);
}

// What is done already must stand unchanged at the beginning of the file.
void compare_done_part(const Migration& migration, const std::vector<std::string>& now,
                       const std::vector<std::string>& recorded, std::int64_t done) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(done); ++i) {
    if (i < now.size() && i < recorded.size() && now[i] == recorded[i]) continue;
    throw Error(Code::kDefinitionChanged,
                fmt::format("statement {} of {} was executed already and has changed since", i + 1, migration.file))
        .hint("put it back; only the statements that are not done yet may be edited");
  }
}

class Journal {
 public:
  // `state`: kPartial to apply, kUndoing to roll back.
  Journal(const ApplyContext& context, const Migration& migration, ledger::EntryState state,
          const std::vector<Work>& work)
      : context_(context), migration_(migration), work_(work), place_{migration.version, state, 0} {}

  void go_on(const ledger::Entry& begun) {
    const auto texts = recorded_statements(migration_, begun, dialect());
    place_.recorded = done_ = begun.statements_done;
    check_done_part(texts);
    if (begun.intent && static_cast<std::size_t>(done_) < texts.size()) {
      settle(texts[static_cast<std::size_t>(done_)], *begun.intent);
      check_done_part(texts);
    }
    ledger::record_journal_text(context_.ledger, place_.state, migration_, std::ssize(work_));
    record_done();
  }

  // With the intent of the first statement, and the completion of the migration before.
  void begin() {
    if (!work_.empty() && !joins_journal(work_[0])) first_intent_ = session().look(work_[0].statement->text);
    bool ours = false;
    context_.deferred.commit_with(context_.ledger, [&] {
      ours =
          place_.state == ledger::EntryState::kUndoing
              ? ledger::record_undoing(context_.ledger, migration_, std::ssize(work_), first_intent_)
              : ledger::record_started(context_.ledger, migration_, std::ssize(work_), first_intent_, context_.actor);
    });
    if (!ours) throw overtaken(migration_);
    sync_point(SyncPoint::kJournalOpened);
  }

  // It is recorded as started.
  void adopt_intent(const std::string& intent) { first_intent_ = intent; }

  // What is done is recorded, and what the server refused is no open intent.
  void execute() {
    try {
      execute_rest();
    } catch (const Error& error) {
      if (error.next() != Next::kReconnect && (refused_ || place_.recorded < done_)) record_done();
      throw;
    }
  }

 private:
  void execute_rest() {
    for (std::size_t i = static_cast<std::size_t>(done_); i < work_.size(); ++i) {
      if (context_.stop.requested()) {
        refused_ = first_intent_.has_value();  // it is recorded, and nothing was sent
        throw Error(Code::kInterrupted,
                    fmt::format("stopped: {} of {} statements of {} are done", done_, work_.size(), migration_.label()))
            .hint(fmt::format("`{}` goes on with the next one", command()));
      }
      try {
        step(work_[i]);
      } catch (const Error& error) {
        throw Error(error).context(
            fmt::format("statement {} of {} failed, {} already committed", i + 1, work_.size(), done_));
      }
    }
    // Whoever looks on after a failed verification must not repeat the last statement.
    if (place_.state == ledger::EntryState::kPartial && migration_.first(project::SectionKind::kVerify) != nullptr)
      record_done();
  }

  const sql::Dialect& dialect() const { return context_.database.dialect(); }
  std::string_view command() const {
    return place_.state == ledger::EntryState::kUndoing ? "weir rollback" : "weir migrate";
  }

  // The connection, with the settings that the statements done so far have made in its session.
  db::Connection& session() {
    db::Connection& connection = context_.executor.connection();
    if (session_ == context_.executor.session_number()) return connection;
    session_ = context_.executor.session_number();
    for (std::size_t i = 0; i < static_cast<std::size_t>(done_); ++i) {
      const std::string& text = work_[i].statement->text;
      if (sets_session(text, dialect())) connection.execute_text(text);
    }
    return connection;
  }

  void record_done() {
    if (!ledger::record_statement_done(context_.ledger, place_, done_)) throw overtaken(migration_);
    place_.recorded = done_;
    sync_point(SyncPoint::kStatementRecorded);
  }

  // One statement and the record that it is done; in one transaction where that is possible.
  void step(const Work& work) {
    refused_ = false;
    if (joins_journal(work)) {
      if (place_.recorded < done_) record_done();
      execute_with_record(work);
      place_.recorded = done_ + 1;
    } else {
      const std::string before =
          first_intent_ ? *std::exchange(first_intent_, std::nullopt) : intend(work.statement->text);
      act(work, before);
      sync_point(SyncPoint::kStatementActed);
      if (before.empty()) {
        ++done_;
        return record_done();
      }
      // Where the catalogue tells, the outcome is written with the intent of the next statement.
    }
    ++done_;
    resumed_ = false;
  }

  // Records that the statement begins, and what the catalogue shows before it.
  std::string intend(const std::string& text) {
    std::string before = session().look(text);
    if (!ledger::record_intent(context_.ledger, place_, done_, before)) throw overtaken(migration_);
    place_.recorded = done_;
    sync_point(SyncPoint::kIntentWritten);
    return before;
  }

  // CALL and DO may commit by themselves.
  bool joins_journal(const Work& work) {
    const std::string& text = work.statement->text;
    if (!context_.database.runs_in_transaction(text)) return false;
    if (begins_with(text, dialect(), {"insert", "update", "delete", "replace"})) return true;
    return context_.database.capabilities().transactional_ddl &&
           begins_with(text, dialect(), {"create", "alter", "drop", "comment", "grant", "revoke", "truncate"});
  }

  // The record first: who finds it moved on executes nothing, be it another deployer's doing or that of a COMMIT of
  // ours whose answer never came.
  void execute_with_record(const Work& work) {
    const auto entry_done = [&](ledger::Ledger& ledger) {
      const auto entry = ledger::read_entry(ledger, migration_.version);
      return entry && entry->statements_done == done_ + 1;
    };
    const auto body = [&](ledger::Ledger& ledger) {
      if (ledger::record_statement_done(ledger, place_, done_ + 1)) {
        context_.executor.execute(work);
      } else if (!entry_done(ledger)) {
        throw overtaken(migration_);
      }
    };
    context_.executor.with_retries([&] {
      session();
      context_.executor.in_transaction(context_.ledger, body, entry_done);
    });
  }

  // CREATE INDEX CONCURRENTLY and its like wait for old transactions while they keep nobody from working: a lock
  // timeout would only leave a half-made index behind, so they have none and are not repeated. Nor is what may have
  // committed a part of itself.
  void attempt(const Work& work) {
    const std::string& text = work.statement->text;
    const auto once = [&](const Work& one) {
      session();
      context_.executor.execute(one);
    };
    if (builds_concurrently(context_.database, text)) {
      Work patient = work;
      patient.lock_timeout = Milliseconds(0);
      once(patient);
    } else if (may_be_repeated(text, dialect())) {
      context_.executor.with_retries([&] { once(work); });
    } else {
      once(work);
    }
  }

  // Look, act, look again.
  void act(const Work& work, const std::string& before) {
    const std::string& text = work.statement->text;
    try {
      attempt(work);
    } catch (const Error& error) {
      if (error.next() == Next::kReconnect) {
        if (before.empty()) throw;
        context_.executor.reconnect();
        if (settled(text, before)) return;
        refused_ = true;
        throw Error(error).next(Next::kFail);
      }
      switch (before.empty() ? db::Effect::kNone : session().effect_of(text, before)) {
        case db::Effect::kNone: refused_ = true; break;
        case db::Effect::kDone:
          // By the session of an earlier deployer, which the server had not ended yet. Otherwise it was somebody else's
          // doing: the server has refused our statement.
          if (resumed_) return;
          refused_ = true;
          break;
        case db::Effect::kHalf: refused_ = removed_remains(text, before); break;
        case db::Effect::kInProgress:
        case db::Effect::kUnknown: break;  // the intent stays
      }
      throw;
    }
  }

  void remove_remains(const std::string& text, const std::string& before) {
    context_.observer.on_note(migration_.label() + ": removing what a failed statement left behind");
    context_.executor.lift_timeouts();
    session().remove_remains(text, before);
    sync_point(SyncPoint::kRemainsRemoved);
  }

  // After a stop, or when it fails, they are left to the next deploy, which the intent tells of them.
  bool removed_remains(const std::string& text, const std::string& before) {
    if (context_.stop.requested()) return false;
    try {
      remove_remains(text, before);
      return true;
    } catch (const Error& error) {
      context_.observer.on_note(migration_.label() + ": that failed, the next deploy tries again: " + error.message());
      return false;
    }
  }

  // True when the statement turns out to be done; false when it may be executed (again).
  bool settled(const std::string& text, const std::string& before) {
    constexpr Milliseconds kPoll{500};
    for (bool told = false;; told = true) {
      const db::Effect effect = session().effect_of(text, before);
      sync_point(SyncPoint::kEffectSeen);
      switch (effect) {
        case db::Effect::kDone: return true;
        case db::Effect::kNone: return false;
        case db::Effect::kHalf: remove_remains(text, before); return false;
        case db::Effect::kUnknown: throw in_doubt();
        case db::Effect::kInProgress: break;
      }
      if (context_.stop.requested())
        throw Error(Code::kInterrupted,
                    "stopped while the server was still at work on the statement of a lost session");
      if (!told)
        context_.observer.on_note(migration_.label() +
                                  ": the server still works on the statement of a lost session; waiting for it");
      context_.clock.sleep(kPoll);
    }
  }

  void settle(const std::string& text, const std::string& before) {
    if (before.empty()) throw in_doubt();
    resumed_ = true;
    if (!settled(text, before)) return;
    ++done_;
    context_.observer.on_note(
        fmt::format("{}: statement {} was executed before the last deploy ended", migration_.label(), done_));
  }

  Error in_doubt() const {
    return Error(Code::kInDoubt, fmt::format("the last deploy ended while it executed statement {} of {}, and nothing "
                                             "tells whether that was done",
                                             done_ + 1, migration_.label()))
        .at({migration_.file, 0, 0, ""})
        .hint(fmt::format("look at the database; if it was done: `{0} --skip-statement {1}`, if not: `{0} "
                          "--repeat-statement {1}`",
                          command(), migration_.version.text()));
  }

  void check_done_part(const std::vector<std::string>& texts) const {
    std::vector<std::string> now;
    for (const auto& one : work_) now.push_back(one.statement->text);
    compare_done_part(migration_, now, texts, done_);
  }

  const ApplyContext& context_;
  const Migration& migration_;
  const std::vector<Work>& work_;
  ledger::JournalPlace place_;
  std::int64_t done_ = 0;                    // statements
  bool refused_ = false;                     // the last statement had no effect: its intent may go
  bool resumed_ = false;                     // an earlier deployer had begun the statement that comes first
  std::uint64_t session_ = 0;                // that has the settings of what is done
  std::optional<std::string> first_intent_;  // the recorded intent of the first statement, until that is executed
};

}  // namespace

void check_done_part(const Migration& migration, const ledger::Entry& begun, const sql::Dialect& dialect) {
  compare_done_part(migration, statements_of(migration, begun.state), recorded_statements(migration, begun, dialect),
                    begun.statements_done);
}

void execute_one_by_one(const ApplyContext& context, const Migration& migration, ledger::EntryState state,
                        const std::vector<Work>& work, const ledger::Entry* begun) {
  Journal journal(context, migration, state, work);
  if (begun != nullptr) {
    journal.go_on(*begun);
  } else {
    journal.begin();
  }
  journal.execute();
}

std::optional<std::string> look_before(const ApplyContext& context, const std::vector<Work>& work) {
  if (work.empty() || context.database.runs_in_transaction(work[0].statement->text)) return std::nullopt;
  std::string before = context.executor.connection().look(work[0].statement->text);
  return before.empty() ? std::nullopt : std::optional(std::move(before));
}

void execute_opened(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work,
                    const std::string& intent) {
  Journal journal(context, migration, ledger::EntryState::kPartial, work);
  journal.adopt_intent(intent);
  journal.execute();
}

Error overtaken(const Migration& migration) {
  return Error(Code::kDeployLockHeld, fmt::format("another deployer works on {}", migration.label()))
      .hint("`weir status` shows how far it is");
}

void repeat_one_by_one(const ApplyContext& context, const std::vector<Work>& work) {
  for (const auto& one : work) {
    try {
      Work patient = one;
      const std::string& text = one.statement->text;
      if (builds_concurrently(context.database, text)) patient.lock_timeout = Milliseconds(0);
      if (may_be_repeated(text, context.database.dialect())) {
        context.executor.with_retries([&] { context.executor.execute(patient); });
      } else {
        context.executor.execute(patient);
      }
    } catch (const Error& error) {
      throw Error(error).context(fmt::format("{} failed, {} already committed", one.label(), one.number - 1));
    }
  }
}

}  // namespace weir::migrate
