// A look through the bytes of an index before FAISS reads them.
#pragma once

#include "engine/streams.h"

namespace voisin {

/// Walks through the bytes as FAISS's reader will and throws ERR_FAISS_CORRUPT where a class is none of ours, a size is larger than what
/// is left or does not fit the others, or a value is out of its range.
void inspect(Source& source);

} // namespace voisin
