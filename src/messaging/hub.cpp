#include "messaging/hub.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace flow::messaging {

using domain::Result;

Hub::Hub(boost::asio::any_io_executor executor, HubConfig config, HubOwner& owner)
    : executor_(executor),
      config_(std::move(config)),
      owner_(owner),
      listeners_(executor),
      look_(executor),
      expiry_(executor) {
    look_at_files();
}

Hub::Place* Hub::find(const std::string& id) {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &found->second;
}

const Hub::Place* Hub::find(const std::string& id) const {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &found->second;
}

Result<void> Hub::open(const std::string& id, const std::string& path,
                       const domain::Messaging& settings) {
    Place& place = places_[id];
    const bool same = place.channel && place.channel->path() == path && place.settings.framing == settings.framing &&
                      place.settings.max_message == settings.max_message;
    place.settings = settings;
    if (same) {
        return {};
    }
    if (place.channel) {
        place.channel->close();
    }
    if (place.box) {
        place.box->connection_lost();
    }
    ChannelConfig config;
    config.id = id;
    config.path = path;
    config.framing = settings.framing;
    config.max_message = static_cast<std::size_t>(settings.max_message);
    config.silence = config_.silence;
    ChannelOwner& self = *this;
    place.channel = std::make_shared<Channel>(listeners_, std::move(config), self);
    return place.channel->listen();
}

void Hub::hold(const std::string& id, bool holds) {
    Place* place = find(id);
    if (place != nullptr && std::exchange(place->held, holds) && !holds) {
        flush(id);
    }
}

void Hub::pause(const std::string& id, bool paused) {
    if (Place* place = find(id)) {
        place->channel->pause(paused);
    }
}

bool Hub::has_unread(const std::string& id) const {
    const Place* place = find(id);
    return place != nullptr && place->channel->has_unread();
}

std::vector<Outgoing> Hub::close(const std::string& id) {
    const auto found = places_.find(id);
    if (found == places_.end()) {
        return {};
    }
    Place place = std::move(found->second);
    places_.erase(found);
    waiting_.erase(id);
    place.channel->close();
    std::vector<Outgoing> left;
    if (place.box) {
        place.box->connection_lost();
        left = place.box->expired(kEndOfTime);
    }
    return left;
}

void Hub::close_all() {
    look_.cancel();
    expiry_.cancel();
    for (auto& [id, place] : places_) {
        place.channel->close();
    }
    places_.clear();
    waiting_.clear();
}

bool Hub::connected(const std::string& id) const {
    const Place* place = find(id);
    return place != nullptr && place->channel->connected();
}

bool Hub::has_been_connected(const std::string& id) const {
    const Place* place = find(id);
    return place != nullptr && place->was_connected;
}

domain::Time Hub::last_communication(const std::string& id) const {
    const Place* place = find(id);
    return place == nullptr ? domain::Time{} : place->last;
}

bool Hub::has(const std::string& id, const std::string& message_id) const {
    const Place* place = find(id);
    return place != nullptr && place->box && place->box->has(message_id);
}

bool Hub::has_room(const std::string& id, std::size_t bytes) const {
    const Place* place = find(id);
    return place != nullptr && (!place->box || place->box->has_room(bytes));
}

bool Hub::send(const std::string& id, Outgoing message) {
    Place* place = find(id);
    if (place == nullptr) {
        return false;
    }
    if (!place->box) {
        place->box = std::make_unique<Outbox>(config_.waiting);
    }
    if (!place->box->add(std::move(message))) {
        return false;
    }
    waiting_.insert(id);
    flush(id);
    wait_for_expiry();
    return true;
}

/// As much as the connection takes.
void Hub::flush(const std::string& id) {
    Place* place = find(id);
    while (place != nullptr && !place->held && place->box && place->box->next() != nullptr) {
        const std::shared_ptr<Channel> channel = place->channel;    // what it tells may close the place
        const Outgoing& next = *place->box->next();
        // Before the call: it may tell at once that the message has left, or that the connection is gone.
        place->box->handed_over();
        if (!channel->write(next.ticket, next.text)) {
            place->box->take_back();
            return;
        }
        place = find(id);
    }
}

void Hub::on_written(const std::string& id, std::uint64_t ticket) {
    Place* place = find(id);
    if (place == nullptr || !place->box) {
        return;
    }
    place->last = config_.now().wall;
    std::vector<Outgoing> gone = place->box->written(ticket);
    const bool more = place->box->next() != nullptr;
    if (place->box->empty()) {
        place->box.reset();
        waiting_.erase(id);
    }
    for (Outgoing& message : gone) {
        owner_.on_sent(id, std::move(message));
    }
    if (more) {
        boost::asio::post(executor_, [this, id] { flush(id); });
    }
}

void Hub::on_connection(const std::string& id, bool connected) {
    Place* place = find(id);
    if (place == nullptr) {
        return;
    }
    place->last = config_.now().wall;
    place->was_connected = true;
    if (connected) {
        flush(id);
    } else if (place->box) {
        place->box->connection_lost();
    }
}

void Hub::on_frame(const std::string& id, Frame frame) {
    if (Place* place = find(id)) {
        place->last = config_.now().wall;
    }
    if (!frame.problem.empty()) {
        return owner_.on_malformed(id, frame);
    }
    std::optional<domain::Json> message = config_.parse(frame.text);
    if (!message || !message->is_object()) {
        const char* problem = message ? "is not a JSON object" : "is not JSON in UTF-8, or nested too deeply";
        return owner_.on_malformed(id, Frame{excerpt_of(frame.text), problem});
    }
    try {
        owner_.on_message(id, std::move(*message));
    } catch (const std::exception& bug) {
        spdlog::error("a message of a container failed by a bug container_id={} error=\"{}\"", id, bug.what());
    }
}

void Hub::on_trouble(const std::string& id, const std::string& what) { owner_.on_socket_trouble(id, what); }

/// A socket that somebody removed by hand is made again: the folder stays what containers have mounted.
void Hub::look_at_files() {
    listeners_.retry();
    auto at = places_.upper_bound(looked_at_);
    const std::size_t most = std::min(config_.looks_at_once, places_.size());
    std::vector<std::string> due;
    for (std::size_t looked = 0; looked < most; ++looked) {
        at = at == places_.end() ? places_.begin() : at;
        due.push_back(at->first);
        ++at;
    }
    for (const std::string& id : due) {
        looked_at_ = id;
        if (Place* place = find(id)) {
            look_at(id, *place);
        }
    }
    look_.expires_after(config_.look_interval);
    look_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) {
            look_at_files();
        }
    });
}

void Hub::look_at(const std::string& id, Place& place) {
    if (place.channel->is_bound()) {
        place.lost_told = false;
        return;
    }
    const auto again = place.channel->listen();
    if (!std::exchange(place.lost_told, true)) {
        owner_.on_socket_trouble(id, again ? "its socket " + place.channel->path() + " was gone, and is made again"
                                           : again.error().message);
    }
}

void Hub::wait_for_expiry() {
    if (waiting_.empty() || std::exchange(expiry_waits_, true)) {
        return;
    }
    expiry_.expires_after(config_.expiry_interval);
    expiry_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) {
            expiry_waits_ = false;
            expire();
            wait_for_expiry();
        }
    });
}

void Hub::expire() {
    const Instant now = config_.now();
    std::vector<std::pair<std::string, Outgoing>> gone;
    for (auto id = waiting_.begin(); id != waiting_.end();) {
        Place& place = places_.at(*id);
        for (Outgoing& message : place.box->expired(now)) {
            gone.emplace_back(*id, std::move(message));
        }
        if (place.box->empty()) {
            place.box.reset();
            id = waiting_.erase(id);
        } else {
            ++id;
        }
    }
    for (auto& [id, message] : gone) {
        owner_.on_expired(id, std::move(message));
    }
}

}  // namespace flow::messaging
