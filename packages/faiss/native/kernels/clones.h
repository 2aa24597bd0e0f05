// One function, compiled for several levels of the x86-64 instruction set; the loader picks the best that the machine has.
#pragma once

#if defined(__x86_64__) && !defined(VOISIN_NO_CLONES)
#define VOISIN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VOISIN_CLONES
#endif
// A helper must be inlined to be compiled once for each level of its caller.
#define VOISIN_INLINE inline __attribute__((always_inline))
