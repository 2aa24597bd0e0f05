// Which pair kernels this processor has.
#include "kernels/pairs.h"

namespace voisin {

#if defined(__x86_64__)
namespace avx512 {
extern const PairKernels l2, ip;
}
namespace avx2 {
extern const PairKernels l2, ip;
}
#endif
namespace generic {
extern const PairKernels l2, ip;
}

namespace {

const PairKernels& choose(bool isL2) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        return isL2 ? avx512::l2 : avx512::ip;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return isL2 ? avx2::l2 : avx2::ip;
    }
#endif
    return isL2 ? generic::l2 : generic::ip;
}

} // namespace

const PairKernels& l2Kernels = choose(true);
const PairKernels& ipKernels = choose(false);

} // namespace voisin
