// C++ exceptions as JavaScript errors.
#pragma once

#include <napi.h>

#include <string>

namespace voisin {

struct Failure {
    std::string code;
    std::string message;
};

/// To be called in a catch block.
Failure describeCurrentException() noexcept;

/// A RangeError, TypeError or Error with `code`.
Napi::Value toJavaScript(Napi::Env env, const Failure& failure);

} // namespace voisin
