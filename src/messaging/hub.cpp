#include "messaging/hub.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace flow::messaging {

using domain::Result;

Hub::Hub(boost::asio::any_io_executor executor, HubConfig config, Hooks hooks)
    : executor_(executor),
      config_(config),
      hooks_(std::move(hooks)),
      look_(executor),
      expiry_(executor) {
    look_at_files();
}

Hub::Place* Hub::find(const std::string& id) {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &found->second;
}

Channel::Hooks Hub::hooks_for(const std::string& id) {
    Channel::Hooks hooks;
    hooks.connection = [this, id](bool connected) { connection(id, connected); };
    hooks.received = [this, id](Frame frame) { received(id, std::move(frame)); };
    hooks.written = [this, id](std::uint64_t ticket) { written(id, ticket); };
    hooks.trouble = [this, id](const std::string& what) { hooks_.trouble(id, what); };
    return hooks;
}

Result<void> Hub::open(const std::string& id, const std::string& path,
                       const domain::Messaging& settings) {
    Place* place = find(id);
    const bool same = place != nullptr && place->path == path && place->channel->is_bound() &&
                      place->settings.framing == settings.framing &&
                      place->settings.max_message == settings.max_message;
    if (same) {
        place->settings = settings;
        return {};
    }
    if (place == nullptr) {
        place = &places_.try_emplace(id, Place{path, settings, nullptr, Outbox{config_.waiting}, {}, false})
                     .first->second;
    } else if (place->channel) {
        place->channel->close();
        place->box.connection_lost();
    }
    place->path = path;
    place->settings = settings;
    ChannelConfig config;
    config.path = path;
    config.framing = settings.framing;
    config.max_message = static_cast<std::size_t>(settings.max_message);
    config.silence = config_.silence;
    place->channel = std::make_shared<Channel>(executor_, std::move(config), hooks_for(id));
    return place->channel->listen();
}

std::vector<Outgoing> Hub::close(const std::string& id) {
    const auto found = places_.find(id);
    if (found == places_.end()) {
        return {};
    }
    found->second.channel->close();
    found->second.box.connection_lost();
    std::vector<Outgoing> left = found->second.box.expired(domain::Time::max());
    places_.erase(found);
    return left;
}

void Hub::close_all() {
    look_.cancel();
    expiry_.cancel();
    for (auto& [id, place] : places_) {
        place.channel->close();
    }
    places_.clear();
}

bool Hub::connected(const std::string& id) const {
    const auto found = places_.find(id);
    return found != places_.end() && found->second.channel->connected();
}

domain::Time Hub::last_communication(const std::string& id) const {
    const auto found = places_.find(id);
    return found == places_.end() ? domain::Time{} : found->second.last;
}

bool Hub::has(const std::string& id, const std::string& message_id) const {
    const auto found = places_.find(id);
    return found != places_.end() && found->second.box.has(message_id);
}

bool Hub::send(const std::string& id, Outgoing message) {
    Place* place = find(id);
    if (place == nullptr || !place->box.add(std::move(message))) {
        return false;
    }
    flush(id);
    wait_for_expiry();
    return true;
}

void Hub::flush(const std::string& id) {
    Place* place = find(id);
    const Outgoing* next = place == nullptr ? nullptr : place->box.next();
    while (next != nullptr) {
        // Before the call: it may tell at once that the message has left.
        place->box.handed_over();
        if (!place->channel->write(next->ticket, next->text)) {
            place->box.take_back();
            return;
        }
        place = find(id);
        next = place == nullptr ? nullptr : place->box.next();
    }
}

void Hub::written(const std::string& id, std::uint64_t ticket) {
    Place* place = find(id);
    if (place == nullptr) {
        return;
    }
    place->last = hooks_.now();
    std::vector<Outgoing> gone = place->box.written(ticket);
    for (Outgoing& message : gone) {
        hooks_.delivered(id, std::move(message));
    }
    boost::asio::post(executor_, [this, id] { flush(id); });
}

void Hub::connection(const std::string& id, bool connected) {
    Place* place = find(id);
    if (place == nullptr) {
        return;
    }
    place->last = hooks_.now();
    if (!connected) {
        place->box.connection_lost();
    }
    hooks_.connection(id, connected);
    if (connected) {
        flush(id);
    }
}

void Hub::received(const std::string& id, Frame frame) {
    if (Place* place = find(id)) {
        place->last = hooks_.now();
    }
    if (!frame.problem.empty()) {
        return hooks_.malformed(id, frame);
    }
    std::optional<domain::Json> message = hooks_.parse(frame.text);
    if (!message || !message->is_object()) {
        const std::string problem = message ? "is not a JSON object" : "is not JSON in UTF-8, or nested too deeply";
        return hooks_.malformed(id, Frame{excerpt_of(frame.text), problem});
    }
    hooks_.received(id, std::move(*message));
}

/// A socket that somebody removed by hand is made again: the folder stays what containers have mounted.
void Hub::look_at_files() {
    for (auto& [id, place] : places_) {
        if (place.channel->is_bound()) {
            place.lost_told = false;
            continue;
        }
        const auto again = place.channel->listen();
        if (!std::exchange(place.lost_told, true)) {
            hooks_.trouble(id, again ? "its socket " + place.path + " was gone and is made again"
                                     : again.error().message);
        }
    }
    look_.expires_after(config_.look_interval);
    look_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) {
            look_at_files();
        }
    });
}

/// One timer, for the message that waits the shortest.
void Hub::wait_for_expiry() {
    std::optional<domain::Time> first;
    for (const auto& [id, place] : places_) {
        const auto next = place.box.next_expiry();
        first = next && (!first || *next < *first) ? next : first;
    }
    if (!first || (expiry_at_ && *expiry_at_ <= *first)) {
        return;
    }
    expiry_at_ = first;
    const auto delay = std::max(*first - hooks_.now(), domain::Duration{0});
    expiry_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(delay));
    expiry_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) {
            expire();
        }
    });
}

void Hub::expire() {
    expiry_at_.reset();
    const domain::Time now = hooks_.now();
    std::vector<std::pair<std::string, Outgoing>> gone;
    for (auto& [id, place] : places_) {
        for (Outgoing& message : place.box.expired(now)) {
            gone.emplace_back(id, std::move(message));
        }
    }
    for (auto& [id, message] : gone) {
        hooks_.expired(id, std::move(message));
    }
    wait_for_expiry();
}

}  // namespace flow::messaging
