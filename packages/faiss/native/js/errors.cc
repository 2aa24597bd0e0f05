// C++ exceptions as JavaScript errors.
#include "js/errors.h"

#include <faiss/impl/FaissException.h>

#include <new>

#include "run/error.h"

namespace voisin {

Failure describeCurrentException() noexcept {
    try {
        throw;
    } catch (const Error& error) {
        return {error.code, error.what()};
    } catch (const faiss::FaissException& error) {
        return {"ERR_FAISS_INTERNAL", std::string("FAISS: ") + error.what()};
    } catch (const std::bad_alloc&) {
        return {"ERR_FAISS_MEMORY", "not enough memory for this call"};
    } catch (const std::exception& error) {
        return {"ERR_FAISS_INTERNAL", error.what()};
    } catch (...) {
        return {"ERR_FAISS_INTERNAL", "an unknown failure"};
    }
}

Napi::Value toJavaScript(Napi::Env env, const Failure& failure) {
    const bool range = failure.code == "ERR_FAISS_RANGE" || failure.code == "ERR_FAISS_NOT_FINITE";
    const bool type = failure.code == "ERR_FAISS_TYPE";
    Napi::Error error = range ? Napi::Error(Napi::RangeError::New(env, failure.message))
            : type            ? Napi::Error(Napi::TypeError::New(env, failure.message))
                              : Napi::Error::New(env, failure.message);
    error.Set("code", Napi::String::New(env, failure.code));
    return error.Value();
}

} // namespace voisin
