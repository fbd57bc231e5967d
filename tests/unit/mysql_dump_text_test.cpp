// What weir takes out of the text of SHOW CREATE.
#include <gtest/gtest.h>

#include "engines/mysql/dump_text.hpp"

namespace weir::engines::mysql {
namespace {

TEST(MysqlDumpText, LosesTheCounterOfTheTableAndNothingElse) {
  EXPECT_EQ(without_counter("CREATE TABLE `t` (\n  `id` int AUTO_INCREMENT COMMENT 'AUTO_INCREMENT=5'\n) ENGINE=InnoDB "
                            "AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=7'"),
            "CREATE TABLE `t` (\n  `id` int AUTO_INCREMENT COMMENT 'AUTO_INCREMENT=5'\n) ENGINE=InnoDB DEFAULT "
            "CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=7'");
}

TEST(MysqlDumpText, LosesTheDefinerOfTheObjectAndNothingElse) {
  EXPECT_EQ(without_definer("CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1"),
            "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1");
  EXPECT_EQ(without_definer("CREATE DEFINER=`r` PROCEDURE `p`() SELECT 'DEFINER=`x`@`y`'"),
            "CREATE PROCEDURE `p`() SELECT 'DEFINER=`x`@`y`'");
}

TEST(MysqlDumpText, SeesWhichNamesStandInAView) {
  EXPECT_TRUE(names_object("select `a b`.`x` from `a b`", "a b"));
  EXPECT_FALSE(names_object("select 'a b' from `a b c`", "a b"));
}

}  // namespace
}  // namespace weir::engines::mysql
