#include "crash/harness.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "crash/store.hpp"

namespace weir::crash {

Random::Random(std::uint64_t seed, const std::string& name) {
  std::vector<std::uint32_t> words{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  for (const char c : name) words.push_back(static_cast<unsigned char>(c));
  std::seed_seq sequence(words.begin(), words.end());
  engine_.seed(sequence);
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
}

bool Random::chance(double probability) { return std::bernoulli_distribution(probability)(engine_); }

Microseconds Random::moment(Microseconds most) { return Microseconds(between(0, most.count())); }

double Durations::percentile_ms(double share) const {
  if (all_.empty()) return 0;
  auto sorted = all_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return std::chrono::duration<double, std::milli>(sorted[at]).count();
}

std::string Durations::text() const {
  return fmt::format("p50 {:.0f} ms, p99 {:.0f} ms, max {:.0f} ms ({} measured)", percentile_ms(0.5),
                     percentile_ms(0.99), max_ms(), size());
}

int Tally::total() const {
  int total = 0;
  for (const auto& [engine, by_workers] : kills_) {
    for (const auto& [workers, kills] : by_workers) total += kills;
  }
  return total;
}

std::string Tally::text() const {
  std::string text;
  for (const auto& [engine, by_workers] : kills_) {
    int all = 0;
    std::string list;
    for (const auto& [workers, kills] : by_workers) {
      all += kills;
      list += fmt::format("{}{} with {}", list.empty() ? "" : ", ", kills,
                          workers == 0   ? std::string("a deploy")
                          : workers == 1 ? std::string("1 worker")
                                         : fmt::format("{} workers", workers));
    }
    text += fmt::format("  {}: {} ({})\n", engine, all, list);
  }
  return text;
}

void Context::count_kill(int workers) const { tally.add(engine.name(), workers); }

}  // namespace weir::crash
