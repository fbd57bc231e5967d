#include "adopt/checksum.hpp"

#include <algorithm>
#include <nettle/sha2.h>

namespace weir::adopt {

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) {
  constexpr std::uint32_t kPolynomial = 0xEDB88320U;
  std::uint32_t crc = ~before;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
  }
  return ~crc;
}

std::int32_t flyway_checksum(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  std::uint32_t crc = 0;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    crc = crc32(bytes.substr(0, end), crc);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return static_cast<std::int32_t>(crc);
}

std::string sqlx_checksum(std::string_view bytes) {
  sha384_ctx context;
  sha384_init(&context);
  sha384_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::string digest(SHA384_DIGEST_SIZE, '\0');
  sha384_digest(&context, digest.size(), reinterpret_cast<std::uint8_t*>(digest.data()));
  return digest;
}

}  // namespace weir::adopt
