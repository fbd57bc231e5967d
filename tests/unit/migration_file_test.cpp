// Migration files: what is accepted, and that everything else is refused with its place and the way out.
// Invariant 11: bad input changes nothing; errors carry file:line:column and a hint.
#include <gtest/gtest.h>

#include "project/migration.hpp"
#include "project/source_file.hpp"
#include "support/dialects.hpp"
#include "support/expect_error.hpp"

namespace weir::project {
namespace {

using test::place_of_error;
using test::postgres;
using test::thrown_by;

Migration parse(Kind kind, const std::string& text, const std::string& name = "20260104120000_x.sql") {
  const std::string folder = kind == Kind::kSchema ? "db/migrate/" : "db/data/";
  return parse_migration(kind, name, folder + name, normalise_source(text, folder + name), postgres());
}

constexpr const char* kData = "-- over: t\n-- where: a IS NULL\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch;\n";

TEST(DataFile, HasASizeOfBatchesOnlyWhereItSaysSo) {
  const std::string rest = "-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch\n";
  EXPECT_EQ(parse(Kind::kData, "-- over: t\n" + rest).data.batch_rows, std::nullopt);
  EXPECT_EQ(parse(Kind::kData, "-- over: t\n-- batch: auto\n" + rest).data.batch_rows, std::nullopt);
  EXPECT_EQ(parse(Kind::kData, "-- over: t\n-- batch: 7\n" + rest).data.batch_rows, 7);
}

TEST(SchemaFile, IsReadCompletely) {
  const Migration m = parse(Kind::kSchema,
                            "-- change: users_locale\n-- requires: one, 20260101000000\n-- description: first\n"
                            "-- description: second\n-- allow: some-rule (small table)\n"
                            "-- migrate:up lock_timeout:500ms\nALTER TABLE t ADD a int;\nSELECT 1;\n"
                            "-- migrate:down transaction:false\nSELECT 2;\n"
                            "-- migrate:verify\nSELECT count(*) FROM t WHERE a IS NULL;\n");
  EXPECT_EQ(m.version.text(), "20260104120000");
  EXPECT_EQ(m.name, "x");
  EXPECT_EQ(m.change, "users_locale");
  EXPECT_EQ(m.description, "first\nsecond");
  ASSERT_EQ(m.requirements.size(), 2U);
  EXPECT_EQ(m.requirements[1].text, "20260101000000");
  EXPECT_EQ(m.requirements[1].place.line, 2);
  EXPECT_EQ(m.requirements[1].place.column, 19);
  ASSERT_EQ(m.sections.size(), 3U);
  EXPECT_EQ(m.sections[0].lock_timeout, Milliseconds(500));
  EXPECT_TRUE(m.sections[0].transaction);
  EXPECT_EQ(m.sections[0].statements.size(), 2U);
  EXPECT_EQ(m.sections[0].statements[1].line, 8);
  EXPECT_FALSE(m.sections[1].transaction);
}

TEST(SchemaFile, MayBeADbmateFileWithSeveralPairs) {
  const Migration m = parse(Kind::kSchema,
                            "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n-- migrate:up transaction:false\n"
                            "SELECT 3;\n-- migrate:down\nSELECT 4;\n");
  ASSERT_EQ(m.all(SectionKind::kUp).size(), 2U);
  ASSERT_EQ(m.all(SectionKind::kDown).size(), 2U);
  EXPECT_EQ(m.all(SectionKind::kDown)[0]->statements[0].text, "SELECT 4") << "the last pair is undone first";
}

TEST(SchemaFile, KeepsOrdinaryCommentsOrdinary) {
  const Migration m =
      parse(Kind::kSchema, "-- Adds the column.\n-- see https://example.org/a\n--\n-- migrate:up\nSELECT 1;");
  EXPECT_TRUE(m.change.empty());
  EXPECT_EQ(m.sections.size(), 1U);
}

TEST(SchemaFile, KeepsCommentsOrdinaryBehindTheFirstStatementOfASection) {
  const Migration m = parse(
      Kind::kSchema, "-- migrate:up\n-- note: keys: a, b\nSELECT 1;\n-- over: there\nSELECT 2, -- where: here\n 3;\n");
  EXPECT_EQ(m.sections[0].statements.size(), 2U);
}

TEST(SchemaFile, MayHaveAnEmptyUp) {
  EXPECT_TRUE(parse(Kind::kSchema, "-- migrate:up\n").sections[0].statements.empty());
}

TEST(DataFile, IsReadCompletely) {
  const Migration m = parse(
      Kind::kData,
      "-- over: app.users\n-- where: a > :limit\n-- key: id, kind\n-- batch: 250\n-- order: key\n"
      "-- on_error: stop\n-- param: limit integer 7\n-- param: words text some words\n"
      "-- param: open uuid\n-- keep: a, updated_at\n-- migrate:batch\nUPDATE app.users SET a = :limit WHERE :batch\n");
  EXPECT_EQ(m.data.over.text, "app.users");
  EXPECT_EQ(m.data.where->text, "a > :limit");
  EXPECT_EQ(m.data.where->place.column, 11);
  EXPECT_EQ(m.data.key, (std::vector<std::string>{"id", "kind"}));
  EXPECT_EQ(m.data.batch_rows, 250);
  ASSERT_EQ(m.data.parameters.size(), 3U);
  EXPECT_EQ(m.data.parameters[0].default_value, "7");
  EXPECT_EQ(m.data.parameters[1].default_value, "some words");
  EXPECT_EQ(m.data.parameters[2].default_value, std::nullopt);
  EXPECT_EQ(m.data.parameters[2].type, db::ParameterType::kUuid);
  ASSERT_EQ(m.data.keep.size(), 2U);
  EXPECT_EQ(m.data.keep[1].text, "updated_at");
  EXPECT_EQ(m.data.keep[1].place.line, 10);
  EXPECT_EQ(m.data.keep[1].place.column, 13);
}

constexpr const char* kEach =
    "-- over: t\n-- read: a, b\n-- write: c\n-- where: a > :least\n-- param: least integer 5\n-- on_error: quarantine\n"
    "-- migrate:each program:registered\n-- migrate:verify\nSELECT 0;\n";

TEST(DataFile, MayHaveARowProgram) {
  const Migration m = parse(Kind::kData, kEach);
  EXPECT_TRUE(m.has_row_program());
  EXPECT_EQ(m.first(SectionKind::kEach)->program, RowProgramKind::kRegistered);
  ASSERT_EQ(m.data.read.size(), 2U);
  EXPECT_EQ(m.data.read[1].text, "b");
  EXPECT_EQ(m.data.read[1].place.column, 13);
  ASSERT_EQ(m.data.write.size(), 1U);
  EXPECT_TRUE(m.batch_statements().empty());
  EXPECT_EQ(m.statement_count(), 1);
  EXPECT_EQ(m.change_place().line, 7);
  EXPECT_FALSE(parse(Kind::kData, kData).has_row_program());
}

struct Refused {
  const char* name;
  Kind kind;
  std::string text;
  Code code;
  const char* place;
  const char* said;  // somewhere in message or hint
};

class RefusedFile : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedFile, NamesThePlaceAndTheWayOut) {
  const Refused& one = GetParam();
  const Error error = thrown_by([&] { parse(one.kind, one.text); });
  EXPECT_EQ(error.code(), one.code) << error.message();
  EXPECT_EQ(place_of_error(error), one.place) << error.message();
  EXPECT_NE((error.message() + " | " + error.hint()).find(one.said), std::string::npos)
      << error.message() << " | " << error.hint();
  EXPECT_EQ(error.place()->file,
            one.kind == Kind::kSchema ? "db/migrate/20260104120000_x.sql" : "db/data/20260104120000_x.sql");
}

const std::string kUp = "-- migrate:up\nSELECT 1;\n";
const auto S = Kind::kSchema;
const auto D = Kind::kData;
const auto invalid = Code::kInvalidFile;
const auto later = Code::kNotAvailable;

const Refused kRefused[] = {
    // header
    {"UnknownKeyNearAKnownOne", S, "\n-- chnge: a\n" + kUp, invalid, "2:4", "did you mean 'change'"},
    {"CapitalKey", S, "-- Requires: a\n" + kUp, invalid, "1:4", "requires"},
    {"NearKeyOfTheOtherKind", D, std::string("-- wher: x\n") + kData, invalid, "1:4", "where"},
    {"DataKeyInSchema", S, "-- over: t\n" + kUp, invalid, "1:4", "data migration"},
    {"BatchKeyInSchema", S, "-- batch: 100\n" + kUp, invalid, "1:4", "data migration"},
    {"DuplicateKey", S, "-- change: a\n-- change: b\n" + kUp, invalid, "2:4", "twice"},
    {"DuplicateWhere", D, std::string("-- where: b IS NULL\n") + kData, invalid, "3:4", "twice"},
    {"MissingBlank", S, "-- requires:a\n" + kUp, invalid, "1:4", "blank"},
    {"MissingValue", S, "-- change:\n" + kUp, invalid, "1:11", "no value"},
    {"MissingValueAfterBlank", S, "-- change: \n" + kUp, invalid, "1:12", "no value"},
    {"BadChangeName", S, "-- change: a b\n" + kUp, invalid, "1:12", "plain name"},
    {"EmptyRequirement", S, "-- requires: a,,b\n" + kUp, invalid, "1:15", "empty name"},
    {"AllowWithoutReason", S, "-- allow: rule\n" + kUp, invalid, "1:11", "reason"},
    {"AllowWithEmptyReason", S, "-- allow: rule ()\n" + kUp, invalid, "1:11", "reason"},
    {"BatchZero", D, std::string("-- batch: 0\n") + kData, invalid, "1:11", "from 1 to"},
    {"BatchNegative", D, std::string("-- batch: -5\n") + kData, invalid, "1:11", "from 1 to"},
    {"BatchHuge", D, std::string("-- batch: 1000001\n") + kData, invalid, "1:11", "from 1 to"},
    {"BatchWords", D, std::string("-- batch: many\n") + kData, invalid, "1:11", "from 1 to"},
    {"ParameterWithoutType", D, std::string("-- param: a\n") + kData, invalid, "1:11", "no type"},
    {"ParameterTypeNearlyRight", D, std::string("-- param: a integr\n") + kData, invalid, "1:11",
     "did you mean 'integer'"},
    {"ParameterNamedBatch", D, std::string("-- param: batch text\n") + kData, invalid, "1:11", "taken"},
    {"ParameterNamedLikeOurs", D, std::string("-- param: weir_x text\n") + kData, invalid, "1:11", "taken"},
    {"ParameterNameBroken", D, std::string("-- param: a-b text\n") + kData, invalid, "1:11", "not a parameter name"},
    {"EmptyKeepColumn", D, std::string("-- keep: a,,b\n") + kData, invalid, "1:11", "empty column"},
    {"KeepColumnTwice", D, std::string("-- keep: a, b, a\n") + kData, invalid, "1:16", "stands twice"},
    {"EmptyKeyColumn", D, std::string("-- key: a,,b\n") + kData, invalid, "1:9", "empty column"},
    {"ConditionWithSemicolon", D,
     "-- over: t\n-- where: a; DROP TABLE t\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch", invalid, "2:12",
     "';'"},
    {"ConditionClosesTooMuch", D, "-- over: t\n-- where: a) OR (b\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch",
     invalid, "2:12", "')'"},
    {"ConditionLeavesOpen", D, "-- over: t\n-- where: (a\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch", invalid,
     "2:11", "never closed"},
    {"ConditionOpenString", D, "-- over: t\n-- where: a = 'b\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch",
     invalid, "2:15", "never closed"},
    {"UnknownOrder", D, std::string("-- order: desc\n") + kData, invalid, "1:11", "order: key"},
    {"UnknownOnError", D, std::string("-- on_error: skip\n") + kData, invalid, "1:14", "on_error: stop"},
    // known to the design, not here yet
    {"Throttle", D, std::string("-- throttle: lag 2s\n") + kData, later, "1:4", "throttle"},
    {"Hours", D, std::string("-- hours: 22-6\n") + kData, later, "1:4", "hours"},
    {"RowsFromCsv", D, std::string("-- rows: csv a.csv\n") + kData, later, "1:4", "rows"},
    {"Undo", D, std::string(kData) + "-- migrate:undo\nSELECT 1", later, "5:4", "migrate:undo"},
    // row programs
    {"ReadWithBatch", D, std::string("-- read: a\n") + kData, invalid, "1:10", "row programs"},
    {"WriteWithBatch", D, std::string("-- write: a\n") + kData, invalid, "1:11", "migrate:each program:registered"},
    {"EachWithoutProgram", D, "-- over: t\n-- read: a\n-- write: b\n-- migrate:each\n", invalid, "4:1",
     "program:registered"},
    {"EachWithoutRead", D, "-- over: t\n-- write: b\n-- migrate:each program:registered\n", invalid, "3:1", "`read`"},
    {"EachWithoutWrite", D, "-- over: t\n-- read: b\n-- migrate:each program:registered\n", invalid, "3:1", "`write`"},
    {"EachWithoutOver", D, "-- read: b\n-- write: b\n-- migrate:each program:registered\n", invalid, "1:1", "`over`"},
    {"EachWithBatch", D, std::string("-- read: a\n-- write: a\n") + kData + "-- migrate:each program:registered\n",
     invalid, "7:1", "keep that"},
    {"TwoEach", D, std::string(kEach) + "-- migrate:each program:registered\n", invalid, "7:1", "2 times"},
    {"EachWithABody", D, "-- over: t\n-- read: a\n-- write: a\n-- migrate:each program:registered\n\n a = a + 1\n",
     invalid, "6:2", "no body"},
    {"EachOfAnotherProgram", D, "-- over: t\n-- read: a\n-- write: a\n-- migrate:each program:lua\n", invalid, "4:17",
     "unknown row program 'lua'"},
    {"EachOfNoProgram", D, "-- over: t\n-- read: a\n-- write: a\n-- migrate:each program:\n", invalid, "4:17",
     "no value"},
    {"ProgramTwice", D, "-- over: t\n-- read: a\n-- write: a\n-- migrate:each program:registered program:registered\n",
     invalid, "4:36", "twice"},
    {"OptionOfEach", D, "-- over: t\n-- read: a\n-- write: a\n-- migrate:each transaction:false\n", invalid, "4:17",
     "program:registered"},
    {"EachInSchema", S, kUp + "-- migrate:each program:registered\n", invalid, "3:4", "data migration"},
    {"EachInHeapOrder", D, std::string("-- order: heap\n") + kEach, later, "1:11", "order: key"},
    {"ReadColumnTwice", D, "-- over: t\n-- read: a, b, a\n" + std::string("-- write: a\n-- migrate:each\n"), invalid,
     "2:16", "twice in `read`"},
    {"EmptyWriteColumn", D, "-- over: t\n-- write: a,\n-- migrate:each\n", invalid, "2:12", "empty column"},
    {"UndeclaredParameterOfEach", D,
     "-- over: t\n-- where: a = :v\n-- read: a\n-- write: a\n-- migrate:each program:registered\n", invalid, "2:15",
     "declare"},
    // sections
    {"UnknownSection", S, "-- migrate:donw\n", invalid, "1:4", "did you mean 'migrate:down'"},
    {"BatchInSchema", S, kUp + "-- migrate:batch\nSELECT 1", invalid, "3:4", "data migration"},
    {"UpInData", D, std::string(kData) + "-- migrate:up\nSELECT 1", invalid, "5:4", "schema migration"},
    {"NoUp", S, "-- nothing\n", invalid, "1:1", "migrate:up"},
    {"NoBatch", D, "-- over: t\n", invalid, "1:1", "migrate:batch"},
    {"NoOver", D, "-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch", invalid, "1:1", "over"},
    {"EmptyBatch", D, "-- over: t\n-- migrate:batch\n", invalid, "2:1", "no statement"},
    {"TwoBatches", D, std::string(kData) + "-- migrate:batch\nUPDATE t SET b = 1 WHERE :batch", invalid, "3:1",
     "2 times"},
    {"TwoVerifies", S, kUp + "-- migrate:verify\nSELECT 0;\n-- migrate:verify\nSELECT 0;", invalid, "3:1", "2 times"},
    {"TwoDownsInARow", S, kUp + "-- migrate:down\nSELECT 1;\n-- migrate:down\n", invalid, "5:1", "between"},
    {"DownBeforeUp", S, "-- migrate:down\nSELECT 1;\n" + kUp, invalid, "1:1", "before"},
    {"StatementBeforeTheSections", S, "SELECT 0;\n" + kUp, invalid, "1:1", "before the first section"},
    {"StatementWithoutSections", S, "\n SELECT 0;\n", invalid, "2:2", "migrate:up"},
    {"IndentedMarker", S, kUp + "  -- migrate:down\nDROP TABLE t;\n", invalid, "3:3", "start of its line"},
    {"MarkerBehindAStatement", S, "-- migrate:up\nSELECT 1; -- migrate:down\nDROP TABLE t;\n", invalid, "2:11",
     "start of its line"},
    {"MarkerInCapitals", S, kUp + "-- Migrate:Down\nDROP TABLE t;\n", invalid, "3:4", "lower case"},
    {"GateBehindTheMarker", S, "-- migrate:up\n-- requires: fill\nDROP TABLE t;\n", invalid, "2:1",
     "before the first section"},
    {"GateBehindTheMarkerIndented", S, "-- migrate:up\n\n-- c\n  --  Requires:fill\nDROP TABLE t;\n", invalid, "4:3",
     "no effect"},
    {"GateBehindTheSecondMarker", S, kUp + "-- migrate:down\n-- requires: fill\n", invalid, "4:1", "migrate:down"},
    {"WhereBehindTheMarker", D, "-- over: t\n-- migrate:batch\n-- where: a IS NULL\nUPDATE t SET a = 1 WHERE :batch;\n",
     invalid, "3:1", "before the first section"},
    {"IndentedGate", S, " -- requires: fill\n" + kUp, invalid, "1:2", "start of its line"},
    {"GateBehindAComment", S, "/* c */ -- requires: fill\n" + kUp, invalid, "1:9", "start of its line"},
    {"VerifyWithTwoQueries", S, kUp + "-- migrate:verify\nSELECT 0; SELECT 1;", invalid, "3:1", "2 statements"},
    {"VerifyWithoutQuery", S, kUp + "-- migrate:verify\n", invalid, "3:1", "0 statements"},
    {"VerifyWithBatch", D, std::string(kData) + "-- migrate:verify\nSELECT count(*) FROM t\nWHERE :batch", invalid,
     "7:7", ":batch"},
    // options
    {"UnknownOption", S, "-- migrate:up transactoin:false\n", invalid, "1:15", "did you mean 'transaction:'"},
    {"TransactionWithBlank", S, "-- migrate:up transaction: false\n", invalid, "1:15", "without a blank"},
    {"TransactionMaybe", S, "-- migrate:up transaction:maybe\n", invalid, "1:15", "true or false"},
    {"LockTimeoutWithoutUnit", S, "-- migrate:up lock_timeout:2\n", invalid, "1:15", "2s"},
    {"LockTimeoutNegative", S, "-- migrate:up lock_timeout:-2s\n", invalid, "1:15", "duration"},
    {"OptionOfBatch", D, "-- over: t\n-- migrate:batch transaction:false\nUPDATE t SET a = 1 WHERE :batch", invalid,
     "2:18", "no options"},
    {"LockTimeoutZero", S, "-- migrate:up lock_timeout:0s\n", invalid, "1:15", "1 ms to 24 h"},
    {"LockTimeoutTooLong", S, "-- migrate:up lock_timeout:25h\n", invalid, "1:15", "1 ms to 24 h"},
    // verify only reads
    {"VerifyDeletes", S, kUp + "-- migrate:verify\nDELETE FROM t;", invalid, "4:1", "only reads"},
    {"VerifyDeletesInWith", S, kUp + "-- migrate:verify\nWITH d AS (DELETE FROM t RETURNING 1) SELECT 0;", invalid,
     "4:12", "only reads"},
    {"VerifyDeletesBehindWith", S, kUp + "-- migrate:verify\nWITH d AS (SELECT 1) /* c */ delete FROM t RETURNING 0;",
     invalid, "4:30", "only reads"},
    {"VerifyUpdatesInWith", S, kUp + "-- migrate:verify\nWITH d AS ( UPDATE t SET a = 1 RETURNING 1) SELECT 0;",
     invalid, "4:13", "only reads"},
    {"VerifyInsertsInData", D,
     std::string(kData) + "-- migrate:verify\nWITH d AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT 0;", invalid,
     "6:12", "only reads"},
    {"VerifyCalls", S, kUp + "-- migrate:verify\nCALL f();", invalid, "4:1", "only reads"},
    {"ParameterWithMixedQuotes", D, std::string("-- param: a text 'x' 'y'\n") + kData, invalid, "1:11", "quote"},
    {"UnknownKeyFarFromAll", S, "-- note: x\n" + kUp, invalid, "1:4", "behind the first marker"},
    // placeholders
    {"UnboundedChange", D, "-- over: t\n-- migrate:batch\nUPDATE t SET a = 1\n", invalid, "3:1", ":batch"},
    {"UnknownPlaceholder", D, "-- over: t\n-- migrate:batch\nUPDATE t SET\na = :bacth WHERE :batch", invalid, "4:5",
     "did you mean ':batch'"},
    {"UndeclaredParameter", D, "-- over: t\n-- where: a = :v\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch",
     invalid, "2:15", "declare"},
    {"BatchInWhere", D, "-- over: t\n-- where: :batch\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch", invalid,
     "2:11", ":batch"},
    {"CommitInBatch", D, std::string(kData) + "/* x */ COMMIT;\n", invalid, "5:9", "every batch"},
    {"PrepareTransactionInBatch", D, std::string(kData) + "PREPARE  TRANSACTION 'x';\n", invalid, "5:1", "every batch"},
    {"OpenStringInAStatement", S, "-- migrate:up\nSELECT 'a;\n", invalid, "2:8", "never closed"},
};

INSTANTIATE_TEST_SUITE_P(Cases, RefusedFile, ::testing::ValuesIn(kRefused),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(DataFile, RefusesAParameterThatIsDeclaredTwice) {
  const Error error =
      thrown_by([] { parse(Kind::kData, std::string("-- param: a text\n-- param: a text\n") + kData); });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_NE(error.message().find("twice"), std::string::npos);
}

TEST(DataFile, TakesTheQuotesOffADefault) {
  const auto fallback = [](const std::string& written) {
    return parse(Kind::kData, "-- param: a text " + written + "\n" + kData).data.parameters.at(0).default_value;
  };
  EXPECT_EQ(fallback("'en'"), "en");
  EXPECT_EQ(fallback("\"e'n\""), "e'n");
  EXPECT_EQ(fallback("''"), "");
  EXPECT_EQ(fallback("O'Brien"), "O'Brien");
  EXPECT_EQ(fallback("'"), "'");
}

TEST(SchemaFile, TakesEveryVerifyThatReads) {
  for (const char* query : {"SELECT count(*) FROM t WHERE (delete) IS NULL", "((SELECT 1) UNION VALUES (2))", "TABLE t",
                            "WITH d AS (SELECT update FROM t) SELECT count(*) FROM d", "SELECT '(DELETE FROM t)'",
                            "SELECT count(replace(a, 'x', 'y')) FROM t"}) {
    EXPECT_NO_THROW(parse(Kind::kSchema, kUp + "-- migrate:verify\n" + query)) << query;
  }
}

TEST(FileName, MustBeginWithAVersion) {
  const Error error = thrown_by([] { parse(Kind::kSchema, kUp, "add_users.sql"); });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_NE(error.hint().find("YYYYMMDDHHMMSS"), std::string::npos);
}

TEST(FileName, GivesVersionAndName) {
  EXPECT_EQ(parse(Kind::kSchema, kUp, "001_a_b.sql").version.text(), "001");
  EXPECT_EQ(parse(Kind::kSchema, kUp, "001_a_b.sql").name, "a_b");
  EXPECT_EQ(parse(Kind::kSchema, kUp, "7-a.sql").name, "a");
}

TEST(Source, LosesBomAndCarriageReturns) {
  EXPECT_EQ(normalise_source("\xEF\xBB\xBF-- a\r\nb\r\n", "f"), "-- a\nb\n");
  EXPECT_EQ(normalise_source("a\rb", "f"), "a\rb") << "a lone CR is no line end";
}

// Invariant 10: line endings do not count.
TEST(Invariant10NothingEditedBehindYourBack, ChecksumDoesNotDependOnLineEndsAndBom) {
  const std::string unix_text = kUp + "-- migrate:down\nSELECT 2;\n";
  std::string dos_text = "\xEF\xBB\xBF";
  for (const char c : unix_text) dos_text += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(parse(Kind::kSchema, unix_text).checksum, parse(Kind::kSchema, dos_text).checksum);
  EXPECT_NE(parse(Kind::kSchema, unix_text).checksum, parse(Kind::kSchema, unix_text + " ").checksum);
}

TEST(Source, RefusesWhatIsNoUtf8TextAtItsPlace) {
  const auto place_and_message = [](const std::string& bytes) {
    const Error error = thrown_by([&] { normalise_source(bytes, "f.sql"); });
    EXPECT_EQ(error.code(), Code::kInvalidFile);
    EXPECT_NE(error.hint().find("UTF-8"), std::string::npos);
    return place_of_error(error) + " " + error.message();
  };
  EXPECT_NE(place_and_message(std::string("ab\nc\0d", 6)).find("2:2 "), std::string::npos);
  EXPECT_NE(place_and_message("a\n\nb\xFF").find("3:2 byte 0xFF"), std::string::npos);
  EXPECT_NE(place_and_message("\xFF\xFE-").find("UTF-16"), std::string::npos);
  EXPECT_NE(place_and_message("\xFE\xFF").find("UTF-16"), std::string::npos);
  EXPECT_NE(place_and_message("\xC0\xAF").find("1:1 "), std::string::npos) << "overlong";
  EXPECT_NE(place_and_message("\xED\xA0\x80").find("1:1 "), std::string::npos) << "surrogate";
  EXPECT_NE(place_and_message("a\xE2\x82").find("1:2 "), std::string::npos) << "cut off";
}

}  // namespace
}  // namespace weir::project
