// The application of an example: it writes to the table over a connection of its own and remembers what happened to
// each row. Not thread-safe.
#pragma once

#include <optional>

#include "ledger/ledger.hpp"
#include "project/version.hpp"
#include "support/promises/row_histories.hpp"
#include "support/promises/table.hpp"

namespace weir::test::promises {

class Application {
 public:
  Application(const db::Database& database, Table& table, Selection selection, project::Version version,
              InFlight in_flight);

  void act(const Step& step);
  // The next attempt begins at the first row. `attempt`: the one that is over. Nothing when that was said before.
  void begin_anew(std::int64_t attempt);
  // What is wrong with the table, now that no run works; "" when every promise was kept.
  std::string complaints();

  ledger::Ledger& ledger() { return *ledger_; }
  db::Connection& connection() { return *connection_; }

 private:
  struct Row {
    std::size_t key;                                    // in Table::keys
    std::int64_t first_mark = 0, undone = 0, done = 0;  // by the application, when it had an effect
  };
  Coverage look();
  // One transaction, again and again until it succeeds.
  template <typename Change>
  Moment change(Change change);
  std::int64_t update(Tag tag, const std::string& set);
  void insert(std::size_t key);
  void move(Tag tag, std::size_t key);
  void remove(Tag tag);
  void mark(Tag tag, std::int64_t mark);
  std::string complaint(Tag tag, std::int64_t changes, const std::optional<std::int64_t>& mark) const;
  std::string ledger_complaints(std::int64_t changes);

  const db::Database& database_;
  Table& table_;
  Selection selection_;
  project::Version version_;
  std::unique_ptr<db::Connection> connection_;
  std::optional<ledger::Ledger> ledger_;
  RowHistories histories_;
  std::int64_t over_ = 0;  // attempts up to this one are
  std::map<Tag, Row> rows_;
  std::map<Tag, std::int64_t> removed_;  // with the changes they had
  std::vector<std::size_t> free_;        // keys
  Tag next_;
};

}  // namespace weir::test::promises
