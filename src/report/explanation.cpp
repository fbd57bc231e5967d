#include "report/explanation.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/values.hpp"

namespace weir::report {
namespace {

using backfill::Explanation;
using backfill::KeyReason;
using nlohmann::ordered_json;

ordered_json row_of(const db::Row& row) { return ordered_json::parse(db::encode_key(row)); }

enum class Verdict { kEmpty, kReadsByIndex, kReadsByPlace, kSmall, kLargeBatches, kRefused, kUnknown };

Verdict verdict_of(const Explanation& explanation) {
  const auto& plan = explanation.plan;
  if (!plan) return Verdict::kEmpty;
  if (plan->refused()) return Verdict::kRefused;
  if (plan->scans_table) return plan->small ? Verdict::kSmall : Verdict::kLargeBatches;
  for (const auto& statement : plan->statements) {
    if (!statement) return Verdict::kUnknown;
  }
  return explanation.key_reason == KeyReason::kPlace ? Verdict::kReadsByPlace : Verdict::kReadsByIndex;
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEmpty: return "empty-table";
    case Verdict::kReadsByIndex: return "reads-by-index";
    case Verdict::kReadsByPlace: return "reads-by-place";
    case Verdict::kSmall: return "small-table";
    case Verdict::kLargeBatches: return "large-batches";
    case Verdict::kRefused: return "scans-table";
    case Verdict::kUnknown: return "unknown";
  }
  return "";
}

std::string_view words_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEmpty: return "the table is empty";
    case Verdict::kReadsByIndex: return "a batch reads its rows by an index";
    case Verdict::kReadsByPlace: return "a batch reads its own pages";
    case Verdict::kSmall: return "a batch reads the whole table, which is small";
    case Verdict::kLargeBatches:
      return "a batch reads the whole table, because it is so large a part of it: take a smaller `batch`";
    case Verdict::kRefused: return "every batch would read the whole table: `weir run` refuses it without --allow-scan";
    case Verdict::kUnknown: return "the engine does not explain such a statement";
  }
  return "";
}

std::string_view name_of(KeyReason reason) {
  switch (reason) {
    case KeyReason::kPrimaryKey: return "primary-key";
    case KeyReason::kFirstUniqueKey: return "unique-key";
    case KeyReason::kNamed: return "named";
    case KeyReason::kPlace: return "place";
  }
  return "";
}

std::string_view words_of(KeyReason reason) {
  switch (reason) {
    case KeyReason::kPrimaryKey: return "the primary key";
    case KeyReason::kFirstUniqueKey: return "there is no primary key: the first unique key that can be walked";
    case KeyReason::kNamed: return "named by `key:`";
    case KeyReason::kPlace: return "the place of a row, of `order: heap`";
  }
  return "";
}

std::string_view order_of(const Explanation& explanation) {
  return explanation.key_reason == KeyReason::kPlace ? "heap" : "key";
}

std::string_view reason_of_order(const Explanation& explanation) {
  return explanation.key_reason == KeyReason::kPlace
             ? "pages are read one after the other; rows that move meanwhile are found by `where` in another pass"
             : "the end of a batch is found along its index, and a run goes on behind its cursor";
}

std::string count_or(const std::optional<std::int64_t>& count, std::string_view otherwise) {
  return count ? human_count(*count) : std::string(otherwise);
}

std::string slices_text(const Explanation& explanation) {
  std::string text = fmt::format("{} for {} worker{}", explanation.slices.size(), explanation.workers,
                                 explanation.workers == 1 ? "" : "s");
  for (std::size_t i = 0; i + 1 < explanation.slices.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? ", cut behind " : ", ", shown_key(explanation.slices[i].upper));
  return text;
}

std::string bytes_text(std::int64_t bytes) {
  constexpr double kMegabyte = 1e6;
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / kMegabyte);
}

std::string forecast_text(const Explanation& explanation) {
  const auto forecast = explanation.forecast();
  if (!explanation.measured || !forecast)
    return explanation.not_measured.empty() ? "not measured" : "not measured: " + explanation.not_measured;
  const auto& measured = *explanation.measured;
  return fmt::format(
      "{} to {}: {} batch{} from the middle of the table took {:.1f} to {:.1f} ms and {} rolled back; "
      "commits, waits for locks and a limit of the rate come on top",
      human_duration(forecast->least), human_duration(forecast->most), measured.batches,
      measured.batches == 1 ? "" : "es", static_cast<double>(measured.fastest.count()) / 1000,
      static_cast<double>(measured.slowest.count()) / 1000, measured.batches == 1 ? "was" : "were");
}

ordered_json plans_json(const Explanation& explanation) {
  ordered_json plans = ordered_json::array();
  if (!explanation.plan) return plans;
  for (const auto& statement : explanation.plan->statements) {
    if (statement)
      plans.push_back({{"lines", statement->lines}, {"scans_table", statement->scans_table}});
    else
      plans.push_back(nullptr);
  }
  return plans;
}

template <typename T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

}  // namespace

std::string to_text(const project::Migration& migration, const Explanation& explanation, Colour colour) {
  const Verdict verdict = verdict_of(explanation);
  std::string text;
  const auto add = [&](std::string_view what, const std::string& said) {
    const std::string title = fmt::format("{:<9}", what);
    text += fmt::format("{} {}\n", colour == Colour::kOn ? fmt::format("\x1b[1m{}\x1b[0m", title) : title, said);
  };
  add("run", fmt::format("{} over {}", migration.name, explanation.table));
  add("key", fmt::format("({}): {}", fmt::join(explanation.key, ", "), words_of(explanation.key_reason)));
  add("order", fmt::format("by {}: {}", order_of(explanation), reason_of_order(explanation)));
  add("rows", fmt::format("about {} in the table, about {} to change", count_or(explanation.rows_of_table, "?"),
                          count_or(explanation.rows_to_change, "?")));
  add("batches",
      fmt::format("about {} of {} rows{}", count_or(explanation.batches, "?"), human_count(explanation.batch_rows),
                  explanation.batch_follows_time ? "; from there their size follows the time they take" : ""));
  add("slices", slices_text(explanation));
  add("plan", std::string(words_of(verdict)));
  if (explanation.plan) {
    for (const auto& statement : explanation.plan->statements) {
      if (!statement) continue;
      for (const auto& line : statement->lines) text += fmt::format("          {}\n", line);
    }
  }
  add("duration", forecast_text(explanation));
  if (const auto forecast = explanation.forecast(); forecast && forecast->log_bytes)
    add("log", fmt::format("about {} of write-ahead log, other sessions' included", bytes_text(*forecast->log_bytes)));
  return text;
}

std::string to_json(const project::Migration& migration, const Explanation& explanation) {
  ordered_json slices = ordered_json::array();
  for (const auto& slice : explanation.slices) {
    slices.push_back(
        {{"lower", slice.lower ? row_of(*slice.lower) : ordered_json(nullptr)}, {"upper", row_of(slice.upper)}});
  }
  ordered_json body = {{"version", migration.version.text()},
                       {"name", migration.name},
                       {"table", explanation.table},
                       {"key", explanation.key},
                       {"key_reason", name_of(explanation.key_reason)},
                       {"order", order_of(explanation)},
                       {"order_reason", reason_of_order(explanation)},
                       {"rows_of_table", or_null(explanation.rows_of_table)},
                       {"rows_to_change", or_null(explanation.rows_to_change)},
                       {"batch_rows", explanation.batch_rows},
                       {"batch_follows_time", explanation.batch_follows_time},
                       {"batches", or_null(explanation.batches)},
                       {"workers", explanation.workers},
                       {"slices", slices},
                       {"verdict", name_of(verdict_of(explanation))},
                       {"refused", explanation.plan && explanation.plan->refused()},
                       {"plans", plans_json(explanation)},
                       {"measured", nullptr},
                       {"not_measured", nullptr},
                       {"forecast", nullptr}};
  if (const auto& measured = explanation.measured) {
    body["measured"] = {{"batches", measured->batches},
                        {"rows", measured->rows},
                        {"fastest_ms", static_cast<double>(measured->fastest.count()) / 1000},
                        {"slowest_ms", static_cast<double>(measured->slowest.count()) / 1000},
                        {"log_bytes", or_null(measured->log_bytes)}};
  }
  if (!explanation.not_measured.empty()) body["not_measured"] = explanation.not_measured;
  if (const auto forecast = explanation.forecast()) {
    body["forecast"] = {{"least_ms", forecast->least.count()},
                        {"most_ms", forecast->most.count()},
                        {"log_bytes", or_null(forecast->log_bytes)}};
  }
  const ordered_json json = {{"schema", 1}, {"explain", body}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir::report
