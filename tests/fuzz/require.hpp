// What must hold in a fuzz target. Ends the process, in every build type: that is how a fuzzer learns of it.
#pragma once

#include <cstdlib>

namespace flow::fuzz {

inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace flow::fuzz
