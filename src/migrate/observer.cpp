#include "migrate/observer.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"

namespace weir::migrate {

std::string describe(const db::SessionInfo& session) {
  std::string who = session.application;
  if (!session.user.empty()) who += fmt::format("{}user {}", who.empty() ? "" : ", ", session.user);
  std::string text = "pid " + session.pid;
  if (!who.empty()) text += fmt::format(" ({})", who);
  if (!session.state.empty()) text += ", " + session.state;
  if (session.age) text += " for " + human_duration(*session.age);
  if (!session.lock.empty()) text += ", holds " + session.lock;
  if (!session.query.empty()) text += ": " + session.query;
  return text;
}

}  // namespace weir::migrate
