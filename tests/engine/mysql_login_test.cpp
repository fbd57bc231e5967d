// Logging in to MySQL and MariaDB: passwords, and TLS with a server that has a certificate.
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.hpp"
#include "db/url.hpp"
#include "engines/registry.hpp"
#include "support/database_test.hpp"
#include "support/places.hpp"

namespace weir {
namespace {

using test::everything_said;
using test::thrown_by;

const std::string kServerTool = test::source_path("tools/mariadb-server");

std::unique_ptr<db::Connection> connect_to(const std::string& url) {
  return engines::open_database(db::parse_url(url), "/")->connect(db::Purpose::kControl);
}

class MysqlLogin : public test::DatabaseTest {
 protected:
  // The test's database, as another user.
  std::string url_as(const std::string& user_and_password, const std::string& options = "") const {
    const auto at = url().find('@');
    return "mysql://" + user_and_password + url().substr(at) + options;
  }
  // Another one in each process: tests run at once on one server.
  const std::string user_ = "weir_" + std::to_string(::getpid());
  void make_user(const std::string& password) {
    exec(fmt::format("CREATE USER '{}'@'127.0.0.1' IDENTIFIED BY '{}'", user_, password));
    exec(fmt::format("GRANT ALL ON *.* TO '{}'@'127.0.0.1'", user_));
  }
  void TearDown() override {
    if (!IsSkipped()) exec(fmt::format("DROP USER IF EXISTS '{}'@'127.0.0.1'", user_));
    DatabaseTest::TearDown();
  }
};
WEIR_ON_MYSQL(MysqlLogin);

TEST_P(MysqlLogin, APasswordWithSignsOfTheUrlIsUnderstood) {
  make_user("p@ss:w/rd#1 %?");
  EXPECT_TRUE(connect_to(url_as(user_ + ":p%40ss%3Aw%2Frd%231%20%25%3F"))->find_table("none") == std::nullopt);
}

TEST_P(MysqlLogin, Invariant12AWrongPasswordIsNotPrinted) {
  make_user("right");
  const Error error = thrown_by([&] { connect_to(url_as(user_ + ":wr0ngs3cret")); });
  EXPECT_EQ(error.code(), Code::kCannotConnect);
  EXPECT_EQ(everything_said(error).find("wr0ngs3cret"), std::string::npos) << everything_said(error);
}

TEST_P(MysqlLogin, TlsThatTheServerDoesNotOfferIsRefused) {
  if (!is_mariadb()) return;  // MySQL makes itself a certificate
  const Error error = thrown_by([&] { connect_to(url_as("weir", "?ssl-mode=required")); });
  EXPECT_EQ(error.code(), Code::kCannotConnect);
  EXPECT_NE(error.hint().find("ssl-mode"), std::string::npos) << everything_said(error);
}

// The first login with caching_sha2_password hands the password over, encrypted by TLS or by the server's key; later
// ones are answered from the server's cache. MySQL manual, "Caching SHA-2 Pluggable Authentication".
TEST_P(MysqlLogin, TheFirstLoginWorksOverTlsAndWithoutIt) {
  if (is_mariadb()) return;  // it knows no caching_sha2_password
  make_user("secret one");
  const auto cipher = [&](const std::string& options) {
    const auto connection = connect_to(url_as(user_ + ":secret%20one", options));
    return db::as_text(connection->execute_text("SHOW STATUS LIKE 'Ssl_cipher'").rows.at(0).at(1));
  };
  EXPECT_EQ(query("SELECT plugin FROM mysql.user WHERE user = '" + user_ + "'"), "caching_sha2_password");
  EXPECT_NE(cipher("?ssl-mode=required"), "");
  exec("FLUSH PRIVILEGES");  // empties the cache
  EXPECT_EQ(cipher(""), "");
  EXPECT_EQ(cipher(""), "");
}

// A MariaDB server with a certificate of an authority that exists for this test.
class TlsServer {
 public:
  TlsServer() {
    std::filesystem::permissions(files_.path(), std::filesystem::perms(0755));
    openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=weir test authority",
             "-keyout", file("ca.key"), "-out", file("ca.pem")});
    openssl({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", file("server.key"), "-out", file("server.csr")});
    files_.write("names.conf", "subjectAltName=IP:127.0.0.1\n");
    openssl({"x509", "-req", "-in", file("server.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"),
             "-CAcreateserial", "-days", "2", "-extfile", file("names.conf"), "-out", file("server.pem")});
    openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=another authority", "-keyout",
             file("other.key"), "-out", file("other.pem")});
    std::filesystem::permissions(file("server.key"), std::filesystem::perms(0644));  // the server is another user
    const auto started = test::run_process({kServerTool, "start", (files_.path() / "server").string(), "-c",
                                            "ssl_cert=" + file("server.pem"), "-c", "ssl_key=" + file("server.key")});
    if (started.exit_code == 0) url_ = std::string(trim(started.out));
    reason_ = started.err;
    there_is_none_ = started.exit_code == 3;
  }
  ~TlsServer() {
    if (!url_.empty()) test::run_process({kServerTool, "stop", (files_.path() / "server").string(), "immediate"});
  }
  const std::string& url() const { return url_; }
  const std::string& reason() const { return reason_; }
  bool there_is_none() const { return there_is_none_; }
  std::string file(const std::string& name) const { return (files_.path() / name).string(); }

 private:
  static void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto ended = test::run_process(arguments);
    if (ended.exit_code != 0) throw std::runtime_error("openssl: " + ended.err);
  }
  test::TempDir files_;
  std::string url_, reason_;
  bool there_is_none_ = false;
};

TEST(MariadbTls, IsUsedAndVerifiedAsTheUrlSays) {
  const TlsServer server;
  if (server.there_is_none()) GTEST_SKIP() << "no mariadb: " << server.reason();
  ASSERT_FALSE(server.url().empty()) << server.reason();
  const auto cipher = [&](const std::string& options) {
    const auto shown = connect_to(server.url() + options)->execute_text("SHOW STATUS LIKE 'Ssl_cipher'");
    return db::as_text(shown.rows.at(0).at(1));
  };
  EXPECT_EQ(cipher(""), "") << "over the loopback the network cannot be listened to";
  EXPECT_NE(cipher("?ssl-mode=required"), "");
  EXPECT_NE(cipher("?ssl-mode=verify_identity&ssl-ca=" + server.file("ca.pem")), "");
  EXPECT_NE(cipher("?ssl-ca=" + server.file("ca.pem")), "") << "who names an authority wants it asked";
  const Error wrong = thrown_by([&] { cipher("?ssl-mode=verify_identity&ssl-ca=" + server.file("other.pem")); });
  EXPECT_EQ(wrong.code(), Code::kCannotConnect);
  EXPECT_NE(wrong.hint().find("ssl-ca"), std::string::npos) << everything_said(wrong);
}

}  // namespace
}  // namespace weir
