// Which kernels this processor runs.
#include "kernels.h"

namespace voisin {

const Kernels& kernels() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return avx2;
#endif
    return generic;
}

const ByteKernels* byteKernels() {
#if defined(__x86_64__)
    if (&kernels() == &avx512 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni")) return &avx512Bytes;
#endif
    return nullptr;
}

} // namespace voisin
