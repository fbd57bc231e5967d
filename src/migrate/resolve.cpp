#include "migrate/resolve.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "ledger/events.hpp"
#include "ledger/runs.hpp"
#include "migrate/journal.hpp"
#include "sql/mask.hpp"

namespace weir::migrate {
namespace {

using project::Migration;
using project::SectionKind;

std::vector<const sql::Statement*> statements_of(const Migration& migration, ledger::EntryState state) {
  std::vector<const sql::Statement*> all;
  const auto kind = state == ledger::EntryState::kUndoing ? SectionKind::kDown : SectionKind::kUp;
  for (const auto* section : migration.all(kind)) {
    for (const auto& statement : section->statements) all.push_back(&statement);
  }
  return all;
}

void mark_applied(ledger::Ledger& ledger, const Migration& migration, std::string_view event,
                  const std::string& actor) {
  const auto run = ledger::read_latest_run(ledger, migration.version);
  if (run && !ledger::is_final(run->state))
    throw Error(Code::kUsage,
                fmt::format("a run of {} is {}; nothing was marked", migration.name, to_string(run->state)))
        .hint(fmt::format("finish it with `weir run {}`", migration.name));
  ledger::record_applied(ledger, migration, migration.statement_count(), Milliseconds(0), actor);
  ledger::record_event(ledger, actor, event, migration.version, std::nullopt,
                       migration.file + " was not executed by weir");
}

const ledger::Entry& half_done(const std::optional<ledger::Entry>& entry, const Migration& migration) {
  if (entry && entry->state != ledger::EntryState::kApplied) return *entry;
  throw Error(Code::kUsage, fmt::format("{} is {}, not half done", migration.label(), entry ? "applied" : "pending"))
      .hint(entry ? "there is nothing to resolve"
                  : fmt::format("to record it as applied without executing it: weir migrate --mark-applied {}",
                                migration.version.text()));
}

std::string resolve_statement(ledger::Ledger& ledger, const sql::Dialect& dialect, const Migration& migration,
                              const ledger::Entry& begun, Resolution::Kind kind, const std::string& actor) {
  const auto statements = statements_of(migration, begun.state);
  const auto next = static_cast<std::size_t>(begun.statements_done);
  if (next >= statements.size())
    throw Error(Code::kUsage, fmt::format("{} has no statement that is not done", migration.label()))
        .hint(begun.state == ledger::EntryState::kUndoing ? "`weir rollback` completes it"
                                                          : "`weir migrate` completes it");
  check_done_part(migration, begun, dialect);
  const bool skip = kind == Resolution::Kind::kSkipStatement;
  const std::string which = fmt::format("statement {} of {} of {}: {}", next + 1, statements.size(), migration.label(),
                                        sql::mask_literals(statements[next]->text, dialect));
  ledger::record_journal_text(ledger, begun.state, migration, std::ssize(statements));
  ledger::record_statement_done(ledger, {migration.version, begun.state, begun.statements_done},
                                begun.statements_done + (skip ? 1 : 0));
  ledger::record_event(ledger, actor, skip ? "statement-skipped" : "statement-repeated", migration.version,
                       std::nullopt, which);
  return (skip ? "skipped, counts as done: " : "will be executed again: ") + which;
}

}  // namespace

std::string resolve(ledger::Ledger& ledger, const project::Timeline& timeline, const sql::Dialect& dialect,
                    const Resolution& resolution, const std::string& actor) {
  const Migration& migration = timeline.find(resolution.reference);
  const auto entry = ledger::read_entry(ledger, migration.version);
  std::string said;
  switch (resolution.kind) {
    case Resolution::Kind::kSkipStatement:
    case Resolution::Kind::kRepeatStatement:
      said = resolve_statement(ledger, dialect, migration, half_done(entry, migration), resolution.kind, actor);
      break;
    case Resolution::Kind::kMarkApplied:
      if (entry && entry->state == ledger::EntryState::kApplied)
        throw Error(Code::kUsage, migration.label() + " is applied already");
      mark_applied(ledger, migration, "marked-applied", actor);
      said = "counts as applied: " + migration.label();
      break;
  }
  return said;
}

std::vector<const Migration*> baseline(ledger::Ledger& ledger, const project::Timeline& timeline,
                                       const project::Version& to, const std::string& actor) {
  if (timeline.by_version(to) == nullptr)
    throw Error(Code::kNotFound, fmt::format("no migration has the version {}", to.text()))
        .hint("--to names the last migration that the database already has; `weir status` lists them");
  const auto history = ledger::read_history(ledger);
  std::vector<const Migration*> marked;
  db::Transaction transaction(ledger.connection());
  for (const auto& migration : timeline.migrations()) {
    if (migration.version > to) break;
    const auto* entry = ledger::find_entry(history, migration.version);
    if (entry != nullptr && entry->state != ledger::EntryState::kApplied)
      throw Error(Code::kUsage, migration.label() + " is half done; nothing was marked")
          .hint(
              "complete it with `weir migrate` (or `weir rollback`, if that was begun), or say what holds with "
              "--skip-statement or --mark-applied");
    if (entry != nullptr) continue;
    mark_applied(ledger, migration, "baseline", actor);
    marked.push_back(&migration);
  }
  transaction.commit();
  return marked;
}

}  // namespace weir::migrate
