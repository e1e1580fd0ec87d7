// Named points at which a test build kills itself with SIGKILL: FLOW_KILL_AT=POINT:K, where POINT is before_commit,
// after_commit, before_call or after_call and K counts from 1. Compiled into builds with FLOW_FAIL_POINTS only;
// otherwise the functions do nothing.
#pragma once

#include <memory>
#include <string_view>

#include "reconciler/engine.hpp"

namespace flow::daemon {

/// Counts a visit; does not return from the K-th of the named one.
void visit_fail_point(std::string_view point);

/// The engine with fail points around each call that changes something. Borrows `engine`.
std::unique_ptr<reconciler::Engine> with_fail_points(reconciler::Engine& engine);

}  // namespace flow::daemon
