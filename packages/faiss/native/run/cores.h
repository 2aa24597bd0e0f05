// How many cores one call may use: OpenMP's and OpenBLAS's teams of all calls under way are bounded together.
#pragma once

namespace voisin {

/// The cores that this process may run on.
int coreCount();

/// To be called once, before any call computes. OpenBLAS on threads of its own takes all cores for every call, whatever the bound here:
/// it is told to use none but the caller's. On OpenMP it follows the team of the calling thread.
void boundOpenBlas();

/// Held while a call computes. It gets the threads that it wants as far as cores are free, and one in any case, and makes them the size
/// of the OpenMP teams that the calling thread opens.
class Cores {
  public:
    explicit Cores(int wanted);
    ~Cores();
    Cores(const Cores&) = delete;
    Cores& operator=(const Cores&) = delete;
    int count() const {
        return count_;
    }

  private:
    int count_;
};

} // namespace voisin
