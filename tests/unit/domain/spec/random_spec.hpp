// Random valid specs for property tests: the same seed gives the same spec.
#pragma once

#include <random>

#include "domain/spec.hpp"

namespace flow::domain::test {

using Random = std::mt19937_64;

Spec random_spec(Random& random);
/// As it is when it was copied.
Code random_code(Random& random);

}  // namespace flow::domain::test
