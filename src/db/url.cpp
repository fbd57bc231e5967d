#include "db/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::db {
namespace {

constexpr std::string_view kExample = "postgres://user:password@host:5432/database or sqlite:path/to/file.db";

[[noreturn]] void refuse(const std::string& message, const std::string& hint) {
  throw Error(Code::kConfig, "the database URL cannot be read: " + message).hint(hint);
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string decode(std::string_view text, std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) {
      refuse(fmt::format("'%' in the {} is not followed by two hexadecimal digits", part),
             "write a literal '%' as %25");
    }
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  if (out.find('\0') != std::string::npos)
    refuse(fmt::format("%00 in the {}", part), "a zero byte cannot be part of it");
  return out;
}

void parse_query(std::string_view query, Url& url) {
  for (const auto& pair : split(query, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string::npos) refuse("an option has no value", "write ?name=value");
    url.options[decode(pair.substr(0, equals), "query")] = decode(pair.substr(equals + 1), "query");
  }
}

void parse_authority(std::string_view authority, Url& url) {
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view userinfo = authority.substr(0, at);
    const auto colon = userinfo.find(':');
    const std::string_view password = colon == std::string_view::npos ? "" : userinfo.substr(colon + 1);
    if (userinfo.find('@') != std::string_view::npos)
      refuse("the password (or user) contains an unescaped '@'", "write '@' as %40");
    if (password.find(':') != std::string_view::npos)
      refuse("the password contains an unescaped ':'", "write ':' as %3A");
    url.user = decode(userinfo.substr(0, colon), "user");
    url.password = decode(password, "password");
    authority.remove_prefix(at + 1);
  }
  std::string_view host = authority;
  std::size_t port_colon = std::string_view::npos;
  if (!host.empty() && host.front() == '[') {  // IPv6
    const auto close = host.find(']');
    if (close == std::string_view::npos) refuse("'[' without ']'", "write an IPv6 address as [::1]");
    if (close + 1 < host.size() && host[close + 1] == ':') port_colon = close + 1;
    url.host = std::string(host.substr(1, close - 1));
  } else {
    port_colon = host.find(':');
    url.host = decode(host.substr(0, port_colon), "host");
  }
  if (port_colon == std::string_view::npos) return;
  url.port = std::string(host.substr(port_colon + 1));
  const auto port = parse_integer(url.port);
  if (!port || *port < 1 || *port > 65535) {
    // What stands here may be the rest of a password with an unescaped '/', '?' or '#': never print it.
    refuse("the port is not a number from 1 to 65535",
           "if the password contains '/', '?', '#', '[' or ']', write them as %2F, %3F, %23, %5B, %5D");
  }
}

}  // namespace

Url parse_url(std::string_view text) {
  text = trim(text);
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) refuse("it has no scheme", fmt::format("write {}", kExample));
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  const auto is_scheme_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  if (!std::all_of(url.scheme.begin(), url.scheme.end(), is_scheme_char)) {
    refuse("it has no scheme", fmt::format("write {}", kExample));
  }
  if (rest.starts_with("//")) {
    url.has_authority = true;
    rest.remove_prefix(2);
    // An '@' that comes only behind the authority: an unescaped '/' or '?' has cut a password in two. What follows
    // must not be read as a path or an option, and not be shown.
    const auto authority_end = std::min(rest.find_first_of("/?#"), rest.size());
    const std::string_view authority = rest.substr(0, authority_end);
    const bool half_userinfo =
        authority.find(':') != std::string_view::npos && authority.find('@') == std::string_view::npos;
    const bool cut = half_userinfo || (authority_end < rest.size() && rest[authority_end] != '/');
    if (cut && rest.find('@', authority_end) != std::string_view::npos) {
      refuse(fmt::format("the password contains an unescaped '{}'", rest[authority_end]),
             fmt::format("write '{}' as %{:02X}; an '@' in an option is written %40", rest[authority_end],
                         static_cast<int>(rest[authority_end])));
    }
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    parse_authority(rest.substr(0, end), url);
    rest.remove_prefix(end);
    if (rest.starts_with("/")) rest.remove_prefix(1);
  }
  const auto question = rest.find('?');
  url.path = decode(rest.substr(0, question), "path");
  if (question != std::string_view::npos) parse_query(rest.substr(question + 1), url);
  return url;
}

std::string Url::display() const {
  std::string out = scheme + ":";
  if (has_authority) {
    out += "//";
    if (!user.empty()) out += user + "@";
    out += host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (!port.empty()) out += ":" + port;
    out += "/";
  }
  return out + path;
}

}  // namespace weir::db
