// Database URLs, and that a password never comes out of them.
#include "db/url.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engines/registry.hpp"
#include "support/expect_error.hpp"

namespace weir::db {
namespace {

using test::thrown_by;

TEST(Url, IsTakenApart) {
  const Url url = parse_url("PostgreSQL://me:s%40c%3Ar%2Ft@db.example:5433/app?sslmode=require&application_name=a%20b");
  EXPECT_EQ(url.scheme, "postgresql");
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.password, "s@c:r/t");
  EXPECT_EQ(url.host, "db.example");
  EXPECT_EQ(url.port, "5433");
  EXPECT_EQ(url.path, "app");
  EXPECT_EQ(url.options.at("sslmode"), "require");
  EXPECT_EQ(url.options.at("application_name"), "a b");
}

TEST(Url, KnowsIpv6SocketsAndFiles) {
  EXPECT_EQ(parse_url("postgres://[::1]:5432/a").host, "::1");
  EXPECT_EQ(parse_url("postgres:///a?host=/run/postgresql").options.at("host"), "/run/postgresql");
  EXPECT_EQ(parse_url("postgres://%2Frun%2Fpg/a").host, "/run/pg");
  EXPECT_EQ(parse_url("sqlite:dir/my file.db").path, "dir/my file.db");
  EXPECT_EQ(parse_url("sqlite:///abs/a.db").path, "abs/a.db");
  EXPECT_EQ(parse_url("sqlite:/abs/a.db?foreign_keys=on").path, "/abs/a.db");
}

TEST(Url, IsDisplayedWithoutPasswordAndOptions) {
  EXPECT_EQ(parse_url("postgres://me:geheim@h:1/d?password=geheim").display(), "postgres://me@h:1/d");
  EXPECT_EQ(parse_url("postgres://[::1]/d").display(), "postgres://[::1]/d");
}

struct Refused {
  const char* name;
  const char* url;
  const char* said;
};
class Invariant12NoSecretInUrlErrors : public ::testing::TestWithParam<Refused> {};

// Every one of these has a password that begins with `geheim` or ends with it.
TEST_P(Invariant12NoSecretInUrlErrors, NamesTheCharacterAndNeverThePassword) {
  const Error error = thrown_by([] { engines::open_database(parse_url(GetParam().url), "/"); });
  EXPECT_EQ(error.code(), Code::kConfig);
  const std::string said = test::everything_said(error);
  EXPECT_NE(said.find(GetParam().said), std::string::npos) << said;
  EXPECT_EQ(said.find("geheim"), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Invariant12NoSecretInUrlErrors,
    ::testing::Values(
        Refused{"At", "postgres://u:geheim@x@h/d", "%40"}, Refused{"AtFirst", "postgres://u:x@geheim@h/d", "%40"},
        Refused{"Colon", "postgres://u:x:geheim@h/d", "%3A"}, Refused{"Slash", "postgres://u:geheim/x@h/d", "%2F"},
        Refused{"SlashAfterDigits", "postgres://u:123/geheim@h/d", "%2F"},
        Refused{"Hash", "postgres://u:x#geheim@h/d", "%23"}, Refused{"Question", "postgres://u:x?geheim@h/d", "%3F"},
        Refused{"QuestionAfterDigits", "postgres://u:123?geheim@h/d", "%3F"},
        Refused{"SlashAndQuestion", "postgres://u:123/x?geheim@h/d", "%2F"},
        Refused{"QuestionAndEquals", "postgres://u:123?geheim=x@h/d", "%3F"},
        Refused{"Percent", "postgres://u:geheim%zz@h/d", "%25"},
        Refused{"PercentAtTheEnd", "postgres://u:geheim%@h/d", "%25"},
        Refused{"Zero", "postgres://u:geheim%00@h/d", "%00"}, Refused{"Port", "postgres://u:geheim@h:99999/d", "port"},
        Refused{"Scheme", "oracle://u:geheim@h/d", "oracle"},
        Refused{"SchemeNearlyRight", "postgress://u:geheim@h/d", "postgres"},
        Refused{"OptionWithoutValue", "postgres://u:geheim@h/d?sslmode", "has no value"},
        Refused{"QuestionBehindAnAt", "postgres://u:x@123?geheim@h/d", "%3F"},
        Refused{"QuestionWithoutColon", "postgres://geheim?x@h/d", "%3F"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Url, RefusesWhatHasNoScheme) {
  for (const char* text : {"", "   ", "app", ":x", "/path/to.db", "a b:c"}) {
    EXPECT_EQ(thrown_by([&] { parse_url(text); }).code(), Code::kConfig) << text;
  }
}

RC_GTEST_PROP(Url, GivesBackEveryPasswordThatWasEscaped, ()) {
  const auto password = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)));
  std::string escaped;
  for (const char c : password) {
    char buffer[4];
    std::snprintf(buffer, sizeof buffer, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    escaped += buffer;
  }
  const Url url = parse_url("postgres://u:" + escaped + "@h/d");
  RC_ASSERT(url.password == password);
  RC_ASSERT(url.display() == "postgres://u@h/d");
}

}  // namespace
}  // namespace weir::db
