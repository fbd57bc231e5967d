// What the tools take from their surroundings: the environment, and Flyway's placeholders.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "project/formats/format.hpp"

namespace weir::project::formats {

Variables environment();

// flyway.placeholders.NAME=value of flyway.conf, in `root` or beside the file; then FLYWAY_PLACEHOLDERS_NAME.
Variables flyway_placeholders(const std::filesystem::path& root, const std::filesystem::path& file,
                              const std::string& actor, EpochMs now);

}  // namespace weir::project::formats
