// Looks at the Error that a piece of code throws.
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "base/error.hpp"

namespace weir::test {

// The Error that `act` throws; a test failure and an empty kInternal error when it throws none.
template <typename Act>
Error thrown_by(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& other) {
    ADD_FAILURE() << "expected a weir::Error, got another exception: " << other.what();
    return {Code::kInternal, ""};
  }
  ADD_FAILURE() << "expected a weir::Error, nothing was thrown";
  return {Code::kInternal, ""};
}

// "12:3", or "-" when the error has no place.
inline std::string place_of_error(const Error& error) {
  if (!error.place()) return "-";
  return std::to_string(error.place()->line) + ":" + std::to_string(error.place()->column);
}

// Everything a person or a script could see of it.
inline std::string everything_said(const Error& error) {
  std::string said = error.message() + "\n" + error.hint() + "\n" + error.what() + "\n" + error.facts().constraint;
  if (error.place()) said += "\n" + error.place()->file + "\n" + error.place()->line_text;
  return said;
}

}  // namespace weir::test
