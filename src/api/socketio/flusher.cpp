#include "api/socketio/flusher.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace flow::socketio {
namespace {

/// Nobody waits longer for company than this.
constexpr std::size_t kMostTimes = 32;
/// A message that has been read together with the last one takes a turn until it is seen.
constexpr std::size_t kQuietTimes = 2;

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
    schedule(std::move(round));
}

void Flusher::schedule(std::shared_ptr<Round> round) {
    round->seen = received_;
    boost::asio::post(executor_, [self = shared_from_this(), round = std::move(round)]() mutable {
        self->run(std::move(round));
    });
}

void Flusher::run(std::shared_ptr<Round> round) {
    round->quiet = received_ == round->seen ? round->quiet + 1 : 0;
    if (round->quiet < kQuietTimes && ++round->put_off < kMostTimes) {
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
