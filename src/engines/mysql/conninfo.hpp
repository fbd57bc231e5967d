// A database URL as the facts a connection is opened with.
#pragma once

#include <string>

#include "db/url.hpp"

namespace weir::engines::mysql {

enum class Tls {
  kOff,
  kPreferred,  // used when the server offers it
  kRequired,   // no connection without it; the server's certificate is not looked at
  kVerified,   // the certificate's authority and the name of the host are checked
};

struct Conninfo {
  std::string user, password, host, database;
  unsigned port = 0;   // 0: the library's default
  std::string socket;  // empty and no host: the library's default one
  bool tcp = false;    // for `localhost`, which otherwise means the socket
  Tls tls = Tls::kRequired;
  std::string ssl_ca, ssl_capath, ssl_cert, ssl_key, ssl_cipher, tls_version;
  std::string time_zone;  // empty: the server's default
  unsigned connect_timeout_seconds = 10;
  std::string program_name = "weir";  // what the server's list of sessions shows, where it shows any
};

// TLS is required unless the URL names a socket or this machine, where it is off. In option names `_` and `-` are the
// same. Errors: kConfig for an option or a value that is not known, with the nearest known one.
Conninfo make_conninfo(const db::Url& url);

// For people: without password and without options other than the socket.
std::string display(const db::Url& url);

}  // namespace weir::engines::mysql
