#include "sim/engine_port.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "domain/drift.hpp"

namespace flow::sim {
namespace {

namespace asio = boost::asio;
using reconciler::Awaitable;

class Stream final : public reconciler::EventStream {
public:
    explicit Stream(std::shared_ptr<Subscription> subscription)
        : subscription_(std::move(subscription)) {}
    ~Stream() override { subscription_->dead = true; }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

private:
    std::shared_ptr<Subscription> subscription_;
};

}  // namespace

void EnginePort::clear() {
    closed_ = true;
    const auto dropped = std::move(waiting_);
    waiting_.clear();
}

domain::Error EnginePort::error_of(const Reply& reply) {
    using Kind = Reply::Kind;
    using domain::EngineFailure;
    domain::Error error;
    error.type = domain::ErrorType::docker_api_error;
    error.message = reply.text;
    switch (reply.kind) {
        case Kind::ok: break;
        case Kind::away: error.engine = EngineFailure::away; break;
        case Kind::unanswered: error.engine = EngineFailure::unanswered; break;
        case Kind::error: error.engine = EngineFailure::retryable; break;
        case Kind::terminal: error.engine = EngineFailure::refused; break;
        case Kind::no_image: error.engine = EngineFailure::no_such_image; break;
        case Kind::gone: error.engine = EngineFailure::no_such_container; break;
        case Kind::same: error.engine = EngineFailure::not_running; break;
        case Kind::marked: error.engine = EngineFailure::in_progress; break;
        case Kind::name_taken:
            error.engine = EngineFailure::name_taken;
            error.type = domain::ErrorType::name_conflict;
            error.details["holder_id"] = reply.text;
            break;
    }
    return error;
}

void EnginePort::send(Call call, std::function<void(Reply)> resume) {
    const std::string name = to_string(call.op) + (call.docker_id.empty() ? "" : " " + call.docker_id);
    if (closed_ || point_("before call " + name)) {
        return;
    }
    const bool quiet = call.op == Op::ping || call.op == Op::list || call.op == Op::inspect ||
                       call.op == Op::ring || call.op == Op::connect || call.op == Op::logs;
    if (!quiet && world_.tracing()) {
        world_.trace("call " + name + " " + call.container_id + " " + call.name + call.image);
    }
    const std::uint64_t id = ++ids_;
    Waiting waiting;
    waiting.op = call.op;
    waiting.image = call.image;
    waiting.resume = std::move(resume);
    waiting_.emplace(id, std::move(waiting));
    engine_.call(std::move(call), [weak = weak_from_this(), id](Reply reply) {
        if (const auto port = weak.lock()) {
            port->answered(id, std::move(reply));
        }
    });
    point_("sent " + name);
}

void EnginePort::answered(std::uint64_t id, Reply reply) {
    const auto found = waiting_.find(id);
    if (closed_ || found == waiting_.end()) {
        if (reply.stream) {
            reply.stream->dead = true;
        }
        return;
    }
    const Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    if (!point_("answer " + to_string(waiting.op))) {
        waiting.resume(std::move(reply));
    } else if (reply.stream) {
        reply.stream->dead = true;
    }
}

asio::awaitable<Reply> EnginePort::ask(Call call) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(Reply)>(
        [this](auto handler, Call what) {
            auto kept = std::make_shared<std::decay_t<decltype(handler)>>(std::move(handler));
            send(std::move(what), [kept](Reply reply) {
                auto executor = asio::get_associated_executor(*kept);
                asio::post(executor, [kept, reply = std::move(reply)]() mutable {
                    auto resume = std::move(*kept);
                    std::move(resume)(std::move(reply));
                });
            });
        },
        asio::use_awaitable, std::move(call));
}

Awaitable<void> EnginePort::ask_void(Call call) {
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return domain::Result<void>{};
}

Call EnginePort::about(Op op, std::string docker_id) const {
    Call call;
    call.op = op;
    call.container_id = engine_.owner_of(docker_id);
    call.docker_id = std::move(docker_id);
    return call;
}

std::string EnginePort::settings(const Container& container) {
    domain::Settings fields;
    fields["HostConfig.Memory"] = container.memory;
    fields["HostConfig.MemorySwap"] = container.memory;
    fields["HostConfig.NanoCpus"] = container.cpus;
    for (const std::string& network : container.networks) {
        fields[domain::kNetworksPrefix + network] = domain::kConnected;
    }
    return domain::settings_text(fields);
}

domain::Observed EnginePort::observed(const Container& container, bool whole) const {
    domain::Observed seen;
    seen.docker_id = container.docker_id;
    seen.name = container.name;
    seen.container_id = container.container_id;
    seen.manager = instance_id_;
    seen.generation = container.generation;
    seen.spec_hash = container.hash;
    seen.running = container.running;
    seen.paused = container.paused;
    seen.removing = container.removing;
    seen.image_id = image_id(container.image, container.version);
    seen.health = container.running && container.sick ? "unhealthy" : "none";
    seen.networks.assign(container.networks.begin(), container.networks.end());
    if (whole) {
        seen.started_at = container.started_at;
        seen.finished_at = container.finished_at;
        seen.exit_code = container.code;
        seen.pid = container.running ? 1 : 0;
        seen.settings = settings(container);
    }
    return seen;
}

Awaitable<reconciler::EngineInfo> EnginePort::connect() {
    Call call;
    call.op = Op::connect;
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return reconciler::EngineInfo{};
}

Awaitable<void> EnginePort::ping() {
    Call call;
    call.op = Op::ping;
    return ask_void(std::move(call));
}

Awaitable<std::vector<domain::Observed>> EnginePort::list() {
    Call call;
    call.op = Op::list;
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    std::vector<domain::Observed> all;
    for (const Container& container : reply.containers) {
        all.push_back(observed(container, false));
    }
    co_return all;
}

Awaitable<domain::Observed> EnginePort::inspect(std::string docker_id) {
    Call call = about(Op::inspect, std::move(docker_id));
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return observed(reply.containers.front(), true);
}

Awaitable<std::string> EnginePort::create(reconciler::CreateCall made) {
    Call call;
    call.op = Op::create;
    call.container_id = made.container_id;
    call.name = made.engine_name;
    call.image = made.image_id.empty() ? made.spec.image : made.image_id;
    call.command = made.spec.command ? made.spec.command->front() : "";
    call.hash = domain::spec_hash(made.spec);
    call.generation = made.generation;
    call.memory = made.spec.resources.memory;
    call.has_code = !made.code_link.empty();
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return reply.text;
}

Awaitable<reconciler::StartAnswer> EnginePort::start(std::string docker_id) {
    Call call = about(Op::start, std::move(docker_id));
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind == Reply::Kind::same) {
        co_return reconciler::StartAnswer::already_running;
    }
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return reconciler::StartAnswer::started;
}

Awaitable<reconciler::StopAnswer> EnginePort::stop(reconciler::StopCall made) {
    Call call = about(Op::stop, std::move(made.docker_id));
    call.grace = made.grace;
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind == Reply::Kind::same) {
        co_return reconciler::StopAnswer::not_running;
    }
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return reconciler::StopAnswer::stopped;
}

Awaitable<void> EnginePort::kill(std::string docker_id, std::string) {
    return ask_void(about(Op::kill, std::move(docker_id)));
}

Awaitable<void> EnginePort::remove(std::string docker_id) {
    return ask_void(about(Op::remove, std::move(docker_id)));
}

Awaitable<void> EnginePort::remove_keeping_volumes(std::string docker_id) {
    return remove(std::move(docker_id));
}

Awaitable<void> EnginePort::connect_network(std::string docker_id, std::string network,
                                            std::string) {
    Call call = about(Op::join, std::move(docker_id));
    call.name = std::move(network);
    return ask_void(std::move(call));
}

Awaitable<void> EnginePort::disconnect_network(std::string docker_id, std::string network) {
    Call call = about(Op::leave, std::move(docker_id));
    call.name = std::move(network);
    return ask_void(std::move(call));
}

Awaitable<void> EnginePort::rename(std::string docker_id, std::string engine_name) {
    Call call = about(Op::rename, std::move(docker_id));
    call.name = std::move(engine_name);
    return ask_void(std::move(call));
}

Awaitable<void> EnginePort::update(std::string docker_id, domain::Resources resources) {
    Call call = about(Op::update, std::move(docker_id));
    call.memory = resources.memory;
    return ask_void(std::move(call));
}

Awaitable<void> EnginePort::unpause(std::string docker_id) {
    return ask_void(about(Op::unpause, std::move(docker_id)));
}

Awaitable<std::string> EnginePort::pull(reconciler::PullCall wanted,
                                        std::function<void(const domain::PullProgress&)>) {
    Call call;
    call.op = Op::pull;
    call.image = std::move(wanted.image);
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind == Reply::Kind::ok) {
        co_return reply.text;
    }
    domain::Error error = error_of(reply);
    if (reply.kind == Reply::Kind::terminal) {
        error.type = domain::ErrorType::image_not_found;
        error.engine = domain::EngineFailure::no_such_image;
    }
    co_return error;
}

void EnginePort::cancel_pull(const std::string& image) {
    std::vector<std::function<void(Reply)>> cancelled;
    for (auto entry = waiting_.begin(); entry != waiting_.end();) {
        if (entry->second.op == Op::pull && entry->second.image == image) {
            cancelled.push_back(std::move(entry->second.resume));
            entry = waiting_.erase(entry);
        } else {
            ++entry;
        }
    }
    for (const auto& resume : cancelled) {
        Reply reply;
        reply.kind = Reply::Kind::unanswered;
        reply.text = "cancelled";
        resume(std::move(reply));
    }
}

Awaitable<bool> EnginePort::ensure_network(std::string) { co_return true; }

Awaitable<std::vector<std::string>> EnginePort::own_networks() {
    co_return std::vector<std::string>{};
}

Awaitable<bool> EnginePort::remove_network(std::string) { co_return true; }

Awaitable<bool> EnginePort::remove_volume(std::string, bool) { co_return false; }

Awaitable<std::vector<std::string>> EnginePort::logs(reconciler::LogsCall of) {
    // Each exit has a line of its own, by which the oracles know whose lines a crash was told with.
    std::vector<std::string> lines;
    lines.push_back(domain::to_rfc3339(of.until));
    Call call = about(Op::logs, std::move(of.docker_id));
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return std::move(lines);
}

Awaitable<std::unique_ptr<reconciler::EventStream>> EnginePort::subscribe(reconciler::EventSink sink) {
    Call call;
    call.op = Op::subscribe;
    call.on_event = [weak = weak_from_this(), on_event = sink.on_event](const EngineEvent& event) {
        if (const auto port = weak.lock(); port && !port->closed_) {
            on_event(event);
        }
    };
    call.on_network = [weak = weak_from_this(),
                       on_network = sink.on_network](const domain::NetworkEvent& event) {
        if (const auto port = weak.lock(); port && !port->closed_) {
            on_network(event);
        }
    };
    call.on_end = [weak = weak_from_this(), on_end = sink.on_end] {
        const auto port = weak.lock();
        if (!port || port->closed_) {
            return;     // subscribed for a daemon that was dead by then
        }
        domain::Error error;
        error.message = "the stream ended";
        error.engine = domain::EngineFailure::away;
        on_end(error);
    };
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    std::unique_ptr<reconciler::EventStream> stream = std::make_unique<Stream>(reply.stream);
    co_return stream;
}

Awaitable<std::vector<EngineEvent>> EnginePort::ring() {
    Call call;
    call.op = Op::ring;
    const Reply reply = co_await ask(std::move(call));
    if (reply.kind != Reply::Kind::ok) {
        co_return error_of(reply);
    }
    co_return reply.ring;
}

Awaitable<domain::ResourceUsage> EnginePort::stats(std::string) {
    co_return domain::ResourceUsage{};
}

}  // namespace flow::sim
