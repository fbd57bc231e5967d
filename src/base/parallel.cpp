#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace weir {
namespace {

constexpr std::size_t kPiece = 16;       // what a thread takes at once
constexpr std::size_t kWorthwhile = 64;  // for one more thread
constexpr std::size_t kMostThreads = 4;

// What went wrong first in one thread.
struct Failure {
  std::size_t index = 0;
  std::exception_ptr error;
};

class Sharing {
 public:
  Sharing(std::size_t count, const std::function<void(std::size_t)>& work) : count_(count), work_(work) {}

  // The first failure of this thread. Pieces are taken in order, so whoever fails need not go on: what it would take
  // next lies behind.
  Failure take_part() {
    for (;;) {
      const std::size_t begin = next_.fetch_add(kPiece);
      for (std::size_t i = begin; i < std::min(begin + kPiece, count_); ++i) {
        try {
          work_(i);
        } catch (...) {
          next_ = count_;
          return {i, std::current_exception()};
        }
      }
      if (begin + kPiece >= count_) return {count_, nullptr};
    }
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace

void for_each_index(std::size_t count, const std::function<void(std::size_t)>& work) {
  const std::size_t cores = std::min<std::size_t>(std::thread::hardware_concurrency(), kMostThreads);
  const std::size_t others = std::min(count / kWorthwhile, cores > 0 ? cores - 1 : 0);
  Sharing sharing(count, work);
  std::vector<Failure> failures(others + 1);
  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 0; i < others; ++i)
      threads.emplace_back([&sharing, &failures, i] { failures[i] = sharing.take_part(); });
  } catch (const std::system_error&) {
    // No more threads: those that are there do it.
  }
  failures.back() = sharing.take_part();
  for (auto& thread : threads) thread.join();
  const auto first = std::min_element(failures.begin(), failures.end(), [](const Failure& a, const Failure& b) {
    if (!a.error || !b.error) return a.error != nullptr;
    return a.index < b.index;
  });
  if (first->error) std::rethrow_exception(first->error);
}

}  // namespace weir
