// Independent pieces of work of the processor, shared among its cores.
#pragma once

#include <cstddef>
#include <functional>

namespace weir {

// Calls `work(0)` to `work(count - 1)`, each once, in any order and from several threads at once; returns when all are
// done. Where there is little to do the caller's thread does it alone. Errors: the one of the lowest index that failed,
// as if they had been called one after the other; those behind it may not have been called.
void for_each_index(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace weir
