// Threads that give way.
#pragma once

#include <sys/types.h>

namespace voisin {

/**
 * Lets a thread of this process run where nobody else wants the core: a tenth of the share of others, and whoever wakes up takes its place at once.
 * 0 is the calling thread. Does nothing where the system knows no such thing.
 *
 * The share alone is not enough: since Linux 6.6 a thread keeps its core until its slice is over (2 to 4 ms), whatever its nice value, unless the
 * one that wakes up has a shorter slice (6.12). So the thread gets the longest slice there is, 100 ms.
 *
 * SCHED_IDLE would give way surely (99% of a new server's searches within 2.2 ms in place of 3.1), but the event loop now and then waits for such
 * a thread, for a lock or at the end of a collection: beside inference on all cores that took up to 100 ms, in place of 10.
 */
void giveWay(pid_t thread);

} // namespace voisin
