// Plain values from JavaScript, which src/ has checked.
#pragma once

#include <napi.h>

#include "engine/search.h"
#include "js/input.h"

namespace voisin {

inline int readInt(const Napi::Value& value) {
    return value.IsNumber() ? value.As<Napi::Number>().Int32Value() : 0;
}
inline int64_t readInt64(const Napi::Value& value) {
    return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : 0;
}

/// The arguments that search and rangeSearch share, from position `first` on: selector, efSearch, nprobe, exact.
struct SearchArguments {
    bool hasSelector;
    Input<uint8_t> selector;
    int efSearch;
    int nprobe;
    bool exact;

    SearchArguments(const Napi::CallbackInfo& info, size_t first)
        : hasSelector(info[first].IsTypedArray()),
          selector(info[first]),
          efSearch(readInt(info[first + 1])),
          nprobe(readInt(info[first + 2])),
          exact(info[first + 3].ToBoolean().Value()) {}

    SearchOptions options() const {
        static const uint8_t none = 0;
        SearchOptions options;
        if (hasSelector) {
            // A selector of no bytes selects nothing; no pointer would mean everything.
            options.members = {selector.data() != nullptr ? selector.data() : &none, selector.size()};
        }
        options.efSearch = efSearch;
        options.nprobe = nprobe;
        options.exact = exact;
        return options;
    }
};

} // namespace voisin
