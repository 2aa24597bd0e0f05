// What the kernel knows of a TCP connection of this process.
#include "run/socket.h"

#ifdef __linux__
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#endif

namespace voisin {

int64_t acknowledgedBytes(int descriptor) {
#ifdef __linux__
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
    // Kernels before 4.1 write less.
    if (size < offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) return -1;
    return static_cast<int64_t>(info.tcpi_bytes_acked);
#else
    (void)descriptor;
    return -1;
#endif
}

} // namespace voisin
