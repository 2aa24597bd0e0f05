// How the process's heap treats what is freed.
#include "run/heap.h"

// Some header of the C library has to come first: it says which one it is.
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace voisin {

void giveBackLargeBlocks() {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

void giveBackFreeBlocks() {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

} // namespace voisin
