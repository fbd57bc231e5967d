// Placeholders: found by the scanner, always bound, and every offset leads back to the user's text.
#include "sql/template.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sql/identifier.hpp"
#include "support/dialects.hpp"

namespace weir::sql {
namespace {

using test::postgres;
using test::sqlite;

std::vector<std::string> names_in(std::string_view text, const Dialect& dialect) {
  std::vector<std::string> names;
  for (const auto& placeholder : find_placeholders(text, dialect)) names.push_back(placeholder.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(Placeholders, AreFoundWhereAValueMayStand) {
  EXPECT_EQ(names_in("a = :one AND b IN (:two,:three) OR c>:four", postgres()), (Names{"one", "two", "three", "four"}));
  EXPECT_EQ(names_in(":batch", sqlite()), Names{"batch"});
  EXPECT_EQ(names_in("f(:a)", postgres()), Names{"a"});
}

TEST(Placeholders, AreNeverFoundInCastsSlicesStringsAndComments) {
  EXPECT_EQ(names_in("a::text, (b)::int, c::\"T\"", postgres()), Names{});
  EXPECT_EQ(names_in("x[1:n], x[a:b]", postgres()), Names{});
  EXPECT_EQ(names_in("':a' \":b\" $$ :c $$ E'\\':d' -- :e\n/* :f */", postgres()), Names{});
  EXPECT_EQ(names_in("[:a] `:b`", sqlite()), Names{});
  EXPECT_EQ(names_in("f(a := 1)", postgres()), Names{});
  EXPECT_EQ(names_in("'12:30'", postgres()), Names{});
}

TEST(Placeholders, StandBeforeACast) { EXPECT_EQ(names_in(":a::int + :b ::text", postgres()), (Names{"a", "b"})); }

TEST(Template, BindsEachUseWithAMarkerOfItsOwn) {
  const auto rendered = Template("UPDATE t SET a = :x, b = :y WHERE c = :x", postgres()).render();
  EXPECT_EQ(rendered.sql, "UPDATE t SET a = $1, b = $2 WHERE c = $3");
  EXPECT_EQ(rendered.names, (Names{"x", "y", "x"}));
  EXPECT_EQ(Template(":a,:b", sqlite()).render().sql, "?1,?2");
}

TEST(Template, PutsFragmentsInAndBindsTheirPlaceholders) {
  const auto rendered =
      Template("UPDATE t SET a = :v WHERE :batch", postgres()).render({{"batch", "(id > :lo AND id <= :hi)"}});
  EXPECT_EQ(rendered.sql, "UPDATE t SET a = $1 WHERE (id > $2 AND id <= $3)");
  EXPECT_EQ(rendered.names, (Names{"v", "lo", "hi"}));
}

TEST(Template, LeavesAFragmentsNameInAStringAlone) {
  const auto rendered = Template("SELECT ':batch' WHERE :batch", postgres()).render({{"batch", "true"}});
  EXPECT_EQ(rendered.sql, "SELECT ':batch' WHERE true");
}

TEST(Template, ExpandsToTemplateTextAgain) {
  const Template once("a = :x AND :batch", postgres());
  EXPECT_EQ(once.expand({{"batch", "b = :y"}}), "a = :x AND b = :y");
  EXPECT_TRUE(once.uses("batch"));
  EXPECT_FALSE(once.uses("y"));
}

TEST(Template, MapsOffsetsBackToTheSource) {
  const std::string source = "SELECT :long_name, wrong WHERE :batch AND other";
  const auto rendered = Template(source, postgres()).render({{"batch", "(a AND b AND c)"}});
  for (const std::string word : {"SELECT", "wrong", "WHERE", "other"}) {
    EXPECT_EQ(rendered.source_offset(rendered.sql.find(word)), source.find(word)) << word;
  }
  // Inside a fragment: the place of its placeholder.
  EXPECT_EQ(rendered.source_offset(rendered.sql.find("b AND c")), source.find(":batch"));
}

RC_GTEST_PROP(Template, CopiesEverythingButPlaceholders, (const std::vector<bool>& parts)) {
  std::string source;
  std::string expected;
  std::size_t markers = 0;
  for (const bool placeholder : parts) {
    source += placeholder ? " :p " : " 'it :q' /* :r */ a::b ";
    expected += placeholder ? " $" + std::to_string(++markers) + " " : " 'it :q' /* :r */ a::b ";
  }
  const auto rendered = Template(source, postgres()).render();
  RC_ASSERT(rendered.sql == expected);
  RC_ASSERT(rendered.names.size() == markers);
  for (std::size_t i = 0; i < rendered.sql.size(); ++i) {
    const bool copied = rendered.sql[i] == source[std::min(rendered.source_offset(i), source.size() - 1)];
    RC_ASSERT(copied || rendered.sql[i] == '$' || (rendered.sql[i] >= '0' && rendered.sql[i] <= '9'));
  }
}

TEST(Dialect, QuotesEveryNameSafely) {
  EXPECT_EQ(postgres().quote("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(sqlite().quote("order"), "\"order\"");
  EXPECT_EQ(quote(postgres(), TableName{"s", "t"}), "\"s\".\"t\"");
  EXPECT_EQ(quote(postgres(), TableName{"", "t"}), "\"t\"");
}

}  // namespace
}  // namespace weir::sql
