// The bytes of a file -> text that can be read and compared: UTF-8, without BOM, line ends as LF.
#pragma once

#include <filesystem>
#include <string>

namespace weir::project {

// Errors: kNotFound, kInvalidFile for a NUL byte, UTF-16 or invalid UTF-8 (with line and column).
std::string read_source(const std::filesystem::path& path, const std::string& display_name);

// The same for bytes that were read already.
std::string normalise_source(std::string bytes, const std::string& display_name);

}  // namespace weir::project
