#include "engine/inspect.h"
namespace voisin {
void inspect(Source&) {}
}
