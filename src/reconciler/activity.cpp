#include "reconciler/activity.hpp"

#include <utility>
#include <vector>

namespace flow::reconciler {

void tell_activity(domain::Store& store, std::string type, std::string message,
                   domain::Json details) {
    domain::EventDraft draft;
    draft.type = "activity_log";
    draft.actor = "flow-manager";
    draft.summary = message;
    draft.payload["activity_type"] = std::move(type);
    draft.payload["message"] = std::move(message);
    draft.payload["details"] = std::move(details);
    draft.payload["actor"] = "flow-manager";
    std::vector<domain::EventDraft> drafts;
    drafts.push_back(std::move(draft));
    store.log(std::move(drafts), [](const domain::Result<void>&) {});
}

}  // namespace flow::reconciler
