// What a container has of its own on the host and in the engine: the link to its code, and its workspace (model 6 and 7).
#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"
#include "reconciler/executor.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using domain::Step;

namespace {

domain::Intention link_intention(const domain::Spec& spec, domain::Generation generation,
                                 std::string cause) {
    domain::Intention intention;
    intention.step = Step::link;
    intention.generation = generation;
    intention.hash = spec.code->digest;
    intention.cause = std::move(cause);
    return intention;
}

domain::Error no_code_folders() {
    domain::Error error;
    error.type = domain::ErrorType::system_error;
    error.message = "this daemon keeps no code";
    return error;
}

}  // namespace

/// A file call, no engine call: it does not wait, but it is committed before and after like one.
boost::asio::awaitable<void> Executor::switch_code(std::string id, Action action) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr || !record->specs.contains(action.generation)) {
        co_return;
    }
    const domain::Spec& spec = record->specs.at(action.generation);
    const std::string digest = spec.code->digest;
    domain::Intention intention = link_intention(spec, action.generation, action.cause);
    const bool written = co_await intend(id, std::move(intention));
    if (!written) {
        co_return;
    }
    const domain::Time begun = services_.clock.now();
    const domain::Result<void> switched =
        services_.code == nullptr ? no_code_folders() : services_.code->switch_link(id, digest);
    if (!switched) {
        co_await step_failed(id, Step::link, switched.error());
        co_return;
    }
    log_done(id, Step::link, action, begun);
    const domain::Generation generation = action.generation;
    Change change = [generation](domain::Record& row, domain::Changes& out, const domain::Moment&) {
        model::record_linked(row, generation, out);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<bool> Executor::code_is_there(std::string id) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr || services_.code == nullptr ||
        record->status.verdict != domain::Verdict::none || record->status.trial != 0) {
        co_return true;
    }
    const domain::Status& status = record->status;
    const domain::Generation generation = status.next_id.empty() ? record->generation : status.next_generation;
    const auto spec = record->specs.find(generation);
    if (spec == record->specs.end() || !spec->second.code->wanted()) {
        co_return true;
    }
    const auto there = services_.code->check_tree(spec->second.code->digest);
    if (there) {
        co_return true;
    }
    domain::Intention intention = link_intention(spec->second, generation, "the spec changed (code)");
    const bool written = co_await intend(id, std::move(intention));
    if (written) {
        co_await step_failed(id, Step::link, there.error());
    }
    co_return false;
}

boost::asio::awaitable<void> Executor::clean_code(std::string id) {
    const domain::Result<bool> removed =
        services_.code == nullptr ? domain::Result<bool>{false} : services_.code->remove_link(id);
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    if (!removed) {
        domain::Error error = model::with_cleanup(*record, model::CleanupPart::code, removed.error());
        co_await step_failed(id, Step::remove, std::move(error));
        co_return;
    }
    const std::string value = *removed ? "removed" : "none";
    Change change = [value](domain::Record& row, domain::Changes&, const domain::Moment&) {
        model::record_cleanup(row, model::CleanupPart::code, value);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

/// The volume's options count only when it is made: another size is another volume.
std::string Executor::workspace_of(const domain::Record& record, const domain::Spec& spec) const {
    if (!spec.workspace.enabled) {
        return "";
    }
    const std::string name = config_.name_prefix + "ws-" + record.container_id;
    return spec.workspace.size == 0 ? name : name + "-" + std::to_string(spec.workspace.size);
}

boost::asio::awaitable<void> Executor::clean_workspace(std::string id) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    const std::set<std::string> volumes = record->status.workspaces;
    bool removed = false;
    for (const std::string& volume : volumes) {
        const auto answer = co_await services_.engine.remove_volume(volume, false);
        record = services_.store.find(id);      // the store may have read its rows anew
        if (record == nullptr) {
            co_return;
        }
        if (!answer) {
            domain::Error error = model::with_cleanup(*record, model::CleanupPart::workspace, answer.error());
            co_await step_failed(id, Step::remove, std::move(error));
            co_return;
        }
        removed = removed || *answer;
    }
    const std::string value = removed ? "removed" : "none";
    Change change = [value](domain::Record& row, domain::Changes&, const domain::Moment&) {
        model::record_cleanup(row, model::CleanupPart::workspace, value);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

}  // namespace flow::reconciler
