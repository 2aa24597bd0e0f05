// The errors that reach JavaScript: a stable code and a message for a person.
#pragma once

#include <stdexcept>
#include <string>

namespace voisin {

/// `code` is one of the headings under "Errors" in README.md.
struct Error : std::runtime_error {
    const char* code;
    Error(const char* code, const std::string& message) : std::runtime_error(message), code(code) {}
};

inline Error rangeError(const std::string& message) {
    return {"ERR_FAISS_RANGE", message};
}
inline Error unsupported(const std::string& message) {
    return {"ERR_FAISS_UNSUPPORTED", message};
}
inline Error corrupt(const std::string& message) {
    return {"ERR_FAISS_CORRUPT", message};
}

} // namespace voisin
