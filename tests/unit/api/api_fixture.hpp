// Handlers with everything they need but a network: a fake store, fake peers, and services that the
// test sets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/handlers.hpp"
#include "support/fake_peer.hpp"
#include "support/fake_store.hpp"

namespace flow::test {

struct Client {
    std::shared_ptr<FakePeer> peer;
    std::shared_ptr<api::Session> session;
};

struct ApiFixture {
    using Json = domain::Json;

    ApiFixture() {
        services.moment = [this] { return store.moment; };
        services.usage = [this](const std::string&) { return usage; };
        services.last_observation = [this] { return observed; };
        services.readiness = [this] { return readiness; };
        services.check_policy = [this](domain::Spec& spec, bool) { return policy(spec); };
        services.plan = [this](const domain::Record& row) { return plan(row); };
        services.call_later = [this](std::chrono::milliseconds time, std::function<void()> work) {
            timers.emplace_back(time, std::move(work));
        };
        store.observe([this](const domain::Commit& commit) {
            feed.wake();
            for (const domain::RequestEnd& end : commit.ends) {
                answers.ended(end, store.last_seq());
                apply.ended(end);
            }
        });
    }

    Client connect(std::optional<domain::Seq> since = std::nullopt) {
        auto peer = std::make_shared<FakePeer>();
        auto session = feed.add(peer, since);
        feed.pump(*session);
        return {peer, session};
    }
    /// Sends one request; the acknowledgement lands in `acks`.
    void send(const Client& client, const std::string& event, const Json& payload) {
        Json args = Json::array();
        args.push_back(payload);
        handlers.handle(client.session, event, args,
                        [this](const Json& ack) { acks.push_back(ack); });
    }
    domain::Spec spec(const std::string& name = "web") const {
        domain::Spec made;
        made.image = "busybox";
        made.name = name;
        made.networking.networks = {"flow-net"};
        return made;
    }
    domain::RequestEnd done(const domain::Request& request, const std::string& container_id) const {
        domain::RequestEnd end;
        end.actor = request.actor;
        end.request_id = request.request_id;
        end.operation = std::string(domain::to_string(request.operation));
        end.container_id = container_id;
        end.answer["container_id"] = container_id;
        end.answer["result_seq"] = store.last_seq();
        return end;
    }

    FakeStore store;
    domain::ResourceUsage usage;
    domain::Time observed;
    api::Readiness readiness{true, {}};
    std::function<domain::Result<void>(domain::Spec&)> policy = [](domain::Spec&) {
        return domain::Result<void>{};
    };
    std::function<std::optional<std::vector<std::string>>(const domain::Record&)> plan =
        [](const domain::Record& row) {
            return std::optional(std::vector<std::string>{"#1 Steps of " + row.spec().name});
        };
    std::vector<std::pair<std::chrono::milliseconds, std::function<void()>>> timers;
    std::vector<Json> acks;

    api::Services services;
    api::Config config;
    api::Queries queries{store, services, config};
    api::Feed feed{store, config.feed, [this] { return queries.snapshot(); }};
    api::Answers answers{[this](std::chrono::milliseconds time, std::function<void()> work) {
        services.call_later(time, std::move(work));
    }};
    api::Apply apply{store, services};
    api::Handlers handlers{api::Parts{store, services, config, feed, answers, queries, apply}};
};

}  // namespace flow::test
