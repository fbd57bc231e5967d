// The dialects of the engines, for tests of the layers below them.
#pragma once

#include "engines/languages.hpp"

namespace weir::test {

inline const sql::Dialect& postgres() { return engines::language_of("postgres").dialect; }
inline const sql::Dialect& mysql() { return engines::language_of("mysql").dialect; }
inline const sql::Dialect& mariadb() { return engines::language_of("mariadb").dialect; }
inline const sql::Dialect& sqlite() { return engines::language_of("sqlite").dialect; }

}  // namespace weir::test
