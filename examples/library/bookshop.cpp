// A program that changes its own database with weir as a library: a deploy, a run with its progress, the gate behind
// it, and a change that is computed in C++, row by row. Plays on an SQLite file that it makes in a temporary folder.
// Ends with 0 only when every row is right.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <weir/weir.hpp>

namespace {

constexpr int kBooks = 20'000;

// --- the application, which knows nothing of weir

class Database {
 public:
  explicit Database(const std::filesystem::path& file) {
    if (sqlite3_open(file.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("cannot open " + file.string());
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(std::string(sql) + ": " + sqlite3_errmsg(handle_));
  }
  std::int64_t number(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) != SQLITE_OK)
      throw std::runtime_error(std::string(sql) + ": " + sqlite3_errmsg(handle_));
    const std::int64_t result = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return result;
  }

 private:
  sqlite3* handle_ = nullptr;
};

void sell_books(Database& shop) {
  shop.execute("PRAGMA journal_mode = WAL");
  shop.execute(
      "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price REAL NOT NULL, "
      "isbn10 TEXT NOT NULL)");
  const std::string rows = std::to_string(kBooks);
  shop.execute(
      ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + rows +
       ") INSERT INTO books SELECT i, 'book ' || i, (100 + i % 4900) / 100.0, printf('%09dX', 30640615 + i) FROM n")
          .c_str());
}

// The ISBN of thirteen digits: another prefix, and another check digit behind the same nine digits.
std::string isbn13_of(const std::string& isbn10) {
  std::string digits = "978" + isbn10.substr(0, 9);
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * (i % 2 == 0 ? 1 : 3);
  return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

// --- weir

class Terminal : public weir::Observer {
 public:
  void on_step(const weir::Step& step) override {
    const bool waits = step.action == weir::Action::kWait, queued = step.action == weir::Action::kEnqueue;
    std::printf("  %s %s\n", waits ? "waiting" : queued ? "queued " : "applied", step.name.c_str());
  }
  void on_progress(const weir::Progress& progress) override {
    if (++batches_ % 10 == 0) std::printf("  %s: %" PRId64 " rows\n", progress.name.c_str(), progress.rows_done);
  }
  void on_note(const std::string& text) override { std::printf("  note: %s\n", text.c_str()); }

 private:
  int batches_ = 0;
};

void show(const weir::Status& status) {
  for (const auto& migration : status.migrations)
    std::printf("  %-10s %s\n", migration.state.c_str(), migration.name.c_str());
}

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("not as it should be: ") + what);
}

void change(const std::filesystem::path& project_folder, const std::filesystem::path& file) {
  auto project = weir::Project::open({.directory = project_folder, .url = "sqlite:" + file.string()});
  project.register_row_program("fill_books_isbn13", [](const weir::RowView& row) -> weir::NewValues {
    return {{isbn13_of(row.text("isbn10"))}};
  });
  Terminal terminal;

  std::printf("deploy\n");
  const auto first = project.migrate({}, &terminal);
  require(first.count(weir::Action::kApply) == 2, "the columns are added");
  require(first.count(weir::Action::kEnqueue) == 2, "the table is large: its data migrations are queued");
  require(first.count(weir::Action::kWait) == 1, "what needs the data waits");

  std::printf("run\n");
  const auto outcome = project.run("fill_books_price_cents", {}, &terminal);
  require(outcome.state == weir::RunState::kSucceeded && outcome.residual == 0, "no row is left");
  require(outcome.rows_done == kBooks, "each row is changed once");
  const auto computed = project.run("fill_books_isbn13", {}, &terminal);
  require(computed.rows_done == kBooks && computed.residual == 0, "each row is computed");
  for (const auto& one : project.verify()) require(one.clean(), "the values are right");

  std::printf("deploy again: the gate is open\n");
  require(project.migrate({}, &terminal).count(weir::Action::kApply) == 1, "the old column is dropped");

  std::printf("status of %s\n", project.database().c_str());
  show(project.status());
}

}  // namespace

// Arguments: the folder of the project, which is that of this file.
int main(int argc, char** argv) {
  const std::filesystem::path project_folder = argc > 1 ? argv[1] : ".";
  std::string folder = (std::filesystem::temp_directory_path() / "bookshop.XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return EXIT_FAILURE;
  }
  int code = EXIT_FAILURE;
  try {
    const auto file = std::filesystem::path(folder) / "shop.db";
    Database shop(file);
    sell_books(shop);
    change(project_folder, file);
    // The application looks for itself.
    require(shop.number("SELECT count(*) FROM books WHERE price_cents = 100 + id % 4900") == kBooks, "every price");
    // 978, nine digits, and a sum of the digits, weighted 1 and 3 by turns, that ends with 0.
    require(shop.number("WITH RECURSIVE place(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM place WHERE i < 13) "
                        "SELECT count(*) FROM books WHERE substr(isbn13, 1, 12) = '978' || substr(isbn10, 1, 9) AND "
                        "(SELECT sum(substr(isbn13, i, 1) * iif(i % 2 = 1, 1, 3)) FROM place) % 10 = 0") == kBooks,
            "every ISBN");
    std::printf("all %d books have the right price and the right ISBN\n", kBooks);
    code = EXIT_SUCCESS;
  } catch (const weir::Error& error) {
    std::printf("error %s: %s\n", std::string(to_string(error.code())).c_str(), error.what());
    if (error.place())
      std::printf("  at %s:%d:%d\n", error.place()->file.c_str(), error.place()->line, error.place()->column);
    if (!error.hint().empty()) std::printf("  %s\n", error.hint().c_str());
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
  }
  std::filesystem::remove_all(folder);
  return code;
}
