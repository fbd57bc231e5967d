// Hosts made of namespaces of this machine's kernel: a network of their own with one link to this machine, host name
// and processes of their own. weir takes them for other machines. Needs root and iproute2.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace weir::crash {

class Host {
 public:
  // `group` names all hosts of one program. Errors: Skipped, with what is missing.
  Host(const std::string& group, const std::filesystem::path& log);
  // Takes everything away again.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const std::string& name() const { return name_; }
  // This machine, as the host sees it.
  const std::string& address_of_server() const { return server_; }
  // What goes before a command so that it runs there.
  std::vector<std::string> prefix() const;
  // Packets are lost, in both directions and in silence, until mend().
  void cut();
  void mend();

 private:
  void ip(const std::vector<std::string>& words);
  void make();

  std::string name_;
  std::string link_;  // its end here
  std::string server_, own_;
  std::filesystem::path log_;
};

}  // namespace weir::crash
