#include "report/text.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "migrate/diff.hpp"

namespace weir::report {
namespace {

constexpr std::string_view kGreen = "32", kYellow = "33", kRed = "31", kBold = "1", kDim = "2";

std::string paint(std::string_view text, std::string_view code, Colour colour) {
  return colour == Colour::kOn ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

// Padded before it is coloured, because escape codes have no width.
std::string verb(std::string_view text, std::string_view code, Colour colour) {
  return paint(fmt::format("{:<9}", text), code, colour);
}

std::string_view state_colour(std::string_view state) {
  if (state == "applied" || state == "succeeded") return kGreen;
  if (state == "failed" || state == "missing" || state == "changed" || state == "partial") return kRed;
  return kYellow;
}

std::string phase_state(const std::vector<const MigrationStatus*>& migrations) {
  const auto applied = std::count_if(migrations.begin(), migrations.end(),
                                     [](const auto* m) { return m->state == "applied" || m->state == "changed"; });
  if (applied == static_cast<std::ptrdiff_t>(migrations.size())) return "applied";
  if (migrations.size() == 1) return migrations.front()->state;
  if (applied > 0) return fmt::format("{} of {} applied", applied, migrations.size());
  const bool waits =
      std::any_of(migrations.begin(), migrations.end(), [](const auto* m) { return m->state == "waiting"; });
  return waits ? "waiting" : "pending";
}

std::string data_state(const MigrationStatus& migration) {
  if (migration.state == "succeeded" || migration.state == "changed") return "done";
  if (!migration.run) return migration.state;
  const auto percent = migration.run->percent();
  const bool started = migration.run->run.started_at.has_value();
  std::string text = started && percent ? fmt::format("{} % {}", *percent, migration.state) : migration.state;
  if (migration.state == "running" && migration.run->workers == 0) text += " (its worker died)";
  return text;
}

std::string change_line(const ChangeStatus& change, std::size_t width, Colour colour) {
  std::vector<std::string> phases;
  const auto phase = [&](std::string_view name, const std::string& state) {
    const bool done = state == "applied" || state == "done" || state == "open";
    phases.push_back(fmt::format("{} {}", name, paint(state, done ? kGreen : state_colour(state), colour)));
  };
  if (!change.expand.empty()) phase("expand", phase_state(change.expand));
  for (const auto* data : change.data) phase("data", data_state(*data));
  if (!change.data.empty() && !change.contract.empty()) {
    const bool ready = std::all_of(change.data.begin(), change.data.end(),
                                   [](const auto* d) { return d->state == "succeeded" || d->state == "changed"; });
    phase("gate", ready ? "open" : "closed");
  }
  if (!change.contract.empty()) phase("contract", phase_state(change.contract));
  return fmt::format("{:<{}}  {}\n", change.name, width, fmt::join(phases, "  ->  "));
}

std::string progress_detail(const RunStatus& status) {
  std::string text = fmt::format("{} of {} rows", human_count(status.run.rows_done),
                                 status.run.rows_total ? human_count(*status.run.rows_total) : "?");
  if (status.rate && status.workers > 0)
    text += fmt::format(", {} rows/s", human_count(static_cast<std::int64_t>(*status.rate)));
  if (status.eta_seconds)
    text += fmt::format(", about {} left", human_duration(Milliseconds(*status.eta_seconds * 1000)));
  if (status.quarantined > 0) text += fmt::format(", {} in quarantine", human_count(status.quarantined));
  if (!status.worker.empty()) text += ", " + status.worker;
  if (status.workers > 1) text += fmt::format(" and {} more", status.workers - 1);
  return text;
}

// Who executes a row program.
constexpr std::string_view kElsewhere = "the C++ program that registers its row program";

std::string where_to_run(const project::Migration& migration) {
  return migration.has_row_program() ? fmt::format("for {}", kElsewhere) : "weir run " + migration.name;
}

// What an operator should know or do next about one migration; empty when nothing.
std::string attention(const MigrationStatus& migration) {
  if (migration.state == "waiting") return fmt::format("waits for {}", fmt::join(migration.waits_for, ", "));
  if (migration.state == "changed") return "its file was changed after it was applied";
  if (migration.state == "missing") return "is applied, but its file is gone";
  if (migration.state == "partial")
    return fmt::format("{}/{} statements {} done: `weir {}` goes on", migration.statements_done,
                       migration.statements_total, migration.undoing ? "of its rollback are" : "are",
                       migration.undoing ? "rollback" : "migrate");
  if (!migration.run || migration.state == "succeeded") return "";
  std::string detail = progress_detail(*migration.run);
  const std::string go_on =
      migration.row_program ? std::string(kElsewhere) : fmt::format("`weir run {}`", migration.name);
  if (migration.state == "failed") return fmt::format("{}; {}: {} goes on", detail, migration.run->run.error, go_on);
  if (migration.state == "running" && migration.run->workers > 0) return detail;
  return fmt::format("{}: {}", detail, go_on);
}

std::string loose_line(const MigrationStatus& migration, std::size_t width, Colour colour) {
  const std::string state = migration.kind == project::Kind::kData ? data_state(migration) : migration.state;
  return fmt::format("{:<{}}  {} {}\n", migration.name, width, project::to_string(migration.kind),
                     paint(state, state_colour(migration.state), colour));
}

std::string label(const project::Migration& migration) {
  return fmt::format("{}  {:<28}", migration.version.text(), migration.name);
}

std::string blockers_text(const migrate::Step& step) {
  std::vector<std::string> parts;
  for (const auto& blocker : step.blockers)
    parts.push_back(fmt::format("{} ({})", blocker.migration->name, blocker.reason));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string count_of(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", human_count(count), noun, count == 1 ? "" : "s");
}

std::string rows_text(const std::optional<std::int64_t>& rows) {
  return rows ? count_of(*rows, "row") : "rows not counted";
}

// "5" or "(5, abc)"
std::string key_text(const db::Row& key) {
  std::string text;
  for (const auto& value : key) {
    const bool plain = !std::holds_alternative<db::Blob>(value);
    text += (text.empty() ? "" : ", ") + (plain ? db::as_text(value) : db::encode_key({value}));
  }
  return key.size() == 1 ? text : "(" + text + ")";
}

}  // namespace

std::string to_text(const Status& status, Colour colour) {
  if (status.migrations.empty() && status.repeatables.empty())
    return "no migrations yet: `weir new schema NAME` makes one\n";
  const auto changes = status.changes();
  std::size_t width = 0;
  for (const auto& change : changes) width = std::max(width, change.name.size());
  for (const auto& migration : status.migrations) {
    if (migration.change.empty()) width = std::max(width, migration.name.size());
  }
  for (const auto& one : status.repeatables) width = std::max(width, one.name.size());
  std::string out;
  for (const auto& migration : status.migrations) {
    if (migration.change.empty()) out += loose_line(migration, width, colour);
  }
  for (const auto& change : changes) out += change_line(change, width, colour);
  for (const auto& one : status.repeatables) out += fmt::format("{:<{}}  repeatable {}\n", one.name, width, one.state);
  for (const auto& migration : status.migrations) {
    if (const std::string note = attention(migration); !note.empty())
      out += fmt::format("  {}: {}\n", paint(migration.name, kBold, colour), note);
  }
  if (status.lock) out += fmt::format("  a deploy is running: {}\n", status.lock->description);
  return out;
}

std::string to_text(const migrate::StepResult& result, bool dry_run, Colour colour) {
  const auto& migration = *result.step.migration;
  const std::string name = label(migration);
  std::string line;
  switch (result.step.action) {
    case migrate::Action::kNothing: return "";
    case migrate::Action::kApply:
    case migrate::Action::kContinue:
      line = dry_run ? verb("apply", kYellow, colour) + name
                     : verb("applied", kGreen, colour) + name + " " + human_duration(result.elapsed);
      break;
    case migrate::Action::kRunInline:
      line = dry_run ? verb("run", kYellow, colour) + name + " the table is small: now, in order"
                     : verb("done", kGreen, colour) + name +
                           fmt::format(" {} rows, {}", human_count(result.rows), human_duration(result.elapsed));
      break;
    case migrate::Action::kEnqueue:
      line = dry_run ? verb("queue", kYellow, colour) + name +
                           (migration.has_row_program() ? fmt::format(" for {}", kElsewhere)
                                                        : " the table is large: for `weir run`")
                     : verb("queued", kYellow, colour) + name +
                           fmt::format(" {}: {}", rows_text(result.rows_total), where_to_run(migration));
      break;
    case migrate::Action::kAlreadyQueued: {
      const std::string_view state = result.run_state.empty() ? "queued" : std::string_view(result.run_state);
      line = verb(state, kYellow, colour) + name + fmt::format(" {}", rows_text(result.rows_total));
      if (state != "running") line += ": " + where_to_run(migration);
      break;
    }
    case migrate::Action::kNeedsParameters:
      line = verb("pending", kYellow, colour) + name +
             fmt::format(" needs parameters: weir run {} --param name=value", migration.name);
      break;
    case migrate::Action::kWait:
      line = verb("waiting", kYellow, colour) + name + " for " + blockers_text(result.step);
      break;
  }
  return line + (result.step.late ? paint("  (late: a later version is applied already)", kDim, colour) : "") + "\n";
}

std::string summary(const migrate::DeployOutcome& outcome, bool dry_run) {
  using migrate::Action;
  const std::size_t applied =
      outcome.count(Action::kApply) + outcome.count(Action::kContinue) + outcome.count(Action::kRunInline);
  const std::size_t queued = outcome.count(Action::kEnqueue) + outcome.count(Action::kAlreadyQueued);
  const std::size_t waiting = outcome.count(Action::kWait) + outcome.count(Action::kNeedsParameters);
  if (applied + queued + waiting == 0) return "nothing to do: everything is applied\n";
  return fmt::format("{}{} {}, {} queued, {} waiting\n", dry_run ? "dry run: " : "", applied,
                     dry_run ? "to apply" : "applied", queued, waiting);
}

std::string to_text(const migrate::Discrepancy& found, Colour colour) {
  const std::string name = fmt::format("{} {}", found.entry.version.text(), found.entry.name);
  if (found.kind == migrate::Discrepancy::Kind::kMissing)
    return fmt::format("{} {} is applied, but its file is gone\n", paint("warning:", kYellow, colour), name);
  if (found.entry.applied_text.empty())
    return fmt::format(
        "{} {} was changed after it was applied; the ledger was loaded from a dump, which has no texts\n",
        paint("warning:", kYellow, colour), name);
  return fmt::format("{} {} was changed after it was applied (- applied, + now):\n{}\n",
                     paint("warning:", kYellow, colour), name,
                     migrate::line_diff(found.entry.applied_text, found.migration->text));
}

std::string baseline_to_text(const std::vector<const project::Migration*>& marked, Colour colour) {
  std::string text;
  for (const auto* one : marked) text += verb("marked", kGreen, colour) + label(*one) + "  (not executed)\n";
  return marked.empty() ? "nothing to mark: all of them are applied\n" : text;
}

std::string to_text(const migrate::RolledBack& one, Colour colour) {
  std::string line = verb("undone", kGreen, colour) + label(*one.migration) + " " + human_duration(one.elapsed);
  if (one.nothing_to_undo) line += "  (its migrate:down is empty: only the record was removed)";
  for (const auto* data : one.reopened)
    line += fmt::format("\n{}{} must run again", verb("reopened", kYellow, colour), label(*data));
  return line + "\n";
}

std::string to_text(const migrate::Verification& one, Colour colour) {
  const std::string name = label(*one.migration);
  std::vector<std::string> parts;
  if (one.residual) parts.push_back(fmt::format("residual {}", human_count(*one.residual)));
  if (one.violations) parts.push_back(fmt::format("violations {}", human_count(*one.violations)));
  if (parts.empty() && one.closed_by == nullptr)
    parts.emplace_back("no `where` and no migrate:verify: complete by its key range");
  if (one.closed_by != nullptr)
    parts.push_back(fmt::format("the rest was 0 at the gate of {}, which removed what it reads", one.closed_by->name));
  return verb(one.clean() ? one.closed_by != nullptr ? "closed" : "clean" : "WRONG", one.clean() ? kGreen : kRed,
              colour) +
         name + fmt::format(" {}\n", fmt::join(parts, ", "));
}

std::string state_text(ledger::RunState state, Colour colour) {
  return paint(to_string(state), state_colour(to_string(state)), colour);
}

std::string batch_text(const RunStatus& status) {
  if (status.run.batch_rows) return human_count(*status.run.batch_rows);
  if (status.batches == 0) return "auto";
  return fmt::format("auto (about {} rows changed in each)", human_count(status.run.rows_done / status.batches));
}

std::string to_text(const RunStatus& status, Colour colour) {
  const ledger::Run& run = status.run;
  std::string text = fmt::format("{} {}: {}", state_text(run.state, colour), run.name, human_count(run.rows_done));
  if (run.rows_total) text += fmt::format(" of {}", human_count(*run.rows_total));
  text += fmt::format(" rows done, batch {}", batch_text(status));
  if (run.workers) text += fmt::format(", workers {}", *run.workers);
  if (run.max_rate) text += fmt::format(", at most {} rows/s", human_count(*run.max_rate));
  switch (run.state) {
    case ledger::RunState::kQueued:
      text += fmt::format(". A worker takes it (`weir worker`), or: weir run {}", run.name);
      break;
    case ledger::RunState::kPaused:
      text += fmt::format(". Go on with: weir run {0}, or weir resume {0}", run.name);
      break;
    case ledger::RunState::kPausing:
    case ledger::RunState::kCancelling:
      text += fmt::format(". {} of its workers finish{} a batch: {}", status.workers, status.workers == 1 ? "es" : "",
                          status.worker);
      break;
    case ledger::RunState::kRunning:
    case ledger::RunState::kSucceeded:
    case ledger::RunState::kFailed:
    case ledger::RunState::kCancelled: break;
  }
  return text + "\n";
}

std::string to_text(const project::Migration& migration, const backfill::RunOutcome& outcome, Colour colour) {
  if (outcome.already_complete) return fmt::format("{} is complete already: residual 0\n", migration.name);
  const std::string time = human_duration(outcome.elapsed);
  const std::string rows = outcome.rows_here == outcome.rows_done
                               ? fmt::format("{} rows in {}", human_count(outcome.rows_done), time)
                               : fmt::format("{} rows, {} of them now in {}", human_count(outcome.rows_done),
                                             human_count(outcome.rows_here), time);
  if (outcome.state == ledger::RunState::kPaused)
    return fmt::format("{} {}. Go on with: weir run {}\n", paint("paused", kYellow, colour), rows, migration.name);
  if (outcome.state == ledger::RunState::kCancelled)
    return fmt::format("{} {}: {} stay changed\n", paint("cancelled", kYellow, colour), migration.name, rows);
  if (outcome.state == ledger::RunState::kRunning)
    return fmt::format("{} {}; other workers go on. `weir pause {}` pauses the run\n", paint("left", kYellow, colour),
                       rows, migration.name);
  return fmt::format("{} {}: {}, {} pass{}, residual {}{}\n", paint("succeeded", kGreen, colour), migration.name, rows,
                     outcome.passes, outcome.passes == 1 ? "" : "es", outcome.residual,
                     outcome.violations ? fmt::format(", violations {}", *outcome.violations) : "");
}

std::string to_text(const backfill::UndoOutcome& outcome, Colour colour) {
  std::string counts = count_of(outcome.restored, "row") + " restored";
  if (outcome.changed > 0) counts += fmt::format(", {} changed since", human_count(outcome.changed));
  if (outcome.gone > 0) counts += fmt::format(", {} gone", human_count(outcome.gone));
  std::string text =
      outcome.complete
          ? fmt::format("{} {}: {}\n", paint("undone", kGreen, colour), outcome.name, counts)
          : fmt::format("{} {}: {}, {} left. Go on with: weir undo {}\n", paint("stopped", kYellow, colour),
                        outcome.name, counts, human_count(outcome.left), outcome.name);
  constexpr std::ptrdiff_t kMostKeys = 20;
  for (std::ptrdiff_t i = 0; i < std::min(kMostKeys, std::ssize(outcome.others)); ++i) {
    const auto& row = outcome.others[static_cast<std::size_t>(i)];
    text += fmt::format("  {:<13} {}\n", row.gone ? "gone" : "changed since", key_text(row.key));
  }
  if (const auto more = outcome.changed + outcome.gone - kMostKeys; more > 0)
    text += fmt::format("  and {} more\n", human_count(more));
  if (outcome.complete && outcome.runs_left > 0) {
    text += fmt::format("{} of {} can be undone as well: weir undo {}\n", count_of(outcome.runs_left, "earlier run"),
                        outcome.name, outcome.name);
  }
  return text;
}

std::string discarded_to_text(const std::string& name, const std::vector<ledger::ImageSet>& discarded) {
  if (discarded.empty()) return fmt::format("{} has no old values\n", name);
  return fmt::format("the old values of {} of {} are dropped: it cannot be undone any more\n",
                     count_of(std::ssize(discarded), "run"), name);
}

std::string to_text(const Error& error, Colour colour) {
  std::string out = fmt::format("{} {}\n", paint("error:", kRed, colour), error.message());
  if (const auto& place = error.place(); place && !place->file.empty()) {
    std::string where = place->file;
    if (place->line > 0) where += fmt::format(":{}", place->line);
    if (place->line > 0 && place->column > 0) where += fmt::format(":{}", place->column);
    out += fmt::format("  --> {}\n", where);
    if (!place->line_text.empty() && place->column > 0) {
      // The caret stands under the column; tabs keep their width by being copied.
      std::string indent;
      for (int i = 0; i + 1 < place->column && static_cast<std::size_t>(i) < place->line_text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(place->line_text[static_cast<std::size_t>(i)]);
        if (byte == '\t') indent += '\t';
        if (byte != '\t' && (byte & 0xC0) != 0x80) indent += ' ';
      }
      const std::string number = std::to_string(place->line);
      out += fmt::format(" {} | {}\n {} | {}^\n", number, place->line_text, std::string(number.size(), ' '), indent);
    }
  }
  if (!error.facts().sqlstate.empty()) out += fmt::format("  sqlstate {}\n", error.facts().sqlstate);
  if (!error.hint().empty()) out += fmt::format("{} {}\n", paint("hint:", kBold, colour), error.hint());
  return out;
}

}  // namespace weir::report
