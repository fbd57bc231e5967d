#include "migrate/journal.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
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

bool is_concurrent(std::string_view statement, const sql::Dialect& dialect) {
  sql::Scanner scanner(statement, dialect);
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_word("concurrently")) return true;
  }
  return false;
}

// Statements of the migration as it stood when its last statement was executed.
std::vector<std::string> recorded_statements(const Migration& migration, const ledger::Entry& partial,
                                             const sql::Dialect& dialect) {
  const Migration before =
      project::parse_migration(migration.kind, partial.version.text() + "_" + partial.name + ".sql", migration.file,
                               partial.applied_text, dialect);
  std::vector<std::string> texts;
  for (const auto* section : before.all(project::SectionKind::kUp)) {
    for (const auto& statement : section->statements) texts.push_back(statement.text);
  }
  return texts;
}

class Journal {
 public:
  Journal(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work)
      : context_(context), migration_(migration), work_(work) {}

  void go_on(const ledger::Entry& partial) {
    const auto texts = recorded_statements(migration_, partial, dialect());
    done_ = partial.statements_done;
    if (partial.intent && static_cast<std::size_t>(done_) < texts.size())
      settle(texts[static_cast<std::size_t>(done_)], *partial.intent);
    check_done_part(texts);
    ledger::record_partial_text(context_.ledger, migration_, std::ssize(work_));
    ledger::record_statement_done(context_.ledger, migration_.version, done_);
  }

  void begin() {
    if (ledger::record_started(context_.ledger, migration_, std::ssize(work_), context_.actor)) return;
    throw Error(Code::kDeployLockHeld, fmt::format("another deployer began {} in the same moment", migration_.label()))
        .hint("`weir status` shows how far it is");
  }

  // What is done is recorded, and what the server refused is no open intent.
  void execute() {
    try {
      execute_rest();
    } catch (const Error& error) {
      const bool lost = error.next() == Next::kReconnect || error.code() == Code::kInDoubt;
      if (!lost) ledger::record_statement_done(context_.ledger, migration_.version, done_);
      throw;
    }
  }

 private:
  void execute_rest() {
    for (std::size_t i = 0; i < work_.size(); ++i) {
      if (context_.stop.requested() && std::ssize(work_) > done_ && i >= static_cast<std::size_t>(done_))
        throw Error(Code::kInterrupted,
                    fmt::format("stopped: {} of {} statements of {} are done", done_, work_.size(), migration_.label()))
            .hint("`weir migrate` goes on with the next one");
      try {
        if (i >= static_cast<std::size_t>(done_)) {
          step(work_[i]);
        } else if (sets_session(work_[i].statement->text, dialect())) {
          attempt(work_[i]);
        }
      } catch (const Error& error) {
        throw Error(error).context(fmt::format("statement {} of {} failed, {} already committed", i + 1, work_.size(),
                                               std::max<std::int64_t>(done_, 0)));
      }
    }
  }

  const sql::Dialect& dialect() const { return context_.database.dialect(); }
  db::Connection& connection() { return context_.executor.connection(); }

  // One statement and the record that it is done; in one transaction where that is possible.
  void step(const Work& work) {
    if (joins_journal(work)) {
      together(work);
    } else {
      const std::string& text = work.statement->text;
      const std::string before = connection().look(text);
      ledger::record_intent(context_.ledger, migration_.version, done_, before);
      act(work, before);
      // Where the catalogue tells, the outcome is written with the intent of the next statement.
      if (before.empty()) ledger::record_statement_done(context_.ledger, migration_.version, done_ + 1);
    }
    ++done_;
  }

  // CALL and DO may commit by themselves.
  bool joins_journal(const Work& work) {
    const std::string& text = work.statement->text;
    if (!context_.database.runs_in_transaction(text)) return false;
    if (begins_with(text, dialect(), {"insert", "update", "delete", "replace"})) return true;
    return context_.database.capabilities().transactional_ddl &&
           begins_with(text, dialect(), {"create", "alter", "drop", "comment", "grant", "revoke", "truncate"});
  }

  void together(const Work& work) {
    const auto record = [&](ledger::Ledger& ledger) {
      context_.executor.execute(work);
      ledger::record_statement_done(ledger, migration_.version, done_ + 1);
    };
    const auto happened = [&](ledger::Ledger& ledger) {
      const auto entry = ledger::read_entry(ledger, migration_.version);
      return entry && entry->statements_done > done_;
    };
    context_.executor.with_retries([&] { context_.executor.in_transaction(context_.ledger, record, happened); });
  }

  // CREATE INDEX CONCURRENTLY and its like wait for old transactions while they keep nobody from working: a lock
  // timeout would only leave a half-made index behind, so they have none and are not repeated.
  void attempt(const Work& work) {
    if (!is_concurrent(work.statement->text, dialect()))
      return context_.executor.with_retries([&] { context_.executor.execute(work); });
    Work patient = work;
    patient.lock_timeout = Milliseconds(0);
    context_.executor.execute(patient);
  }

  // Look, act, look again.
  void act(const Work& work, const std::string& before) {
    try {
      attempt(work);
    } catch (const Error& error) {
      if (before.empty()) throw;
      if (error.next() == Next::kReconnect) {
        context_.executor.reconnect();
        if (settled(work.statement->text, before)) return;
      } else if (connection().effect_of(work.statement->text, before) == db::Effect::kHalf) {
        remove_remains(work.statement->text, before);
      }
      throw;
    }
  }

  void remove_remains(const std::string& text, const std::string& before) {
    context_.observer.on_note(migration_.label() + ": removing what a failed statement left behind");
    connection().remove_remains(text, before);
  }

  // True when the statement turns out to be done; false when it may be executed (again).
  bool settled(const std::string& text, const std::string& before) {
    constexpr Milliseconds kPoll{500};
    for (bool told = false;; told = true) {
      switch (connection().effect_of(text, before)) {
        case db::Effect::kDone: return true;
        case db::Effect::kNone: return false;
        case db::Effect::kHalf: remove_remains(text, before); return false;
        case db::Effect::kUnknown: throw in_doubt();
        case db::Effect::kInProgress: break;
      }
      if (context_.stop.requested())
        throw Error(Code::kInterrupted, "stopped while the server was still at work on the statement of a lost session")
            .next(Next::kReconnect);  // its intent stays
      if (!told)
        context_.observer.on_note(migration_.label() +
                                  ": the server still works on the statement of a lost session; waiting for it");
      context_.clock.sleep(kPoll);
    }
  }

  void settle(const std::string& text, const std::string& before) {
    if (before.empty()) throw in_doubt();
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
        .hint(fmt::format("look at the database; if it was done: `weir migrate --skip-statement {0}`, if not: `weir "
                          "migrate --repeat-statement {0}`",
                          migration_.version.text()));
  }

  // What is done already must stand unchanged at the beginning of the file.
  void check_done_part(const std::vector<std::string>& texts) const {
    for (std::size_t i = 0; i < static_cast<std::size_t>(done_); ++i) {
      if (i < work_.size() && i < texts.size() && work_[i].statement->text == texts[i]) continue;
      throw Error(Code::kDefinitionChanged,
                  fmt::format("statement {} of {} was executed already and has changed since", i + 1, migration_.file))
          .hint("put it back; only the statements that are not done yet may be edited");
    }
  }

  const ApplyContext& context_;
  const Migration& migration_;
  const std::vector<Work>& work_;
  std::int64_t done_ = 0;
};

}  // namespace

void execute_one_by_one(const ApplyContext& context, const Migration& migration, const std::vector<Work>& work,
                        const ledger::Entry* partial) {
  Journal journal(context, migration, work);
  if (partial != nullptr) {
    journal.go_on(*partial);
  } else {
    journal.begin();
  }
  journal.execute();
}

void repeat_one_by_one(const ApplyContext& context, const std::vector<Work>& work) {
  for (const auto& one : work) {
    try {
      Work patient = one;
      if (is_concurrent(one.statement->text, context.database.dialect())) patient.lock_timeout = Milliseconds(0);
      context.executor.with_retries([&] { context.executor.execute(patient); });
    } catch (const Error& error) {
      throw Error(error).context(fmt::format("{} failed, {} already committed", one.label(), one.number - 1));
    }
  }
}

}  // namespace weir::migrate
