#include "project/version.hpp"

namespace weir::project {

Version::Version(std::string text) : text_(std::move(text)) {
  plain_ = !text_.starts_with('0') && text_.find_first_of("._") == std::string::npos;
}

}  // namespace weir::project
