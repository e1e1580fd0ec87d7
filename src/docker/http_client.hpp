// HTTP/1.1 to the Docker Engine's Unix socket: libcurl's multi interface driven by the Asio loop.
// Duty: one request, one answer (or one stream); limits and deadlines; telling "no effect" from
// "effect unknown". Threading: everything runs on the executor's one thread; no callback runs
// inside a libcurl callback. Ownership: the client owns the connections; a request belongs to the
// awaiting coroutine (destroying its frame drops the transfer), a stream to its HttpStream. The
// client must not outlive the io_context.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "domain/error.hpp"

namespace flow::docker {

class CurlDriver;
class Transfer;

struct HttpRequest {
    std::string method = "GET";
    std::string target;                          ///< path and query, already encoded
    std::string body;                            ///< sent as JSON when not empty
    std::string content_type = "application/json";
    std::string registry_auth;                   ///< X-Registry-Auth; never logged
    std::chrono::milliseconds deadline{0};       ///< until the answer is complete; 0: none
    std::chrono::seconds idle_limit{0};          ///< no byte for so long ends it; 0: none
    std::size_t max_body = 64u << 20;            ///< bytes; a longer answer is an error
    bool fresh = false;                          ///< on a connection of its own, as all that is not GET
};

struct HttpResponse {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// What a stream tells. Nothing is called after the HttpStream is destroyed, which any of them may
/// do.
struct HttpStreamSink {
    std::function<void(const HttpResponse&)> on_headers;            ///< once; the body is empty
    std::function<void(std::string_view)> on_chunk;
    std::function<void(const std::optional<domain::Error>&)> on_end;  ///< once; nothing: complete
};

/// A stream in hand. Destroying it closes the connection.
class HttpStream {
public:
    HttpStream(std::shared_ptr<CurlDriver> driver, std::shared_ptr<Transfer> transfer);
    HttpStream(const HttpStream&) = delete;
    HttpStream& operator=(const HttpStream&) = delete;
    ~HttpStream();

private:
    std::shared_ptr<CurlDriver> driver_;
    std::shared_ptr<Transfer> transfer_;
};

class HttpClient {
public:
    HttpClient(boost::asio::any_io_executor executor, std::string socket_path);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    /// As hang_up().
    ~HttpClient();

    /// Any HTTP status is an answer. Errors: `away` (nothing was sent), `unanswered` (sent; the
    /// effect is unknown).
    boost::asio::awaitable<domain::Result<HttpResponse>> request(HttpRequest request);

    /// The first callback comes after this has returned. `deadline` counts for the whole stream.
    std::unique_ptr<HttpStream> stream(HttpRequest request, HttpStreamSink sink);

    /// Requests and streams in flight end with an error, new ones are refused.
    void hang_up();

    const std::string& socket_path() const { return socket_path_; }

private:
    std::string socket_path_;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<CurlDriver> driver_;
};

}  // namespace flow::docker
