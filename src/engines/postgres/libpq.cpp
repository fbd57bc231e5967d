#include "engines/postgres/libpq.hpp"

#include "base/shared_library.hpp"

namespace weir::engines::postgres {

#define WEIR_DEFINE(function) decltype(&::function) function = nullptr;
WEIR_LIBPQ_FUNCTIONS(WEIR_DEFINE)
#undef WEIR_DEFINE

void load_libpq() {
  static const bool loaded = [] {
    const SharedLibrary library("libpq.so.5", "libpq5");
#define WEIR_RESOLVE(function) library.resolve(#function, function);
    WEIR_LIBPQ_FUNCTIONS(WEIR_RESOLVE)
#undef WEIR_RESOLVE
    return true;
  }();
  static_cast<void>(loaded);
}

}  // namespace weir::engines::postgres
