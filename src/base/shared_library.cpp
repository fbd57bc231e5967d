#include "base/shared_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.hpp"

namespace weir {

SharedLibrary::SharedLibrary(const std::string& name, const std::string& package)
    : name_(name), handle_(::dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
  if (handle_) return;
  throw Error(Code::kCannotConnect, fmt::format("the client library {} could not be loaded: {}", name, ::dlerror()))
      .hint(fmt::format("install it: apt-get install {}", package));
}

void* SharedLibrary::address(const char* symbol) const {
  void* const found = ::dlsym(handle_, symbol);
  if (!found) {
    throw Error(Code::kCannotConnect, fmt::format("the client library {} is too old: it has no {}", name_, symbol))
        .hint("install a newer one");
  }
  return found;
}

}  // namespace weir
