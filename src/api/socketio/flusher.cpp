#include "api/socketio/flusher.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace flow::socketio {
namespace {

/// Nobody waits longer for company than this.
constexpr std::size_t kMostTimes = 32;

}  // namespace

void Flusher::add(std::shared_ptr<Flushable> writer) {
    if (std::exchange(writer->listed_, true)) {
        return;
    }
    auto round = round_.lock();
    if (round) {
        round->writers.push_back(std::move(writer));
        return;
    }
    round = std::make_shared<Round>();
    round->writers.push_back(std::move(writer));
    round_ = round;
    round->seen = received_ - 1;    // put off once in any case: what was read with this message is behind it in the queue
    schedule(std::move(round));
}

void Flusher::schedule(std::shared_ptr<Round> round) {
    boost::asio::post(executor_, [self = shared_from_this(), round = std::move(round)]() mutable {
        self->run(std::move(round));
    });
}

void Flusher::run(std::shared_ptr<Round> round) {
    if (received_ != round->seen && ++round->put_off < kMostTimes) {
        round->seen = received_;
        schedule(std::move(round));
        return;
    }
    round_.reset();
    for (const auto& writer : round->writers) {
        writer->listed_ = false;
        writer->flush();
    }
}

}  // namespace flow::socketio
