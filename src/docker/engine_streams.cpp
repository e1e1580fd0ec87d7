// EngineClient: the event subscription and the engine's ring of past events.
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "docker/engine_client.hpp"
#include "docker/event_feed.hpp"
#include "docker/event_parse.hpp"
#include "docker/line_splitter.hpp"
#include "docker/url_text.hpp"

namespace flow::docker {

namespace asio = boost::asio;

using domain::EngineEvent;
using domain::Error;
using domain::Result;

namespace {

class Subscription : public reconciler::EventStream {
public:
    explicit Subscription(std::vector<std::shared_ptr<EventFeed>> feeds)
        : feeds_(std::move(feeds)) {}
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription() override {
        for (const auto& feed : feeds_) {
            feed->close();
        }
    }

private:
    std::vector<std::shared_ptr<EventFeed>> feeds_;
};

/// Of several streams the first end is the end of all.
reconciler::EventSink ending_once(reconciler::EventSink sink) {
    sink.on_end = [ended = std::make_shared<bool>(false),
                   on_end = std::move(sink.on_end)](const Error& error) {
        if (!std::exchange(*ended, true) && on_end) {
            on_end(error);
        }
    };
    return sink;
}

/// Network events have no labels, so they need a stream of their own; and not one by network, since
/// somebody may join a container of ours to any.
std::string network_query() {
    EngineJson filters;
    filters["type"].push_back("network");
    filters["event"].push_back("connect");
    filters["event"].push_back("disconnect");
    return filters_query(filters);
}

Error not_opened(const EventFeed& feed, const EngineCall& what) {
    if (feed.status() >= 400) {
        return engine_error(what, feed.status(), feed.refusal());
    }
    Error error;
    if (feed.broken()) {
        error = *feed.broken();
    } else {
        error.type = domain::ErrorType::docker_api_error;
        error.message = "no answer in time";
    }
    error.engine = domain::EngineFailure::away;   // listening changes nothing at the engine
    return with_call(what, std::move(error));
}

}  // namespace

std::string EngineClient::event_query() const {
    EngineJson filters;
    filters["type"].push_back("container");
    filters["label"].push_back(std::string{domain::kLabelManager} + "=" + config_.manager);
    for (const char* action : {"create", "start", "die", "oom", "kill", "stop", "destroy", "rename",
                               "update", "pause", "unpause", "health_status"}) {
        filters["event"].push_back(action);
    }
    return filters_query(filters);
}

reconciler::Awaitable<std::unique_ptr<reconciler::EventStream>> EngineClient::subscribe(
    reconciler::EventSink sink_in) {
    const EngineCall what{"listen to", "the engine's events", ""};
    const domain::Time now = std::chrono::system_clock::now();
    const reconciler::EventSink sink = ending_once(std::move(sink_in));
    std::vector<std::string> queries;
    queries.push_back(event_query());
    queries.push_back(network_query());
    std::vector<std::shared_ptr<EventFeed>> feeds;
    for (const std::string& query : queries) {
        HttpRequest request =
            make_request("GET", "/events?since=" + domain::to_engine_time(now) + "&" + query,
                         std::chrono::milliseconds{0});
        auto feed = std::make_shared<EventFeed>(executor_, sink, config_.max_event);
        feed->open(http_, std::move(request), config_.deadlines.subscribe);
        feeds.push_back(std::move(feed));
    }
    std::unique_ptr<reconciler::EventStream> subscription = std::make_unique<Subscription>(feeds);
    for (const auto& feed : feeds) {
        if (!feed->is_open() && !feed->broken()) {  // else while another one was waited for
            auto decided = feed->decided().async_wait(asio::as_tuple(asio::use_awaitable));
            co_await std::move(decided);
        }
        if (!feed->is_open()) {
            co_return not_opened(*feed, what);
        }
    }
    asio::post(executor_, [feeds] {
        for (const auto& feed : feeds) {
            feed->release();
        }
    });
    co_return std::move(subscription);
}

reconciler::Awaitable<std::vector<EngineEvent>> EngineClient::ring() {
    const domain::Time now = std::chrono::system_clock::now();
    EngineCall what{"read", "the engine's past events", ""};
    // Since the first second of all: the engine then gives all that it still has, and `until` ends
    // the answer.
    auto asked = call(std::move(what),
                      make_request("GET", "/events?since=1&until=" + domain::to_engine_time(now) +
                                              "&" + event_query(),
                                   config_.deadlines.inspect));
    Result<HttpResponse> answer = co_await std::move(asked);
    if (answer.has_error()) {
        co_return std::move(answer.error());
    }
    std::vector<EngineEvent> events;
    const auto take = [&events](std::string_view line) {
        if (auto event = parse_event(line)) {
            events.push_back(std::move(*event));
        }
    };
    LineSplitter lines{config_.max_event};
    lines.feed(answer->body, take);
    lines.finish(take);
    co_return std::move(events);
}

}  // namespace flow::docker
