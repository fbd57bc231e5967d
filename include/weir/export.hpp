// What libweir.so shows to the programs that use it. Everything without this mark stays inside the library.
#pragma once

#define WEIR_API __attribute__((visibility("default")))
