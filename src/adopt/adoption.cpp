#include "adopt/adoption.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

#include "adopt/checksum.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"
#include "ledger/repeatables.hpp"

namespace weir::adopt {
namespace {

using project::Migration;
using project::Version;

std::string bytes_of(const project::Config& config, const Migration& migration) {
  std::ifstream in(config.root / migration.file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Whether the file is what the tool applied, as far as the tool can tell.
bool is_unchanged(Tool tool, const project::Config& config, const Migration& migration, const std::string& checksum) {
  if (checksum.empty()) return true;
  if (tool == Tool::kSqlx) return sqlx_checksum(bytes_of(config, migration)) == checksum;
  if (tool == Tool::kFlyway) return std::to_string(flyway_checksum(bytes_of(config, migration))) == checksum;
  return true;
}

// Flyway's description has blanks where the file name has underscores.
std::string description_of(const std::string& name) {
  std::string description = name;
  std::replace(description.begin(), description.end(), '_', ' ');
  return description;
}

std::int64_t statement_count(const Migration& migration) {
  std::int64_t count = 0;
  for (const auto* section : migration.all(project::SectionKind::kUp)) count += std::ssize(section->statements);
  return count;
}

class Planner {
 public:
  Planner(Adoption& adoption, const project::Config& config, ledger::Ledger* ledger)
      : adoption_(adoption), config_(config), ledger_(ledger) {
    if (ledger_ != nullptr) entries_ = ledger::read_history(*ledger_);
  }

  void see_versions(const project::Timeline& timeline, const History& history) {
    for (const auto& migration : timeline.migrations()) {
      if (migration.former_tool.empty()) continue;
      const auto row = std::find_if(history.applied.begin(), history.applied.end(),
                                    [&](const auto& one) { return one.version == migration.version; });
      const bool has_row = row != history.applied.end();
      if (has_row && !is_unchanged(adoption_.tool, config_, migration, row->checksum)) note_edited(migration);
      if (is_recorded(migration.version)) {
        ++adoption_.known;
      } else if ((has_row || is_covered(migration.version, timeline, history)) && !was_rolled_back(migration.version)) {
        adoption_.adopted.push_back(&migration);
      } else {
        adoption_.pending.push_back(&migration);
      }
    }
    for (const auto& row : history.applied) {
      if (timeline.by_version(row.version) != nullptr) continue;
      if (is_recorded(row.version)) {
        ++adoption_.known;
      } else if (!was_rolled_back(row.version)) {
        adoption_.missing.push_back(row);
      }
    }
  }

  void see_repeatables(const project::Timeline& timeline, const History& history) {
    const auto known = ledger_ != nullptr ? ledger::read_repeatables(*ledger_) : std::vector<ledger::Repeatable>();
    for (const auto& migration : timeline.repeatables()) {
      if (migration.former_tool.empty()) continue;
      const auto row = std::find_if(history.repeatables.begin(), history.repeatables.end(),
                                    [&](const auto& one) { return one.name == description_of(migration.name); });
      const bool recorded =
          std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.name == migration.name; });
      const bool same =
          row != history.repeatables.end() && is_unchanged(adoption_.tool, config_, migration, row->checksum);
      if (recorded) {
        ++adoption_.known;
      } else {
        (same ? adoption_.repeatables : adoption_.pending).push_back(&migration);
      }
    }
  }

 private:
  bool is_recorded(const Version& version) const { return ledger::find_entry(entries_, version) != nullptr; }
  // A file that comes late, behind recorded ones, was not there when the tool went past its version.
  bool is_covered(const Version& version, const project::Timeline& timeline, const History& history) const {
    if (!history.up_to || version > *history.up_to) return false;
    return std::none_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
      const Migration* file = timeline.by_version(entry.version);
      return entry.version > version && file != nullptr && !file->former_tool.empty();
    });
  }
  // By weir, in a project whose former history is not kept up to date.
  bool was_rolled_back(const Version& version) const {
    if (config_.adopted && config_.adopted->keep_history) return false;
    return ledger_ != nullptr && ledger::has_event(*ledger_, "rolled-back", version);
  }
  void note_edited(const Migration& migration) {
    adoption_.problems.push_back(
        {"edited", migration.version,
         fmt::format("{} was edited after {} applied it", migration.file, to_string(adoption_.tool)),
         "bring the applied text back from version control, or check that the difference does not matter"});
  }

  Adoption& adoption_;
  const project::Config& config_;
  ledger::Ledger* ledger_;
  std::vector<ledger::Entry> entries_;
};

}  // namespace

const Problem* Adoption::unfinished() const {
  const auto found =
      std::find_if(problems.begin(), problems.end(), [](const auto& problem) { return problem.kind == "unfinished"; });
  return found == problems.end() ? nullptr : &*found;
}

Adoption plan_adoption(Tool tool, const project::Config& config, const std::string& folder,
                       const project::Timeline& timeline, const History& history, ledger::Ledger* ledger) {
  Adoption adoption;
  adoption.tool = tool;
  adoption.folder = folder;
  adoption.table = history.table.name;
  if (history.unfinished) adoption.problems.push_back(*history.unfinished);
  Planner planner(adoption, config, ledger);
  planner.see_versions(timeline, history);
  planner.see_repeatables(timeline, history);
  return adoption;
}

void record(ledger::Ledger& ledger, const Adoption& adoption, const std::string& actor) {
  if (const Problem* problem = adoption.unfinished()) refuse_unfinished(*problem);
  db::Transaction transaction(ledger.connection());
  const auto record_event = [&](const Version& version, const std::string& what) {
    ledger::record_event(
        ledger, actor, "adopted", version, std::nullopt,
        fmt::format("{}: applied by {}, by its table {}", what, to_string(adoption.tool), adoption.table));
  };
  for (const auto* migration : adoption.adopted) {
    ledger::record_applied(ledger, *migration, statement_count(*migration), Milliseconds(0), actor);
    record_event(migration->version, migration->file);
  }
  for (const auto& row : adoption.missing) {
    Migration migration;
    migration.version = row.version;
    migration.name = row.name;
    migration.checksum = sha256("");
    ledger::record_applied(ledger, migration, 0, Milliseconds(0), actor);
    record_event(row.version, "no file");
  }
  for (const auto* migration : adoption.repeatables) {
    ledger::record_repeatable(ledger, *migration, Milliseconds(0), actor);
    record_event({}, migration->file);
  }
  transaction.commit();
}

void refuse_unfinished(const Problem& problem) { throw Error(Code::kInDoubt, problem.message).hint(problem.hint); }

std::optional<Problem> find_unfinished(const project::Config& config, db::Connection& connection,
                                       const sql::Dialect& dialect) {
  auto tool = former_tool(config);
  if (!tool && !connection.find_table("weir_meta")) {
    if (const auto found = find_tools(connection); found.size() == 1) tool = found[0];
  }
  const auto history = tool ? read_history(*tool, connection, dialect) : std::nullopt;
  return history ? history->unfinished : std::nullopt;
}

void check_in_step(const project::Config& config, const project::Timeline& timeline, const db::Database& database,
                   db::Connection& connection, ledger::Ledger* ledger) {
  const auto tool = former_tool(config);
  if (!tool) return;
  const auto history = read_history(*tool, connection, database.dialect());
  if (!history) {
    if (!config.adopted->keep_history) return;
    throw Error(Code::kNotFound, fmt::format("the table {} of {}, which weir.toml says to keep up to date, is gone",
                                             history_table(*tool), to_string(*tool)))
        .hint("restore it, or set keep_history = false");
  }
  const Adoption adoption = plan_adoption(*tool, config, config.adopted->folder, timeline, *history, ledger);
  if (const Problem* problem = adoption.unfinished()) refuse_unfinished(*problem);
  const std::size_t unknown = adoption.adopted.size() + adoption.missing.size();
  if (unknown == 0) return;
  const Version& first = adoption.adopted.empty() ? adoption.missing[0].version : adoption.adopted[0]->version;
  throw Error(Code::kUsage,
              fmt::format("{} has applied {} migration{} that weir's ledger does not know, version {} first",
                          to_string(*tool), unknown, unknown == 1 ? "" : "s", first.text()))
      .hint("`weir adopt` records them; nothing was changed");
}

}  // namespace weir::adopt
