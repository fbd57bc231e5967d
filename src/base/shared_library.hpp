// A shared library that is loaded when it is first needed, so that a program which talks to one database neither waits
// for the client libraries of the others nor needs them installed.
#pragma once

#include <string>

namespace weir {

class SharedLibrary {
 public:
  // Loads it and never unloads it. `package` is what a user installs to get it.
  // Errors: kCannotConnect when it is not there or cannot be loaded.
  SharedLibrary(const std::string& name, const std::string& package);

  // Errors: kCannotConnect when this version of the library does not have it.
  template <typename Function>
  void resolve(const char* symbol, Function*& into) const {
    into = reinterpret_cast<Function*>(address(symbol));
  }

 private:
  void* address(const char* symbol) const;

  std::string name_;
  void* handle_;
};

}  // namespace weir
