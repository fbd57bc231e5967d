// The backfill as an ORM writes it, without what the ORM itself costs: the next ids are selected to the client and sent
// back as a list, in an UPDATE that commits by itself, durably; one round trip after the other on one connection.
//   id_loop postgresql://USER@HOST:PORT/DATABASE BATCH
//   id_loop mariadb://USER@HOST:PORT/DATABASE BATCH
// Sets users.locale where it is NULL, BATCH ids at a time in the order of `id`; prints how many it has sent.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <memory>
#include <mysql.h>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

// What both engines have in common is the shape: select, then update by the list of what came.
class Table {
 public:
  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  virtual ~Table() = default;
  // Appends to `list`, separated by commas, up to a batch of ids behind `last`. Their number; the greatest is in
  // `last`.
  virtual long next_ids(std::string& list, std::string& last) = 0;
  // One statement, one commit.
  virtual void update(const std::string& list) = 0;
};

class Postgres final : public Table {
 public:
  Postgres(const std::string& url, const std::string& batch) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail();
    const std::string select =
        "SELECT id FROM users WHERE id > $1::bigint AND locale IS NULL ORDER BY id LIMIT " + batch;
    check(PQprepare(connection_.get(), "next", select.c_str(), 0, nullptr), PGRES_COMMAND_OK);
    check(PQprepare(connection_.get(), "update", "UPDATE users SET locale = 'en' WHERE id = ANY ($1::bigint[])", 0,
                    nullptr),
          PGRES_COMMAND_OK);
  }

  long next_ids(std::string& list, std::string& last) override {
    const auto answer = execute("next", last, PGRES_TUPLES_OK);
    const int rows = PQntuples(answer.get());
    for (int row = 0; row < rows; ++row) {
      if (row > 0) list += ',';
      list += PQgetvalue(answer.get(), row, 0);
    }
    if (rows > 0) last = PQgetvalue(answer.get(), rows - 1, 0);
    return rows;
  }

  void update(const std::string& list) override { execute("update", "{" + list + "}", PGRES_COMMAND_OK); }

 private:
  using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

  [[noreturn]] void fail() { throw std::runtime_error(PQerrorMessage(connection_.get())); }

  Answer check(PGresult* result, ExecStatusType wanted) {
    Answer answer(result, &PQclear);
    if (PQresultStatus(result) != wanted) fail();
    return answer;
  }

  Answer execute(const char* name, const std::string& parameter, ExecStatusType wanted) {
    const char* value = parameter.c_str();
    return check(PQexecPrepared(connection_.get(), name, 1, &value, nullptr, nullptr, 0), wanted);
  }

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

// As text, as pt-archiver sends its statements.
class Mariadb final : public Table {
 public:
  Mariadb(const std::string& url, std::string batch)
      : connection_(mysql_init(nullptr), &mysql_close), batch_(std::move(batch)) {
    static const std::regex form("mariadb://([^@:/]+)@([^:/]+):([0-9]+)/(.+)");
    std::smatch part;
    if (!std::regex_match(url, part, form)) throw std::runtime_error("not mariadb://USER@HOST:PORT/DATABASE");
    if (!mysql_real_connect(connection_.get(), part.str(2).c_str(), part.str(1).c_str(), nullptr, part.str(4).c_str(),
                            static_cast<unsigned>(std::stoul(part.str(3))), nullptr, 0)) {
      fail();
    }
  }

  long next_ids(std::string& list, std::string& last) override {
    execute("SELECT id FROM users FORCE INDEX (PRIMARY) WHERE id > " + last + " AND locale IS NULL ORDER BY id LIMIT " +
            batch_);
    const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> answer(mysql_store_result(connection_.get()),
                                                                          &mysql_free_result);
    if (!answer) fail();
    long rows = 0;
    for (; const MYSQL_ROW row = mysql_fetch_row(answer.get()); ++rows) {
      if (rows > 0) list += ',';
      list += last = row[0];
    }
    return rows;
  }

  void update(const std::string& list) override {
    execute("UPDATE users SET locale = 'en' WHERE id IN (" + list + ")");
  }

 private:
  [[noreturn]] void fail() { throw std::runtime_error(mysql_error(connection_.get())); }

  void execute(const std::string& sql) {
    if (mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) fail();
  }

  std::unique_ptr<MYSQL, decltype(&mysql_close)> connection_;
  std::string batch_;
};

long update_all(Table& table) {
  std::string last = "0", list;
  for (long sent = 0;;) {
    list.clear();
    const long rows = table.next_ids(list, last);
    if (rows == 0) return sent;
    table.update(list);
    sent += rows;
  }
}

bool is_positive_number(std::string_view text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || !is_positive_number(argv[2])) {
    std::fputs("usage: id_loop URL BATCH\n", stderr);
    return 2;
  }
  try {
    const std::string url = argv[1];
    std::unique_ptr<Table> table;
    if (url.starts_with("mariadb:")) {
      table = std::make_unique<Mariadb>(url, argv[2]);
    } else {
      table = std::make_unique<Postgres>(url, argv[2]);
    }
    std::printf("%ld\n", update_all(*table));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "id_loop: %s\n", error.what());
    return 1;
  }
}
