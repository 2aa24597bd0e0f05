// Which kernels this processor runs.
#include <cstdlib>
#include <string_view>

#include "kernels.h"

namespace voisin {
namespace {

const Kernels& choose() {
    const char* named = std::getenv("VOISIN_ENCODER_KERNELS");
    const std::string_view wanted = named == nullptr ? "" : named;
    if (wanted == "generic") return generic;
#if defined(__x86_64__)
    const bool hasAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (hasAvx512 && wanted != "avx2") return avx512;
    const bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (hasAvx2) return avx2;
#endif
    return generic;
}

} // namespace

const Kernels& kernels() {
    static const Kernels& chosen = choose();
    return chosen;
}

const ByteKernels* byteKernels() {
#if defined(__x86_64__)
    if (&kernels() == &avx512 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni")) return &avx512Bytes;
#endif
    return nullptr;
}

} // namespace voisin
