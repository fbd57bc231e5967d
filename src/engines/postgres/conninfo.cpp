#include "engines/postgres/conninfo.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/postgres/libpq.hpp"

namespace weir::engines::postgres {
namespace {

constexpr std::string_view kSearchPath = "search_path";

const std::vector<std::string>& known_options() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list{std::string(kSearchPath)};
    const std::unique_ptr<PQconninfoOption, decltype(PQconninfoFree)> defaults(PQconndefaults(), PQconninfoFree);
    for (const auto* option = defaults.get(); option && option->keyword; ++option) list.emplace_back(option->keyword);
    return list;
  }();
  return names;
}

void refuse_unknown(const std::string& name) {
  const auto& known = known_options();
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const auto near = nearest(name, known);
  throw Error(Code::kConfig, fmt::format("unknown option '{}' in the database URL", name))
      .hint(near ? fmt::format("did you mean '{}'?", *near)
                 : "known are the connection parameters of libpq (sslmode, connect_timeout, ...) and search_path");
}

// A dead peer is noticed within about a minute, in both directions; connecting does not take for ever.
std::map<std::string, std::string> defaults() {
  std::map<std::string, std::string> values{
      {"fallback_application_name", "weir"}, {"keepalives", "1"},       {"keepalives_idle", "30"},
      {"keepalives_interval", "10"},         {"keepalives_count", "3"}, {"tcp_user_timeout", "60000"},
  };
  if (!std::getenv("PGCONNECT_TIMEOUT")) values["connect_timeout"] = "10";
  return values;
}

}  // namespace

Conninfo make_conninfo(const db::Url& url) {
  load_libpq();
  Conninfo info{defaults(), ""};
  const auto set = [&](const char* keyword, const std::string& value) {
    if (!value.empty()) info.parameters[keyword] = value;
  };
  set("user", url.user);
  set("password", url.password);
  set("host", url.host);
  set("port", url.port);
  set("dbname", url.path);
  for (const auto& [name, value] : url.options) {
    if (name == kSearchPath) {
      info.search_path = value;
    } else if (name == "ssl" && value == "true") {  // JDBC's spelling; libpq's own URLs take it too
      info.parameters["sslmode"] = "require";
    } else {
      refuse_unknown(name);
      info.parameters[name] = value;
    }
  }
  const auto encoding = info.parameters.find("client_encoding");
  if (encoding != info.parameters.end() && !equals_icase(encoding->second, "utf8") &&
      !equals_icase(encoding->second, "utf-8")) {
    throw Error(Code::kConfig, "weir speaks UTF-8 only: remove client_encoding from the database URL");
  }
  info.parameters["client_encoding"] = "UTF8";
  return info;
}

std::string display(const db::Url& url) {
  const auto host = url.options.find("host");
  return url.display() + (host == url.options.end() ? "" : "?host=" + host->second);
}

}  // namespace weir::engines::postgres
