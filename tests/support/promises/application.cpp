#include "support/promises/application.hpp"

#include <fmt/format.h>
#include <iterator>
#include <set>

#include "base/error.hpp"
#include "ledger/runs.hpp"

namespace weir::test::promises {

Application::Application(const db::Database& database, Table& table, Selection selection, project::Version version,
                         InFlight in_flight)
    : database_(database),
      table_(table),
      selection_(selection),
      version_(std::move(version)),
      connection_(database.connect(db::Purpose::kWorker)),
      ledger_(ledger::Ledger::open_or_create(database, *connection_)),
      histories_(in_flight),
      next_(static_cast<Tag>(table.rows)) {
  for (std::size_t key = 0; key < table.keys.size(); ++key) {
    if (key >= table.rows) {
      free_.push_back(key);
      continue;
    }
    const auto tag = static_cast<Tag>(key);
    rows_[tag] = {key, first_mark_of(tag, selection_)};
    histories_.insert(tag, table_.keys[key].place, {});
  }
}

Coverage Application::look() {
  const auto run = ledger::read_latest_run(*ledger_, version_);
  if (!run || run->id.attempt <= over_) return {};
  return {ledger::read_slices(*ledger_, run->id), table_.order};
}

template <typename Change>
Moment Application::change(Change change) {
  constexpr int kTries = 200;
  Moment moment;
  moment.before = look();
  for (int tries = 1;; ++tries) {
    try {
      db::Transaction transaction(*connection_);
      change();
      transaction.commit();
      break;
    } catch (const Error& error) {
      if (!error.is_transient() || connection_->broken() || tries == kTries) throw;
    }
  }
  moment.after = look();
  return moment;
}

std::int64_t Application::update(Tag tag, const std::string& set) {
  return connection_->execute_text(fmt::format("UPDATE t SET {} WHERE tag = {}", set, tag)).affected;
}

void Application::insert(std::size_t key) {
  const Tag tag = next_++;
  const Moment moment = change([&] {
    connection_->execute_text(fmt::format("INSERT INTO t ({}, tag, m, kind) VALUES ({}, {}, 0, {})", table_.key_list(),
                                          fmt::join(table_.keys[key].literals, ", "), tag, kind_of(tag)));
  });
  rows_[tag] = {key};
  histories_.insert(tag, table_.keys[key].place, moment);
}

void Application::move(Tag tag, std::size_t key) {
  std::string set;
  for (std::size_t i = 0; i < table_.key.columns.size(); ++i)
    set += fmt::format("{}{} = {}", i == 0 ? "" : ", ", table_.key.columns[i], table_.keys[key].literals[i]);
  const Moment moment = change([&] { update(tag, set); });
  rows_.at(tag).key = key;
  histories_.move(tag, table_.keys[key].place, moment);
}

void Application::remove(Tag tag) {
  std::int64_t changes = 0;
  const Moment moment = change([&] {
    update(tag, "x = x + 1");  // locks the row
    changes =
        db::as_integer(connection_->execute_text(fmt::format("SELECT n FROM t WHERE tag = {}", tag)).rows.at(0).at(0));
    connection_->execute_text(fmt::format("DELETE FROM t WHERE tag = {}", tag));
  });
  removed_[tag] = changes;
  histories_.remove(tag, moment);
}

void Application::mark(Tag tag, std::int64_t mark) {
  std::int64_t affected = 0;
  change([&] {
    affected =
        connection_->execute_text(fmt::format("UPDATE t SET m = {0} WHERE tag = {1} AND m <> {0}", mark, tag)).affected;
  });
  Row& row = rows_.at(tag);
  (mark == 1 ? row.done : row.undone) += affected;
}

void Application::act(const Step& step) {
  const auto key = [&] {  // a free one, which is taken
    const std::size_t at = step.where % free_.size(), chosen = free_[at];
    free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(at));
    return chosen;
  };
  if (step.act == Act::kInsert) {
    if (!free_.empty()) insert(key());
    return;
  }
  std::vector<Tag> living;
  for (const auto& [tag, row] : rows_) {
    if (!removed_.contains(tag)) living.push_back(tag);
  }
  if (living.empty()) return;
  const Tag tag = living[step.which % living.size()];
  const std::size_t was = rows_.at(tag).key;
  if (step.act == Act::kMove && !free_.empty()) {
    move(tag, key());
    free_.push_back(was);
  } else if (step.act == Act::kDelete) {
    remove(tag);
    free_.push_back(was);
  } else if (step.act == Act::kUndo && selection_ != Selection::kAll) {
    mark(tag, 0);
  } else if (step.act == Act::kDo && selection_ != Selection::kAll) {
    mark(tag, 1);
  } else {
    change([&] { update(tag, "x = x + 1"); });
  }
}

void Application::begin_anew(std::int64_t attempt) {
  if (attempt <= over_) return;
  const Coverage last = look();
  over_ = attempt;
  histories_.begin_anew(last);
}

// `mark`: nothing when the row was deleted.
std::string Application::complaint(Tag tag, std::int64_t changes, const std::optional<std::int64_t>& mark) const {
  const Row& row = rows_.at(tag);
  if (selection_ == Selection::kAll) {
    const Expected& expected = histories_.expected().at(tag);
    if (changes >= expected.least && changes <= expected.most) return "";
    return fmt::format("row {} was changed {} times instead of {} to {}: {}\n", tag, changes, expected.least,
                       expected.most, histories_.story(tag));
  }
  const bool selected = selection_ == Selection::kMarked || kind_of(tag) != 1;
  if (!selected)
    return changes == 0 ? "" : fmt::format("row {} does not match and was changed {} times\n", tag, changes);
  // Each time it was found undone.
  const std::int64_t most = 1 - row.first_mark + row.undone - row.done;
  if (!mark) {
    if (changes == most || changes == most - 1) return "";
  } else if (*mark == 1 && changes == most) {
    return "";
  }
  return fmt::format(
      "row {} (m = {}) was changed {} times instead of {}; m was {} at first, the application did it {} times "
      "and undid it {} times\n",
      tag, mark.value_or(-1), changes, most, row.first_mark, row.done, row.undone);
}

std::string Application::ledger_complaints(std::int64_t changes) {
  std::string text;
  std::int64_t counted = 0;
  const auto last = ledger::read_latest_run(*ledger_, version_);
  for (std::int64_t attempt = 1; last && attempt <= last->id.attempt; ++attempt) {
    for (const auto& slice : ledger::read_slices(*ledger_, {version_, attempt})) {
      counted += slice.rows_done;
      if (slice.lease) text += fmt::format("slice {} of attempt {} is held still\n", slice.ordinal, attempt);
    }
  }
  if (counted != changes) text += fmt::format("the ledger counts {} changes, {} were made\n", counted, changes);
  if (!last || last->state != ledger::RunState::kSucceeded) text += "the run has not succeeded\n";
  return text;
}

std::string Application::complaints() {
  histories_.end(look());
  std::string text;
  std::int64_t changes = 0;
  for (const auto& [tag, count] : removed_) {
    changes += count;
    text += complaint(tag, count, std::nullopt);
  }
  std::set<Tag> there;
  for (auto& row : connection_->execute({fmt::format("SELECT tag, n, m, {} FROM t", table_.key_list()), {}}).rows) {
    const auto tag = db::as_integer(row[0]), count = db::as_integer(row[1]), mark = db::as_integer(row[2]);
    const auto known = rows_.find(tag);
    if (known == rows_.end() || removed_.contains(tag)) {
      text += fmt::format("row {} should not be there\n", tag);
      continue;
    }
    there.insert(tag);
    changes += count;
    text += complaint(tag, count, mark);
    const db::Row key(std::make_move_iterator(row.begin() + 3), std::make_move_iterator(row.end()));
    if (table_.order.of(key) != table_.keys[known->second.key].place)
      text += fmt::format("row {} has another key\n", tag);
  }
  if (there.size() + removed_.size() != rows_.size())
    text += fmt::format("{} rows are there instead of {}\n", there.size(), rows_.size() - removed_.size());
  return text + ledger_complaints(changes);
}

}  // namespace weir::test::promises
