#include "support/places.hpp"

namespace weir::test {

std::string source_path(const std::string& below) { return WEIR_SOURCE_DIR "/" + below; }

std::string program_path() { return WEIR_PROGRAM; }

}  // namespace weir::test
