// Which kernels this processor runs.
#include <cstdlib>
#include <string_view>

#if defined(VOISIN_AMX)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "kernels.h"

namespace voisin {
namespace {

std::string_view wanted() {
    const char* named = std::getenv("VOISIN_ENCODER_KERNELS");
    return named == nullptr ? "" : named;
}

const Kernels& choose() {
    if (wanted() == "generic") return generic;
#if defined(__x86_64__)
    const bool hasAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (hasAvx512 && wanted() != "avx2") return avx512;
    const bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (hasAvx2) return avx2;
#endif
    return generic;
}

const ByteKernels* chooseForBytes() {
#if defined(__x86_64__)
    if (&kernels() != &avx512 || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vnni")) return nullptr;
#if defined(VOISIN_AMX)
    // The system saves the tile registers (8 KB a thread) of processes that asked for it: arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
    const bool hasAmx = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8");
    if (hasAmx && wanted() != "avx512" && syscall(SYS_arch_prctl, 0x1023, 18) == 0) return &amxBytes;
#endif
    return &avx512Bytes;
#else
    return nullptr;
#endif
}

} // namespace

const Kernels& kernels() {
    static const Kernels& chosen = choose();
    return chosen;
}

const ByteKernels* byteKernels() {
    static const ByteKernels* chosen = chooseForBytes();
    return chosen;
}

} // namespace voisin
