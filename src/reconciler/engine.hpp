// The port to the Docker Engine, owned by the loop: one call is one Engine API request. src/docker has the real one,
// the tests a fake. All methods run on the io_context's thread; each has a deadline of its own and never throws.
// An Error's `engine` field says what a failure means (domain/error.hpp); `message` quotes the engine.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"
#include "domain/observed.hpp"
#include "domain/spec.hpp"
#include "domain/time.hpp"

namespace flow::reconciler {

template <class T>
using Awaitable = boost::asio::awaitable<domain::Result<T>>;

/// What create needs beyond the spec. The adapter adds what the engine wants of it (Mounts API, restart policy `no`).
struct CreateCall {
    std::string engine_name;                        ///< with the prefix; may end in .next
    domain::Spec spec;
    std::string image_id;                           ///< made of this one, whatever spec.image stands for; "": of that
    std::string container_id;
    std::uint64_t generation = 0;
    std::string socket_folder;                      ///< host folder, mounted read-only at /var/run/flow
    std::vector<domain::ObservedMount> carried;     ///< anonymous volumes of the old one, mounted by name
    std::string code_link;                          ///< host path, mounted read-only at spec.code.target; "": no code
    std::string workspace;                          ///< volume that is made with it, of spec.workspace's size; "": none
};

enum class StartAnswer { started, already_running };
enum class StopAnswer { stopped, not_running };

struct EngineInfo {
    std::string version;
    std::string api_version;      ///< negotiated
    std::string root_dir;         ///< the engine's data root, for the policy
    int cgroup_version = 1;
    std::string cgroup_driver;
};

/// An open event subscription. Destroying it ends the stream; no callback comes afterwards.
class EventStream {
public:
    virtual ~EventStream() = default;
};

struct EventSink {
    std::function<void(const domain::EngineEvent&)> on_event;
    std::function<void(const domain::Error&)> on_end;   ///< once, when the stream breaks
    std::function<void(const domain::NetworkEvent&)> on_network;    ///< of any container on the host
};

struct StopCall {
    std::string docker_id;
    std::string container_id;
    domain::Duration grace;        ///< full seconds are sent, rounded up
    std::string signal;            ///< "": the container's own
};

struct LogsCall {
    std::string docker_id;
    int tail = 20;                 ///< last lines of what lies between since and until
    domain::Time since;            ///< Time{}: from the beginning
    domain::Time until;            ///< Time{}: to the end
};

struct PullCall {
    std::string image;             ///< with a tag or a digest
    std::string registry_auth;     ///< a name of the configuration's registries; "": none
};

class Engine {
public:
    virtual ~Engine() = default;

    /// Negotiates the API version on a new connection and answers what the engine is. Deadline 5 s.
    virtual Awaitable<EngineInfo> connect() = 0;
    virtual Awaitable<void> ping() = 0;

    /// All containers with our label flow.manager, running or not. Deadline 60 s.
    virtual Awaitable<std::vector<domain::Observed>> list() = 0;
    virtual Awaitable<domain::Observed> inspect(std::string docker_id) = 0;

    /// Answers the new docker id. `no_such_image` when the image is not here.
    virtual Awaitable<std::string> create(CreateCall call) = 0;
    virtual Awaitable<StartAnswer> start(std::string docker_id) = 0;
    /// Answers when the process is gone: up to grace + 2 min.
    virtual Awaitable<StopAnswer> stop(StopCall call) = 0;
    virtual Awaitable<void> kill(std::string docker_id, std::string signal) = 0;
    /// With force, and with the anonymous volumes that it still owns. A missing one is `no_such_container`.
    virtual Awaitable<void> remove(std::string docker_id) = 0;
    /// The same, but its anonymous volumes stay: for one that is made anew with them.
    virtual Awaitable<void> remove_keeping_volumes(std::string docker_id) = 0;
    virtual Awaitable<void> rename(std::string docker_id, std::string engine_name) = 0;
    /// In place: the limits of ChangeKind::in_place, memory and swap together, and no restart policy of the engine's.
    virtual Awaitable<void> update(std::string docker_id, domain::Resources resources) = 0;
    virtual Awaitable<void> unpause(std::string docker_id) = 0;
    /// `no_such_network` when there is none of that name. The alias is set on networks of users only.
    virtual Awaitable<void> connect_network(std::string docker_id, std::string network,
                                            std::string alias) = 0;
    virtual Awaitable<void> disconnect_network(std::string docker_id, std::string network) = 0;

    /// Ends when the image is here or has failed; `progress` at most twice a second. Cancelled by Engine::cancel_pull.
    /// Answers the id of the image that has that name then; "" when somebody removed it meanwhile.
    virtual Awaitable<std::string> pull(PullCall call,
                                        std::function<void(const domain::PullProgress&)> progress) = 0;
    virtual void cancel_pull(const std::string& image) = 0;

    /// Makes the network (bridge, our label) when no network has that name. True: it was made by this call.
    virtual Awaitable<bool> ensure_network(std::string name) = 0;
    /// Removes the network if it has our label and nobody uses it; answers whether it did.
    virtual Awaitable<bool> remove_network(std::string name) = 0;
    /// Names of the networks with our label.
    virtual Awaitable<std::vector<std::string>> own_networks() = 0;
    /// A named volume with our label is removed; answers whether it was (false: not ours, not there).
    virtual Awaitable<bool> remove_volume(std::string name, bool anonymous) = 0;

    /// The last lines of stdout and stderr, oldest first, without control frames.
    virtual Awaitable<std::vector<std::string>> logs(LogsCall call) = 0;

    /// Container events by our label, and all joining and leaving of networks, from now on. Ready (subscribed) when it answers.
    virtual Awaitable<std::unique_ptr<EventStream>> subscribe(EventSink sink) = 0;
    /// The engine's ring of past container events of ours, oldest first, to its end.
    virtual Awaitable<std::vector<domain::EngineEvent>> ring() = 0;

    /// One-shot stats; blocks for up to a second, on a connection of its own.
    virtual Awaitable<domain::ResourceUsage> stats(std::string docker_id) = 0;
};

}  // namespace flow::reconciler
