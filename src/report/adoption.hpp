// `weir adopt` for people and for scripts.
#pragma once

#include <string>

#include "adopt/adoption.hpp"

namespace weir::report {

struct AdoptionView {
  const adopt::Adoption& adoption;
  bool keep_history = false;
  bool dry_run = false;
};

std::string to_json(const AdoptionView& view);
std::string to_text(const AdoptionView& view);

}  // namespace weir::report
