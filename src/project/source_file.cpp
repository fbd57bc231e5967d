#include "project/source_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "sql/splitter.hpp"

namespace weir::project {

std::string normalise_source(std::string bytes, const std::string& display_name) {
  const sql::Origin origin{display_name, 1, 1};
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    throw Error(Code::kInvalidFile, "the file is UTF-16").at({display_name, 1, 1, ""}).hint("save it as UTF-8");
  }
  if (const auto nul = bytes.find('\0'); nul != std::string::npos) {
    throw Error(Code::kInvalidFile, "the file contains a NUL byte")
        .at(sql::place_of(bytes, nul, origin))
        .hint("save it as UTF-8 text");
  }
  if (const auto bad = find_invalid_utf8(bytes)) {
    throw Error(Code::kInvalidFile,
                fmt::format("byte 0x{:02X} is not valid UTF-8", static_cast<unsigned char>(bytes[*bad])))
        .at(sql::place_of(bytes, *bad, origin))
        .hint("save the file as UTF-8");
  }
  if (bytes.find('\r') == std::string::npos && !bytes.starts_with("\xEF\xBB\xBF")) return bytes;
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t i = bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') continue;
    text += bytes[i];
  }
  return text;
}

std::string read_source(const std::filesystem::path& path, const std::string& display_name) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  const auto unreadable = [&] {
    return Error(Code::kNotFound, fmt::format("cannot read {}: {}", display_name, std::strerror(errno)));
  };
  if (!file) throw unreadable();
  std::setbuf(file.get(), nullptr);  // read in large pieces below
  std::string bytes;
  std::error_code unknown;
  const auto size = std::filesystem::file_size(path, unknown);  // of a pipe it is not known
  for (std::size_t piece = (unknown ? 4096 : size) + 1;; piece *= 2) {
    const std::size_t before = bytes.size();
    bytes.resize(before + piece);
    bytes.resize(before + std::fread(bytes.data() + before, 1, piece, file.get()));
    if (std::ferror(file.get()) != 0) throw unreadable();
    if (bytes.size() < before + piece) break;
  }
  return normalise_source(std::move(bytes), display_name);
}

}  // namespace weir::project
