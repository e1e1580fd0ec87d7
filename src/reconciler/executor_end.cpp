// Steps that need no engine call, and the end of a row: volumes, socket, networks (model 5 and 7).
#include <algorithm>

#include <spdlog/spdlog.h>

#include "domain/model/model.hpp"
#include "domain/model/steps.hpp"
#include "domain/model/volumes.hpp"
#include "reconciler/executor.hpp"
#include "reconciler/record_only.hpp"

namespace flow::reconciler {

namespace model = domain::model;
using Kind = Action::Kind;

boost::asio::awaitable<void> Executor::record_only(std::string id, Action action) {
    domain::Observed adopted;
    if (action.kind == Kind::adopt) {
        const auto seen = co_await inspect(action.docker_id);
        if (!seen) {
            hooks_.mark(id, domain::Duration{0});
            co_return;
        }
        adopted = *seen;
    }
    Change change = [action, adopted](domain::Record& record, domain::Changes& out,
                                      const domain::Moment& moment) {
        reconciler::record_only(action, adopted, record, out, moment);
    };
    co_await commit(services_.store, id, std::move(change));
    if (action.kind == Kind::stop_done) {
        stops_.erase(id);
    }
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<void> Executor::ensure_network(std::string id, Action action) {
    // One at a time: the engine makes two networks of one name when it is asked twice at once.
    co_await network_gate_.enter();
    const GatePass pass{network_gate_};
    if (known_networks_.contains(action.subject)) {
        hooks_.mark(id, domain::Duration{0});
        co_return;
    }
    const auto made = co_await services_.engine.ensure_network(action.subject);
    if (!made) {
        co_await step_failed(id, domain::Step::create, made.error());
        co_return;
    }
    known_networks_.insert(action.subject);
    if (*made) {
        spdlog::info("made a network name={} container_id={}", action.subject, id);
    }
    hooks_.mark(id, domain::Duration{0});
}

namespace {

bool is_in_use(const domain::Error& error) {
    const auto cause = error.details.find("cause");
    return cause != error.details.end() && *cause == "in_use";
}

bool is_named_elsewhere(const domain::Store& store, const std::string& volume, const std::string& id) {
    bool named = false;
    store.for_each([&](const domain::Record& record) {
        if (record.container_id == id) {
            return;
        }
        for (const auto& [generation, spec] : record.specs) {
            named = named || std::any_of(spec.volumes.begin(), spec.volumes.end(),
                                         [&](const domain::Mount& mount) {
                                             return mount.type == domain::Mount::Type::volume &&
                                                    mount.source == volume;
                                         });
        }
    });
    return named;
}

}  // namespace

boost::asio::awaitable<void> Executor::clean_volumes(std::string id) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    std::vector<std::pair<std::string, bool>> volumes;      // name, anonymous
    bool kept = false;
    for (const std::string& name : model::volumes_of_its_own(*record)) {
        if (is_named_elsewhere(services_.store, name, id)) {
            kept = true;
        } else {
            volumes.emplace_back(name, true);
        }
    }
    for (const domain::Mount& mount : record->active_spec().volumes) {
        if (mount.type != domain::Mount::Type::volume || mount.source.empty()) {
            continue;
        }
        if (record->remove_volumes && !is_named_elsewhere(services_.store, mount.source, id)) {
            volumes.emplace_back(mount.source, false);
        } else {
            kept = true;
        }
    }
    bool removed = false;
    for (const auto& [name, anonymous] : volumes) {
        const auto answer = co_await services_.engine.remove_volume(name, anonymous);
        const bool used = !answer && is_in_use(answer.error());     // by a container that is not ours: it would wait for ever
        record = services_.store.find(id);      // the store may have read its rows anew
        if (record == nullptr) {
            co_return;
        }
        if (!answer && !used) {
            domain::Error error = model::with_cleanup(*record, model::CleanupPart::volumes, answer.error());
            co_await step_failed(id, domain::Step::remove, std::move(error));
            co_return;
        }
        removed = removed || (answer && *answer);
        kept = kept || used || (!*answer && !anonymous);
    }
    const std::string value = kept ? "kept" : removed ? "removed" : "none";
    Change change = [value](domain::Record& row, domain::Changes&, const domain::Moment&) {
        model::record_cleanup(row, model::CleanupPart::volumes, value);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<void> Executor::clean_socket(std::string id) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    const auto removed = services_.remove_folder(record->socket_folder);
    if (!removed) {
        domain::Error error = model::with_cleanup(*record, model::CleanupPart::socket, removed.error());
        co_await step_failed(id, domain::Step::remove, std::move(error));
        co_return;
    }
    const std::string value = *removed ? "removed" : "none";
    Change change = [value](domain::Record& row, domain::Changes&, const domain::Moment&) {
        model::record_cleanup(row, model::CleanupPart::socket, value);
    };
    co_await commit(services_.store, id, std::move(change));
    hooks_.mark(id, domain::Duration{0});
}

boost::asio::awaitable<void> Executor::gone(std::string id) {
    const domain::Record* record = services_.store.find(id);
    if (record == nullptr) {
        co_return;
    }
    std::vector<std::string> networks = record->active_spec().networking.networks;
    if (record->spec().kind == domain::Kind::job) {
        const std::string key = completed_job_key(record->spec().name);
        const std::string value = model::completed(*record) ? "1" : "";
        if (services_.store.meta(key) != value) {
            services_.store.set_meta(key, value, [](const domain::Result<void>&) {});
        }
    }
    spdlog::info("deleted container_id={} name={}", id, record->spec().name);
    Change change = [this](domain::Record& row, domain::Changes& out,
                           const domain::Moment& moment) {
        model::record_gone(row, crashes_->logs(), out, moment);
    };
    made_for_.erase(id);
    co_await commit(services_.store, id, std::move(change));
    co_await remove_networks(std::move(networks));
}

std::vector<std::string> Executor::made_for() const {
    std::vector<std::string> ids;
    for (const auto& [id, made] : made_for_) {
        ids.push_back(id);
    }
    return ids;
}

boost::asio::awaitable<void> Executor::tidy(std::string id) {
    const auto found = made_for_.find(id);
    if (found == made_for_.end()) {
        co_return;
    }
    const Made made = std::move(found->second);
    made_for_.erase(found);
    const auto removed = services_.remove_folder(made.folder);
    if (!removed) {
        spdlog::warn("could not remove a folder container_id={} error=\"{}\"", id,
                     removed.error().message);
    }
    if (services_.code != nullptr) {
        const auto unlinked = services_.code->remove_link(id);
        if (!unlinked) {
            spdlog::warn("could not remove a link container_id={} error=\"{}\"", id, unlinked.error().message);
        }
    }
    if (!made.workspace.empty()) {
        co_await services_.engine.remove_volume(made.workspace, false);
    }
    co_await remove_networks(made.networks);
}

bool Executor::is_network_named(const std::string& name) const {
    bool named = false;
    services_.store.for_each([&](const domain::Record& record) {
        for (const auto& [generation, spec] : record.specs) {
            const auto& list = spec.networking.networks;
            named = named || std::find(list.begin(), list.end(), name) != list.end();
        }
    });
    return named;
}

boost::asio::awaitable<bool> Executor::remove_network(std::string name) {
    co_await network_gate_.enter();     // beside nobody who makes sure that it is there
    const GatePass pass{network_gate_};
    if (is_network_named(name)) {
        co_return false;
    }
    known_networks_.erase(name);
    const auto removed = co_await services_.engine.remove_network(name);
    if (!removed) {
        spdlog::warn("could not remove a network name={} error=\"{}\"", name,
                     removed.error().message);
    }
    co_return removed && *removed;
}

/// A network that we made goes when no row names it any more (contract 2).
boost::asio::awaitable<void> Executor::remove_networks(std::vector<std::string> names) {
    for (const std::string& name : names) {
        co_await remove_network(name);
    }
}

}  // namespace flow::reconciler
