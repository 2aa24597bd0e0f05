#include "engine/validate.h"
namespace voisin {
void validate(faiss::Index&) {}
}
