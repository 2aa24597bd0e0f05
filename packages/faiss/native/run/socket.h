// What the kernel knows of a TCP connection of this process.
#pragma once

#include <cstdint>

namespace voisin {

/// Bytes that the other end's kernel has acknowledged so far; -1 where the descriptor is no TCP socket or the system does not count them.
int64_t acknowledgedBytes(int descriptor);

} // namespace voisin
