// SQL text is taken apart as the engine itself would do it.
#include "sql/splitter.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sql/scanner.hpp"
#include "support/dialects.hpp"
#include "support/expect_error.hpp"

namespace weir::sql {
namespace {

using test::mariadb;
using test::mysql;
using test::postgres;
using test::sqlite;

std::vector<std::string> texts(std::string_view sql, const Dialect& dialect) {
  std::vector<std::string> texts;
  for (const auto& statement : split_statements(sql, dialect, {"f.sql"})) texts.push_back(statement.text);
  return texts;
}

struct Case {
  const char* name;
  const Dialect& (*dialect)();
  std::string text;
  std::vector<std::string> statements;
};

class Split : public ::testing::TestWithParam<Case> {};

TEST_P(Split, YieldsTheStatementsOfTheServer) {
  const Case& one = GetParam();
  EXPECT_EQ(texts(one.text, one.dialect()), one.statements) << one.text;
}

const Case kCases[] = {
    {"NothingInNothing", postgres, "", {}},
    {"CommentsAndBlanksAreNoStatement", postgres, " -- a;\n/* b; */ ;;\n", {}},
    {"TheLastNeedsNoSemicolon", postgres, "SELECT 1; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SemicolonInString", postgres, "SELECT ';'; SELECT 2", {"SELECT ';'", "SELECT 2"}},
    {"DoubledQuote", postgres, "SELECT 'a'';b'; SELECT 2", {"SELECT 'a'';b'", "SELECT 2"}},
    {"BackslashIsPlainInPlainString", postgres, "SELECT '\\'; SELECT 2", {"SELECT '\\'", "SELECT 2"}},
    {"BackslashEscapesInEString", postgres, "SELECT E'\\';'; SELECT 2", {"SELECT E'\\';'", "SELECT 2"}},
    {"EStringGoesOnAfterALineEnd", postgres, "SELECT E'a'\n  '\\';'; SELECT 2", {"SELECT E'a'\n  '\\';'", "SELECT 2"}},
    {"EStringGoesOnAfterACommentAndALineEnd",
     postgres,
     "SELECT E'a' -- c\n '\\';'; SELECT 2",
     {"SELECT E'a' -- c\n '\\';'", "SELECT 2"}},
    {"EStringDoesNotGoOnInItsLine", postgres, "SELECT E'a' '\\'; SELECT 2", {"SELECT E'a' '\\'", "SELECT 2"}},
    {"EAtTheEndOfAWordIsNoEString", postgres, "SELECT date'\\'; SELECT 2", {"SELECT date'\\'", "SELECT 2"}},
    {"QuotedNameWithSemicolon", postgres, "SELECT \"a;\"\"b\"; SELECT 2", {"SELECT \"a;\"\"b\"", "SELECT 2"}},
    {"DollarQuote", postgres, "SELECT $$a;b$$; SELECT 2", {"SELECT $$a;b$$", "SELECT 2"}},
    {"DollarQuoteWithTag", postgres, "SELECT $a$ $$;$b$; $a$; SELECT 2", {"SELECT $a$ $$;$b$; $a$", "SELECT 2"}},
    {"DollarTagsDifferByCase", postgres, "SELECT $A$ $a$; $A$; SELECT 2", {"SELECT $A$ $a$; $A$", "SELECT 2"}},
    {"DollarNumberOpensNothing", postgres, "SELECT $1; SELECT $2", {"SELECT $1", "SELECT $2"}},
    {"DollarInsideAWordOpensNothing", postgres, "SELECT a$b$; SELECT c$b$", {"SELECT a$b$", "SELECT c$b$"}},
    {"NestedComments", postgres, "SELECT 1 /* a /* b; */ c; */; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SqliteCommentsDoNotNest", sqlite, "SELECT 1 /* a /* b */; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"QuoteInComment", postgres, "SELECT 1; -- it's\nSELECT 2", {"SELECT 1", "SELECT 2"}},
    {"CommentEndsAtLoneCr", postgres, "SELECT 1 -- a\r; SELECT 2", {"SELECT 1", "SELECT 2"}},
    {"SqliteCommentGoesOnAfterLoneCr", sqlite, "SELECT 1 -- a\r; SELECT 2", {"SELECT 1"}},
    {"BeginAtomic",
     postgres,
     "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 2",
     {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END", "SELECT 2"}},
    {"ColumnNamedEndInBeginAtomic",
     postgres,
     "CREATE PROCEDURE p() BEGIN ATOMIC UPDATE t SET a = t.end; END; SELECT 2",
     {"CREATE PROCEDURE p() BEGIN ATOMIC UPDATE t SET a = t.end; END", "SELECT 2"}},
    {"PlainBeginIsAStatement", postgres, "BEGIN; SELECT 1; END; SELECT 2", {"BEGIN", "SELECT 1", "END", "SELECT 2"}},
    {"RuleWithStatementsInParentheses",
     postgres,
     "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b); SELECT 2",
     {"CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)", "SELECT 2"}},
    {"CopyData",
     postgres,
     "COPY t (a, b) FROM stdin;\n1\t;'$$\n-- x\n\\.\nSELECT 2",
     {"COPY t (a, b) FROM stdin;\n1\t;'$$\n-- x\n\\.", "SELECT 2"}},
    {"CopyDataThatIsEmpty", postgres, "COPY t FROM STDIN;\n\\.\nSELECT 2;", {"COPY t FROM STDIN;\n\\.", "SELECT 2"}},
    {"CopyToIsOrdinary", postgres, "COPY t TO stdout; SELECT 2", {"COPY t TO stdout", "SELECT 2"}},
    {"CopyFromFileIsOrdinary", postgres, "COPY t FROM '/stdin'; SELECT 2", {"COPY t FROM '/stdin'", "SELECT 2"}},
    {"Trigger",
     sqlite,
     "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM u; END; SELECT 2",
     {"CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM u; END", "SELECT 2"}},
    {"TriggerWithCase",
     sqlite,
     "CREATE TEMP TRIGGER r AFTER UPDATE ON t WHEN CASE WHEN new.a THEN 1 ELSE 0 END\n"
     "BEGIN UPDATE t SET a = CASE a WHEN 1 THEN 2 END; SELECT 3; END; SELECT 2",
     {"CREATE TEMP TRIGGER r AFTER UPDATE ON t WHEN CASE WHEN new.a THEN 1 ELSE 0 END\n"
      "BEGIN UPDATE t SET a = CASE a WHEN 1 THEN 2 END; SELECT 3; END",
      "SELECT 2"}},
    {"TriggerWithColumnsNamedEnd",
     sqlite,
     "CREATE TRIGGER r AFTER UPDATE ON t BEGIN UPDATE t SET a = new.end, b = \"end\"; END; SELECT 2",
     {"CREATE TRIGGER r AFTER UPDATE ON t BEGIN UPDATE t SET a = new.end, b = \"end\"; END", "SELECT 2"}},
    {"TableNamedTrigger",
     sqlite,
     "CREATE TABLE triggers (a); BEGIN; SELECT 1; END",
     {"CREATE TABLE triggers (a)", "BEGIN", "SELECT 1", "END"}},
    {"BacktickAndBracketNames", sqlite, "SELECT `a;` FROM [b;]; SELECT 2", {"SELECT `a;` FROM [b;]", "SELECT 2"}},
    {"OpenCommentAtTheEnd", sqlite, "SELECT 1; /* open", {"SELECT 1"}},
    {"CrLf", postgres, "SELECT 1;\r\nSELECT\r\n2;\r\n", {"SELECT 1", "SELECT\r\n2"}},
    {"CastAndSlice", postgres, "SELECT a::text, b[1:2]; SELECT 2", {"SELECT a::text, b[1:2]", "SELECT 2"}},
    {"Utf8Names", postgres, "SELECT größe; SELECT 2", {"SELECT größe", "SELECT 2"}},
};

INSTANTIATE_TEST_SUITE_P(Cases, Split, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.name); });

struct Broken {
  const char* name;
  const Dialect& (*dialect)();
  const char* text;
  const char* place;
  const char* message;
};

class Unterminated : public ::testing::TestWithParam<Broken> {};

TEST_P(Unterminated, IsReportedWhereItWasOpened) {
  const Broken& one = GetParam();
  const Error error = test::thrown_by([&] { split_statements(one.text, one.dialect(), {"f.sql"}); });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_EQ(test::place_of_error(error), one.place);
  EXPECT_NE(error.message().find(one.message), std::string::npos) << error.message();
  EXPECT_FALSE(error.hint().empty());
}

const Broken kBroken[] = {
    {"String", postgres, "SELECT 1;\nSELECT 'a;\n\n", "2:8", "string"},
    {"EString", postgres, "SELECT E'a\\';", "1:8", "string"},
    {"StringAfterUtf8", postgres, "SELECT 'ü', 'a", "1:14", "string"},
    {"DollarQuote", postgres, "SELECT 1;\n  SELECT $a$ b $A$;", "2:10", "dollar quote"},
    {"Comment", postgres, "SELECT 1;\n\n/* a /* b */", "3:1", "comment"},
    {"QuotedName", postgres, "SELECT\n \"a", "2:2", "name"},
    {"BracketName", sqlite, "SELECT [a", "1:8", "name"},
    {"Body", postgres, "SELECT 1;\nCREATE FUNCTION f() BEGIN ATOMIC SELECT 1;", "2:1", "END"},
    {"TriggerBody", sqlite, "\n CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1;", "2:2", "END"},
    {"CopyData", postgres, "SELECT 1;\nCOPY t FROM stdin;\n1\n2\n", "2:1", "COPY"},
};

INSTANTIATE_TEST_SUITE_P(Cases, Unterminated, ::testing::ValuesIn(kBroken),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Splitter, CountsLinesAndColumnsFromTheOriginInBytes) {
  const auto statements = split_statements("a; ü b;\n\n  c", postgres(), {"f.sql", 10, 5});
  ASSERT_EQ(statements.size(), 3U);
  EXPECT_EQ(std::pair(statements[0].line, statements[0].column), std::pair(10, 5));
  EXPECT_EQ(std::pair(statements[1].line, statements[1].column), std::pair(10, 8));
  EXPECT_EQ(std::pair(statements[2].line, statements[2].column), std::pair(12, 3));
}

TEST(Splitter, ShowsTheLineOfAPlace) {
  const Place place = place_of("one\ntwo three\r\nfour", 8, {"f.sql"});
  EXPECT_EQ(std::pair(place.line, place.column), std::pair(2, 5));
  EXPECT_EQ(place.line_text, "two three");
}

std::vector<std::string> markers_in(std::string_view text, const Dialect& dialect) {
  std::vector<std::string> seen;
  split_statements(text, dialect, {"f.sql"}, [&](std::string_view comment, std::size_t) {
    if (comment.find("migrate:") == std::string_view::npos) return false;
    seen.emplace_back(comment);
    return true;
  });
  return seen;
}

TEST(Markers, AreSeenAtTheStartOfALine) {
  EXPECT_EQ(markers_in("-- migrate:up\nSELECT 1\n-- migrate:down\n", postgres()),
            (std::vector<std::string>{"-- migrate:up", "-- migrate:down"}));
}

TEST(Markers, EndAStatementWithoutSemicolon) {
  const auto statements =
      split_statements("SELECT 1\n-- m\nSELECT 2", postgres(), {"f.sql"}, [](auto, auto) { return true; });
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[0].text, "SELECT 1");
}

TEST(Markers, AreNotSeenInsideStringsCommentsBodiesAndData) {
  EXPECT_EQ(markers_in("SELECT '\n-- migrate:down\n';", postgres()), std::vector<std::string>{});
  EXPECT_EQ(markers_in("SELECT $$\n-- migrate:down\n$$;", postgres()), std::vector<std::string>{});
  EXPECT_EQ(markers_in("/*\n-- migrate:down\n*/", postgres()), std::vector<std::string>{});
  EXPECT_EQ(markers_in("CREATE FUNCTION f() BEGIN ATOMIC\n-- migrate:down\nSELECT 1; END;", postgres()),
            std::vector<std::string>{});
  EXPECT_EQ(markers_in("CREATE TRIGGER r AFTER INSERT ON t BEGIN\n-- migrate:down\nSELECT 1; END;", sqlite()),
            std::vector<std::string>{});
  EXPECT_EQ(markers_in("COPY t FROM stdin;\n-- migrate:down\n\\.\n", postgres()), std::vector<std::string>{});
}

// Linear: a text n times as long is asked for n times as many tokens, and every byte belongs to exactly one of them.
TEST(Scanner, TakesEveryByteExactlyOnce) {
  const std::string unit = "SELECT 'a', \"b\", $x$ c $x$, /* d */ e::f -- g\n;";
  for (const auto* dialect : {&postgres(), &mysql(), &mariadb(), &sqlite()}) {
    std::size_t tokens_of_one = 0;
    for (const std::size_t times : {1U, 1000U}) {
      std::string text;
      for (std::size_t i = 0; i < times; ++i) text += unit;
      Scanner scanner(text, *dialect);
      std::size_t tokens = 0;
      std::size_t at = 0;
      for (Token token = scanner.next(); token.kind != TokenKind::kEnd; token = scanner.next()) {
        ASSERT_EQ(token.begin, at);
        ASSERT_FALSE(token.text.empty());
        at = token.end();
        ++tokens;
      }
      EXPECT_EQ(at, text.size());
      if (times == 1) tokens_of_one = tokens;
      EXPECT_EQ(tokens, tokens_of_one * times);
    }
  }
}

// Many openings that never close must not each search the rest of the text: only the first does, and ends it.
TEST(Scanner, StopsAtTheFirstOpeningThatNeverCloses) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "$a" + std::to_string(i) + "$ ";
  Scanner scanner(text, postgres());
  scanner.next();
  EXPECT_EQ(scanner.problem(), ScanProblem::kUnterminatedDollarQuote);
  EXPECT_EQ(scanner.next().kind, TokenKind::kEnd);
}

rc::Gen<std::string> sql_like() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "SELECT", " ", ";", "'", "''", "'a;b'", "\"", "\"x;\"", "$$", "$a$", "--", "\n", "\r\n", "\r", "/*", "*/",
          "E'", "\\", ":x", "::", "(", ")", "BEGIN", "ATOMIC", "END", "CASE", "CREATE", "TRIGGER", "FUNCTION", "RULE",
          "COPY", "FROM", "stdin", "\n\\.\n", "`", "[", "]", "1", ".", "ü", "\xff", "#", "-- migrate:up\n",
          "\nDELIMITER //\n", "//", "\nDELIMITER ;\n", "/*!40101 ", "/*M!", "\\G", "PROCEDURE p()", "IF", "LOOP", "NOT",
          "\\restrict a\n", "\nuse db\n", "\u00a0")),
      [](const std::vector<std::string>& parts) {
        std::string text;
        for (const auto& part : parts) text += part;
        return text;
      });
}

// What lies between two statements: comments, blanks and semicolons.
bool is_gap(std::string_view text, const Dialect& dialect) {
  Scanner scanner(text, dialect);
  for (Token token = scanner.next(); token.kind != TokenKind::kEnd; token = scanner.next()) {
    if (token.kind == TokenKind::kCommentFrame) return false;
    if (!token.is_trivia() && token.kind != TokenKind::kSemicolon) return false;
  }
  return true;
}

// Commands of a client, the terminators that DELIMITER names and `--x` stand in gaps too.
bool has_client_commands(std::string_view text) {
  return text.find("--") != std::string_view::npos || text.find("DELIMITER") != std::string_view::npos ||
         text.find("\\G") != std::string_view::npos;
}

RC_GTEST_PROP(Splitter, StatementsAndGapsAreTheInput, ()) {
  const std::string text = *sql_like();
  const Dialect& dialect = **rc::gen::element(&postgres(), &mysql(), &mariadb(), &sqlite());
  std::vector<Statement> statements;
  try {
    statements = split_statements(text, dialect, {"f.sql"});
  } catch (const Error& error) {
    RC_ASSERT(error.code() == Code::kInvalidFile);
    RC_ASSERT(error.place().has_value());
    RC_DISCARD("refused");
  }
  std::size_t at = 0;
  for (const auto& statement : statements) {
    RC_ASSERT(statement.offset >= at);
    RC_ASSERT(!statement.text.empty());
    RC_ASSERT(text.substr(statement.offset, statement.text.size()) == statement.text);
    if (!has_client_commands(text))
      RC_ASSERT(is_gap(std::string_view(text).substr(at, statement.offset - at), dialect));
    at = statement.offset + statement.text.size();
  }
  if (!has_client_commands(text)) RC_ASSERT(is_gap(std::string_view(text).substr(at), dialect));
}

}  // namespace
}  // namespace weir::sql
