#include "docker/event_feed.hpp"

#include <utility>

#include "docker/event_parse.hpp"

namespace flow::docker {
namespace {

constexpr std::size_t kMaxRefusal = 64u << 10;

domain::Error ended_error() {
    domain::Error error;
    error.type = domain::ErrorType::docker_api_error;
    error.engine = domain::EngineFailure::away;
    error.message = "the Docker Engine ended its event stream";
    return error;
}

}  // namespace

EventFeed::EventFeed(boost::asio::any_io_executor executor, reconciler::EventSink sink,
                     std::size_t max_line)
    : decided_(std::move(executor)), sink_(std::move(sink)), lines_(max_line) {}

void EventFeed::open(HttpClient& http, HttpRequest request, std::chrono::milliseconds deadline) {
    decided_.expires_after(deadline);
    HttpStreamSink sink;
    sink.on_headers = [weak = weak_from_this()](const HttpResponse& response) {
        if (const auto self = weak.lock()) {
            self->on_headers(response);
        }
    };
    sink.on_chunk = [weak = weak_from_this()](std::string_view bytes) {
        if (const auto self = weak.lock()) {
            self->on_chunk(bytes);
        }
    };
    sink.on_end = [weak = weak_from_this()](const std::optional<domain::Error>& error) {
        if (const auto self = weak.lock()) {
            self->on_end(error);
        }
    };
    stream_ = http.stream(std::move(request), std::move(sink));
}

void EventFeed::on_headers(const HttpResponse& response) {
    status_ = response.status;
    if (status_ == 200) {
        decided_.cancel();
    }
}

void EventFeed::on_chunk(std::string_view bytes) {
    if (released_) {
        tell(bytes);
        return;
    }
    const bool too_much = status_ != 200 && held_.size() + bytes.size() > kMaxRefusal;
    if (!too_much) {
        held_.append(bytes);
    }
}

void EventFeed::on_end(const std::optional<domain::Error>& error) {
    end_ = error ? error : ended_error();
    decided_.cancel();
    if (released_) {
        tell_end();
    }
}

void EventFeed::release() {
    if (released_ || closed_) {
        return;
    }
    released_ = true;
    tell(std::exchange(held_, {}));
    if (end_) {
        tell_end();
    }
}

void EventFeed::close() {
    closed_ = true;
    stream_.reset();
}

void EventFeed::tell(std::string_view bytes) {
    const auto self = shared_from_this();   // an event may close the subscription
    lines_.feed(bytes, [this](std::string_view line) {
        if (closed_) {
            return;
        }
        if (const auto event = parse_event(line)) {
            sink_.on_event(*event);
        } else if (const auto joined = parse_network_event(line); joined && sink_.on_network) {
            sink_.on_network(*joined);
        }
    });
}

void EventFeed::tell_end() {
    const auto self = shared_from_this();
    if (!closed_) {
        closed_ = true;
        sink_.on_end(*end_);
    }
}

}  // namespace flow::docker
