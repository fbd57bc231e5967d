#include "engines/mysql/libmariadb.hpp"

#include "base/shared_library.hpp"

namespace weir::engines::mysql {

#define WEIR_DEFINE(function) decltype(&::function) function = nullptr;
WEIR_LIBMARIADB_FUNCTIONS(WEIR_DEFINE)
#undef WEIR_DEFINE

void load_libmariadb() {
  static const bool loaded = [] {
    const SharedLibrary library("libmariadb.so.3", "libmariadb3");
#define WEIR_RESOLVE(function) library.resolve(#function, function);
    WEIR_LIBMARIADB_FUNCTIONS(WEIR_RESOLVE)
#undef WEIR_RESOLVE
    // The library would do it by itself at the first connection, but not safely from two threads.
    mysql_server_init(0, nullptr, nullptr);
    return true;
  }();
  static_cast<void>(loaded);
}

}  // namespace weir::engines::mysql
