// The section [adopt] of weir.toml.
#pragma once

#include "project/config.hpp"

namespace weir::adopt {

// The text of weir.toml with this section and no other [adopt]; everything else stays as it is. Pure.
std::string with_settings(const std::string& toml, const project::Config::Adopted& adopted);

// Writes it into weir.toml of the project; the file is replaced as a whole. Errors: kConfig.
void write_settings(const project::Config& config, const project::Config::Adopted& adopted);

}  // namespace weir::adopt
