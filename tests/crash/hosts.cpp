#include "crash/hosts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "crash/harness.hpp"

namespace weir::crash {
namespace {

std::string find_program(const std::string& name) {
  for (const auto* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  throw Skipped("there is no program " + name + "; tools/setup installs it");
}

}  // namespace

Host::Host(const std::string& group, const std::filesystem::path& log) : log_(log) {
  static int made = 0;  // the kernel takes its time to forget the link of one that is gone
  const int number = made++;
  name_ = fmt::format("{}-{}", group, number);
  link_ = fmt::format("weir{}-{}", ::getpid() % 1'000'000, number);
  // Networks that are set apart for measurements (RFC 2544), four addresses each: nobody is met there.
  const auto address = [&](int host) { return fmt::format("198.18.{}.{}", ::getpid() % 256, 4 * number + host); };
  server_ = address(1);
  own_ = address(2);
  if (::geteuid() != 0) throw Skipped("namespaces need root");
  try {
    ip({"netns", "add", name_});
  } catch (const Failure& failure) {
    throw Skipped(std::string("this machine allows no namespaces: ") + failure.what());
  }
  try {
    make();
  } catch (const Failure& failure) {
    ip({"netns", "delete", name_});
    const std::string_view why = failure.what();
    const auto says = [&](std::string_view words) { return why.find(words) != std::string_view::npos; };
    if (!says("not permitted") && !says("not supported") && !says("Unknown device type")) throw;
    throw Skipped(std::string("this machine allows no network of its own: ") + failure.what());
  }
}

// The link goes with either end.
Host::~Host() {
  try {
    ip({"netns", "delete", name_});
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{} stays: {}\n", name_, failure.what());
  }
}

void Host::make() {
  ip({"link", "add", link_, "type", "veth", "peer", "name", "eth0", "netns", name_});
  ip({"address", "add", server_ + "/30", "dev", link_});
  ip({"link", "set", link_, "up"});
  ip({"-n", name_, "address", "add", own_ + "/30", "dev", "eth0"});
  ip({"-n", name_, "link", "set", "eth0", "up"});
  ip({"-n", name_, "link", "set", "lo", "up"});
}

void Host::ip(const std::vector<std::string>& words) {
  std::vector<std::string> command{find_program("ip")};
  command.insert(command.end(), words.begin(), words.end());
  run_command(command, log_);
}

// A process that ends takes all of its host with it.
std::vector<std::string> Host::prefix() const {
  return {find_program("ip"), "netns",        "exec",    name_, find_program("unshare"),     "--uts", "--pid", "--fork",
          "--kill-child",     "--mount-proc", "/bin/sh", "-c",  "hostname \"$0\" && \"$@\"", name_};
}

void Host::cut() { ip({"link", "set", link_, "down"}); }

void Host::mend() { ip({"link", "set", link_, "up"}); }

}  // namespace weir::crash
