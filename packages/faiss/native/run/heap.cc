// How the process's heap treats large blocks.
#include "run/heap.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace voisin {

void giveBackLargeBlocks() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

} // namespace voisin
