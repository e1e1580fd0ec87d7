// The clients: requests, their repetition, and how they ended.
#include "sim/simulation.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace flow::sim {
namespace {

using domain::Operation;
constexpr std::int64_t kMemoryUnit = 8 << 20;
constexpr double kRepeatAfter = 0.5;

}  // namespace

domain::Spec make_spec(const std::string& name, const std::string& image, const std::string& command,
                       int memory, const std::string& restart) {
    using Policy = domain::Restart::Policy;
    domain::Spec spec;
    spec.name = name;
    spec.image = image;
    spec.command = std::vector<std::string>{command};
    spec.networking.networks = {"net"};
    spec.resources.memory = memory * kMemoryUnit;
    spec.restart.policy = restart == "always" ? Policy::always
                          : restart == "no"   ? Policy::no
                                              : Policy::on_failure;
    if (restart.starts_with("on-failure:")) {
        spec.restart.max_retries = std::stoi(restart.substr(11));
    }
    return spec;
}

std::string slot(int number) { return "0000000000c" + std::to_string(number); }

Simulation::Simulation(std::uint64_t seed, bool tracing)
    : world(seed),
      engine(world),
      daemon(world, engine,
             {[this](const domain::Commit& commit) {
                  for (const domain::RequestEnd& ended : commit.ends) {
                      end(ended.request_id, ended.outcome, ended.error.message);
                  }
              },
              [this] { read_ends(); }}) {
    if (tracing) {
        world.trace_on();
    }
    engine.intends = [this](const std::string& container_id, const std::string& docker_id) {
        return intends(container_id, docker_id);
    };
    engine.starting = [this](const Container& container, bool by_outside) {
        judge_start(container, by_outside);
    };
}

void Simulation::run_for(double duration) {
    world.run_until(world.now() + seconds(duration), [this] { daemon.pump(); });
}

void Simulation::bad(const std::string& text) {
    problems.push_back(std::to_string(world.clock()) + " " + text);
    world.trace("!!! " + text);
}

const domain::Record* Simulation::row(const std::string& container_id) const {
    return daemon.store().find(container_id);
}

Wish& Simulation::send(Wish wish) {
    wishes.push_back(std::make_unique<Wish>(std::move(wish)));
    Wish& kept = *wishes.back();
    kept.request_id = "r" + std::to_string(wishes.size());
    by_id_[kept.request_id] = &kept;
    world.at(Duration{0}, [this, &kept] { deliver(kept); });
    return kept;
}

bool Simulation::all_ended() const {
    for (const auto& wish : wishes) {
        if (wish->answer == Wish::Answer::none ||
            (wish->answer == Wish::Answer::accepted && !wish->outcome)) {
            return false;
        }
    }
    return true;
}

/// What the API would hand to the store; nothing when it would refuse.
std::optional<domain::Request> Simulation::request_of(const Wish& wish) {
    domain::Request request;
    request.operation = wish.operation;
    request.request_id = wish.request_id;
    request.client_gave_id = true;
    request.payload_digest = wish.request_id;
    request.container_id = wish.container_id;
    request.desired = wish.desired;
    request.force = wish.force;
    const bool is_manifest = wish.operation == Operation::manifest;
    if (is_manifest) {
        request.source = "manifest:x";
        request.document_digest = wish.request_id;
    }
    const domain::Record* record = row(wish.container_id);
    if (wish.creates) {
        request.spec = wish.spec;
        request.container_id.clear();
        const domain::Record* holder = daemon.store().find_name(wish.spec.name);
        if (record != nullptr) {
            request.spec->restart = record->spec().restart;     // the oracles know one policy a row
        }
        const bool other = holder != nullptr && holder->container_id != wish.container_id;
        return is_manifest && (other || (record != nullptr && record->deleted))
                   ? std::nullopt : std::optional{request};
    }
    if (record == nullptr || (is_manifest && record->deleted)) {
        return std::nullopt;
    }
    if (wish.operation == Operation::update || is_manifest) {
        request.spec = record->spec();
        request.spec->name = is_manifest ? request.spec->name
                                         : wish.patch.name.value_or(request.spec->name);
        request.spec->image = wish.patch.image.value_or(request.spec->image);
        if (wish.patch.command) {
            request.spec->command = std::vector<std::string>{*wish.patch.command};
        }
        if (wish.patch.code) {
            request.spec->code.edit().digest = *wish.patch.code;
        }
        if (wish.patch.memory) {
            request.spec->resources.memory = *wish.patch.memory * kMemoryUnit;
        }
    }
    return request;
}

void Simulation::deliver(Wish& wish) {
    if (wish.answer != Wish::Answer::none) {
        return;
    }
    world.at(seconds(kRepeatAfter), [this, &wish] { deliver(wish); });
    if (!daemon.alive()) {
        return;
    }
    if (world.tracing()) {
        world.trace("CLIENT " + wish.request_id + " " + std::string{to_string(wish.operation)} + " " +
                    wish.container_id + (wish.creates ? " new " + wish.spec.name : "") + " desired " +
                    std::string{to_string(wish.desired)});
    }
    const domain::Record* record = row(wish.container_id);
    auto request = request_of(wish);
    if (!request) {
        // Accepted before a kill, and its row is gone by now: the answer that was kept says so.
        if (wish.at == Time{}) {
            wish.answer = Wish::Answer::refused;
            return;
        }
        request = domain::Request{};
        request->operation = wish.operation;
        request->request_id = request->payload_digest = wish.request_id;
        request->client_gave_id = true;
        request->container_id = wish.container_id;
        if (wish.operation == Operation::update || wish.operation == Operation::manifest ||
            wish.creates) {
            request->spec = wish.spec;
        }
    }
    if (wish.at == Time{}) {
        wish.had = record == nullptr ? 0 : record->status.run_started;
    }
    daemon.next_container_id(wish.container_id);
    daemon.store().accept(std::move(*request), [this, &wish](auto result) {
        answered(wish, result);
    });
    capture(wish);
}

/// What the acceptance wrote, read before anything else happens to the row.
void Simulation::capture(Wish& wish) {
    const domain::Record* record = row(wish.container_id);
    if (wish.at == Time{}) {
        wish.at = world.now();
    }
    if (record == nullptr) {
        return;
    }
    for (const domain::OpenRequest& open : record->open) {
        if (open.request_id == wish.request_id) {
            wish.target = open.target;
            wish.at = open.at;
            wish.seq = open.seq;
        }
    }
    const domain::Spec& spec = record->spec();
    Version version;
    version.image = spec.image;
    version.command = spec.command->front();
    version.code = spec.code->digest;
    version.memory = static_cast<int>(spec.resources.memory / kMemoryUnit);
    versions_[wish.container_id][record->generation] = version;
    names_[wish.container_id].insert(spec.name);
}

void Simulation::answered(Wish& wish, const domain::Result<domain::Accepted>& result) {
    if (!daemon.alive()) {
        return;
    }
    wish.answer = result ? Wish::Answer::accepted : Wish::Answer::refused;
    if (result) {
        wish.seq = result->seq;
        if (result->end) {
            end(wish.request_id, result->end->outcome, result->end->error.message);
        }
    } else if (world.tracing()) {
        world.trace("REFUSED " + wish.request_id + " " + result.error().message);
    }
}

void Simulation::end(const std::string& request_id, domain::Outcome outcome, const std::string& why) {
    const auto found = by_id_.find(request_id);
    if (found == by_id_.end()) {
        return;
    }
    Wish& wish = *found->second;
    if (wish.outcome) {
        if (*wish.outcome != outcome) {
            bad(request_id + " ended twice, differently");
        }
        return;
    }
    wish.outcome = outcome;
    wish.why = why;
    world.trace("REQUEST " + request_id + " " + std::string{to_string(outcome)} + " " + why);
    judge(wish);
}

/// At a kill: ends that are written but that nobody was told of.
void Simulation::read_ends() {
    SQLite::Statement query{daemon.database(),
                            "SELECT request_id, outcome FROM requests WHERE outcome IS NOT NULL"};
    std::vector<std::pair<std::string, std::string>> ends;
    while (query.executeStep()) {
        ends.emplace_back(query.getColumn(0).getString(), query.getColumn(1).getString());
    }
    for (const auto& [request_id, text] : ends) {
        const auto found = by_id_.find(request_id);
        if (found == by_id_.end() || found->second->outcome || text == "refused") {
            continue;
        }
        end(request_id,
            text == "done"     ? domain::Outcome::done
            : text == "failed" ? domain::Outcome::failed
                               : domain::Outcome::superseded,
            "");
    }
}

}  // namespace flow::sim
