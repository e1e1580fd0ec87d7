#include "api/socketio/flusher.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace flow::socketio {
namespace {

/// Nobody waits longer for company than this.
constexpr std::size_t kMostRounds = 32;

}  // namespace

void Flusher::add(const std::shared_ptr<Flushable>& writer) {
    if (std::exchange(writer->listed_, true)) {
        return;
    }
    writers_.push_back(writer);
    if (!std::exchange(scheduled_, true)) {
        rounds_ = 0;
        schedule();
    }
}

void Flusher::schedule() {
    seen_ = received_;
    boost::asio::post(executor_, [self = shared_from_this()] { self->run(); });
}

void Flusher::run() {
    if (received_ != seen_ && ++rounds_ < kMostRounds) {
        schedule();
        return;
    }
    scheduled_ = false;
    auto writers = std::exchange(writers_, {});
    for (const auto& each : writers) {
        if (const auto writer = each.lock()) {
            writer->listed_ = false;
            writer->flush();
        }
    }
}

}  // namespace flow::socketio
