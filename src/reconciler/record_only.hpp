// What an action that needs no engine call leaves behind in the row: the same for the executor and for a dry run.
#pragma once

#include "domain/change.hpp"
#include "domain/observed.hpp"
#include "domain/record.hpp"
#include "reconciler/plan.hpp"

namespace flow::reconciler {

/// `adopted`: the container of Kind::adopt; else not looked at. Other kinds than results and timers do nothing.
void record_only(const Action& action, const domain::Observed& adopted, domain::Record& record,
                 domain::Changes& out, const domain::Moment& moment);

}  // namespace flow::reconciler
