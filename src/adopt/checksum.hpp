// The checksums by which other tools know their files again. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::adopt {

// CRC-32 as zlib, PNG and Ethernet compute it.
std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0);
// CRC-32 of the lines without their ends and without a BOM, as a signed number.
std::int32_t flyway_checksum(std::string_view bytes);
// SHA-384 of the file's bytes, as 48 bytes.
std::string sqlx_checksum(std::string_view bytes);

}  // namespace weir::adopt
