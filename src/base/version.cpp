#include <weir/version.hpp>

namespace weir {

// NOLINTBEGIN(cppcoreguidelines-macro-usage)
#define WEIR_TEXT_OF(number) #number
#define WEIR_VERSION_TEXT(major, minor, patch) WEIR_TEXT_OF(major) "." WEIR_TEXT_OF(minor) "." WEIR_TEXT_OF(patch)
// NOLINTEND(cppcoreguidelines-macro-usage)

std::string_view version() { return WEIR_VERSION_TEXT(WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR, WEIR_VERSION_PATCH); }

}  // namespace weir
