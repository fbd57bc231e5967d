#include "engines/mysql/conninfo.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::engines::mysql {
namespace {

using Setter = void (*)(Conninfo&, const std::string&);

const std::map<std::string, Tls>& tls_modes() {
  // The words of the mysql client and those of PostgreSQL, which many know better.
  static const std::map<std::string, Tls> modes{
      {"disabled", Tls::kOff},       {"disable", Tls::kOff},          {"preferred", Tls::kPreferred},
      {"prefer", Tls::kPreferred},   {"required", Tls::kRequired},    {"require", Tls::kRequired},
      {"verify_ca", Tls::kVerified}, {"verify-ca", Tls::kVerified},   {"verify_identity", Tls::kVerified},
      {"true", Tls::kRequired},      {"verify-full", Tls::kVerified},
  };
  return modes;
}

void set_tls(Conninfo& info, const std::string& value) {
  const auto found = tls_modes().find(to_lower(value));
  if (found == tls_modes().end()) {
    throw Error(Code::kConfig, fmt::format("'{}' is not a value of ssl-mode", value))
        .hint("write disabled, preferred, required or verify_identity");
  }
  info.tls = found->second;
}

void set_connect_timeout(Conninfo& info, const std::string& value) {
  const auto seconds = parse_integer(value);
  if (!seconds || *seconds < 1 || *seconds > 3600) {
    throw Error(Code::kConfig, "connect-timeout in the database URL is not a number of seconds from 1 to 3600");
  }
  info.connect_timeout_seconds = static_cast<unsigned>(*seconds);
}

void need_utf8(Conninfo&, const std::string& value) {
  if (to_lower(value).starts_with("utf8")) return;
  throw Error(Code::kConfig, "weir speaks UTF-8 only: remove charset from the database URL");
}

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> all{
      {"socket", [](Conninfo& info, const std::string& value) { info.socket = value; }},
      {"ssl-mode", set_tls},
      {"sslmode", set_tls},
      {"tls", set_tls},
      {"ssl-ca", [](Conninfo& info, const std::string& value) { info.ssl_ca = value; }},
      {"ssl-capath", [](Conninfo& info, const std::string& value) { info.ssl_capath = value; }},
      {"ssl-cert", [](Conninfo& info, const std::string& value) { info.ssl_cert = value; }},
      {"ssl-key", [](Conninfo& info, const std::string& value) { info.ssl_key = value; }},
      {"ssl-cipher", [](Conninfo& info, const std::string& value) { info.ssl_cipher = value; }},
      {"tls-version", [](Conninfo& info, const std::string& value) { info.tls_version = value; }},
      {"time-zone", [](Conninfo& info, const std::string& value) { info.time_zone = value; }},
      {"connect-timeout", set_connect_timeout},
      {"charset", need_utf8},
      {"encoding", need_utf8},
  };
  return all;
}

void apply_option(Conninfo& info, const std::string& name, const std::string& value) {
  std::string normal = to_lower(name);
  std::replace(normal.begin(), normal.end(), '_', '-');
  const auto found = setters().find(normal);
  if (found != setters().end()) return found->second(info, value);
  std::vector<std::string> known;
  for (const auto& [option, unused] : setters()) known.push_back(option);
  const auto near = nearest(normal, known);
  throw Error(Code::kConfig, fmt::format("unknown option '{}' in the database URL", name))
      .hint(near ? fmt::format("did you mean '{}'?", *near) : fmt::format("known are {}", fmt::join(known, ", ")));
}

bool is_this_machine(const std::string& host) {
  return host.empty() || equals_icase(host, "localhost") || host == "::1" || host.starts_with("127.");
}

}  // namespace

Conninfo make_conninfo(const db::Url& url) {
  Conninfo info;
  info.user = url.user;
  info.password = url.password;
  info.host = url.host;
  info.database = url.path;
  if (const auto port = parse_integer(url.port)) info.port = static_cast<unsigned>(*port);
  info.tcp = info.port != 0;
  // A certificate's authority that somebody names is meant to be checked.
  const bool names_authority = url.options.contains("ssl-ca") || url.options.contains("ssl_ca");
  if (names_authority) {
    info.tls = Tls::kVerified;
  } else if (is_this_machine(url.host)) {
    info.tls = Tls::kOff;
  }
  if (url.options.contains("socket")) info.tls = Tls::kOff;
  for (const auto& [name, value] : url.options) apply_option(info, name, value);
  if (info.user.empty()) {
    throw Error(Code::kConfig, "the database URL names no user").hint("write mysql://user:password@host/database");
  }
  if (info.database.empty()) {
    throw Error(Code::kConfig, "the database URL names no database").hint("write mysql://user:password@host/database");
  }
  return info;
}

std::string display(const db::Url& url) {
  const auto socket = url.options.find("socket");
  return url.display() + (socket == url.options.end() ? "" : "?socket=" + socket->second);
}

}  // namespace weir::engines::mysql
