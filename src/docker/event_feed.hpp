// One open /events stream: lines to events, held back until the subscriber has its answer. Ends
// once. Threading: the loop's thread. Ownership: shared by the subscription and the coroutine that
// opens it; it owns its HTTP stream, whose callbacks know it weakly.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "docker/http_client.hpp"
#include "docker/line_splitter.hpp"
#include "reconciler/engine.hpp"

namespace flow::docker {

class EventFeed : public std::enable_shared_from_this<EventFeed> {
public:
    EventFeed(boost::asio::any_io_executor executor, reconciler::EventSink sink,
              std::size_t max_line);

    void open(HttpClient& http, HttpRequest request, std::chrono::milliseconds deadline);
    /// Expires when opening took too long, cancelled when it has been decided.
    boost::asio::steady_timer& decided() { return decided_; }
    bool is_open() const { return status_ == 200; }
    /// Why it did not open: an answer of 400 or more (its status and body), or the transport's
    /// error, or neither.
    int status() const { return status_; }
    const std::string& refusal() const { return held_; }
    const std::optional<domain::Error>& broken() const { return end_; }

    /// From now on events are told; first those that came meanwhile.
    void release();
    /// Nothing is told any more.
    void close();

private:
    void on_headers(const HttpResponse& response);
    void on_chunk(std::string_view bytes);
    void on_end(const std::optional<domain::Error>& error);
    void tell(std::string_view bytes);
    void tell_end();

    boost::asio::steady_timer decided_;
    reconciler::EventSink sink_;
    LineSplitter lines_;
    std::unique_ptr<HttpStream> stream_;
    int status_ = 0;
    std::string held_;
    std::optional<domain::Error> end_;
    bool released_ = false;
    bool closed_ = false;
};

}  // namespace flow::docker
