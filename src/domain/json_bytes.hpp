// How much memory a JSON value takes, about: for bounds on what is kept. The length of its text says little of that
// ("[1,1,1]" is eight times as large here). Pure.
#pragma once

#include <cstddef>

#include "domain/error.hpp"

namespace flow::domain {

std::size_t json_bytes(const Json& value);

}  // namespace flow::domain
