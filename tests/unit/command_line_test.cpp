// What the command line accepts, and that its errors repeat no secret.
#include <filesystem>
#include <gtest/gtest.h>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "migrate/apply.hpp"
#include "support/dialects.hpp"
#include "support/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace weir::cli {
namespace {

using test::thrown_by;

CommandLine parse(const std::vector<std::string>& arguments) {
  bool json = false;
  return parse_command_line(arguments, json);
}

// Invariant 12: a URL or a parameter at the wrong place is not repeated.
TEST(Invariant12NoSecretInUsageErrors, HidesWhatLooksLikeAUrlOrAValue) {
  const std::string url = "postgres://u:geheim@h/db";
  const std::vector<std::vector<std::string>> wrong = {{"status", url},
                                                       {"--ur", url, "status"},
                                                       {"--ur=" + url, "status"},
                                                       {url},
                                                       {"run", "f", "y=geheim"},
                                                       {"run", "f", "--parm", "y=geheim"},
                                                       {"--json=" + url, "status"},
                                                       {"rollback", "--steps", url},
                                                       {"rollback", "--steps=y=geheim"},
                                                       {"rollback", "--to", url},
                                                       {"migrate", "--lock-wait", url}};
  for (const auto& arguments : wrong) {
    const Error error = thrown_by([&] { parse(arguments); });
    EXPECT_EQ(error.code(), Code::kUsage) << arguments.back();
    EXPECT_EQ(test::everything_said(error).find("geheim"), std::string::npos) << test::everything_said(error);
  }
}

TEST(UsageErrors, NameAnHarmlessWordAndTheNearestKnownOne) {
  const Error error = thrown_by([] { parse({"statsu"}); });
  EXPECT_EQ(error.message(), "'statsu' was not expected here");
  EXPECT_EQ(error.hint(), "did you mean 'status'?");
}

TEST(RunOptions, LooksChangeNothingAndGoWithNothingThatDoes) {
  const auto command = std::get<RunOptions>(parse({"run", "f", "--dry-run", "--batches", "3", "--masked"}).command);
  EXPECT_TRUE(command.dry_run && command.masked);
  EXPECT_EQ(command.batches, 3);
  EXPECT_TRUE(std::get<RunOptions>(parse({"run", "f", "--explain", "--workers", "4"}).command).explain);
  for (const char* look : {"--dry-run", "--explain"}) {
    for (const char* other : {"--restart", "--continue", "--detach", "--allow-scan"})
      EXPECT_EQ(thrown_by([&] { parse({"run", "f", look, other}); }).code(), Code::kUsage) << look << " " << other;
  }
  EXPECT_EQ(thrown_by([] { parse({"run", "f", "--masked"}); }).code(), Code::kUsage);
  EXPECT_EQ(thrown_by([] { parse({"run", "f", "--explain", "--dry-run"}); }).code(), Code::kUsage);
}

TEST(LockWait, MayBeNothingButNotLongerThanADay) {
  EXPECT_EQ(std::get<MigrateOptions>(parse({"migrate", "--lock-wait", "0s"}).command).lock_wait, Milliseconds(0));
  EXPECT_EQ(thrown_by([] { parse({"migrate", "--lock-wait", "25h"}); }).code(), Code::kUsage);
}

TEST(ExistingDatabase, IsNeededByRunAndRollbackWhichMakeNone) {
  const test::TempDir dir;
  dir.write("db/data/1_f.sql", "-- over: t\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch;\n");
  StopToken stop;
  const Context context{{},
                        project::load_config(dir.path(), "sqlite:typo.db"),
                        stop,
                        system_clock(),
                        "test",
                        report::Colour::kOff,
                        report::Colour::kOff};
  RunOptions run;
  run.name = "f";
  const Error error = thrown_by([&] { run_command(context, run); });
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_NE(error.message().find("typo.db"), std::string::npos) << error.message();
  EXPECT_EQ(thrown_by([&] { run_command(context, RollbackOptions{}); }).code(), Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "typo.db"));
}

TEST(TransactionControl, IsRefusedWithAHintThatIsTrueForItsSection) {
  const auto hint = [](const std::string& option) {
    const auto migration =
        project::parse_migration(project::Kind::kSchema, "1_a.sql", "1_a.sql",
                                 "-- migrate:up" + option + "\nBEGIN; SELECT 1; COMMIT;\n", test::postgres());
    return thrown_by([&] { migrate::check_statements(migration, test::postgres()); }).hint();
  };
  EXPECT_NE(hint("").find("transaction:false"), std::string::npos);
  EXPECT_NE(hint(" transaction:false").find("migration of its own"), std::string::npos);
}

}  // namespace
}  // namespace weir::cli
