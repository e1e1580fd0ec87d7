#include "reconciler/record_only.hpp"

#include "domain/model/steps.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using Kind = Action::Kind;

void record_only(const Action& action, const domain::Observed& adopted, domain::Record& record,
                 domain::Changes& out, const domain::Moment& moment) {
    switch (action.kind) {
        case Kind::adopt: return model::record_created(record, adopted, out, moment);
        case Kind::stop_done: return model::clear_intention(record);
        case Kind::nothing_in_hand: return model::record_nothing_in_hand(record, out, moment);
        case Kind::keep: return model::record_keep(record, out);
        case Kind::kept: return model::record_kept(record);
        case Kind::rolled_back: return model::record_rolled_back(record);
        case Kind::activate: return model::record_active(record, out);
        case Kind::keep_code: return model::record_code_kept(record, out);
        case Kind::drop_code: return model::record_code_dropped(record);
        case Kind::code_rolled_back: return model::record_code_rolled_back(record);
        case Kind::gone_containers:
            return model::record_gone_containers(record, action.docker_ids, out, moment);
        case Kind::observe_generation: return model::record_observed_generation(record);
        case Kind::deadline_passed: return model::record_deadline(record, out);
        case Kind::expire: return model::record_expired(record, out);
        default: return;
    }
}

}  // namespace flow::reconciler
