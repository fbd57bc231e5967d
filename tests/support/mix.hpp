// A number that looks random and depends on another one only.
#pragma once

#include <cstdint>

namespace weir::test {

// Source: splitmix64, the generator behind Java's SplittableRandom.
inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace weir::test
