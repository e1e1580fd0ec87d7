// One libcurl easy handle with everything that libcurl points into: request, answer so far, error
// text. Duty: set the options, collect what arrives, turn libcurl's result into an Error. Delivers
// outside of libcurl only. Threading: the loop's thread. Ownership: shared by the driver (while
// libcurl knows it) and its HttpStream or coroutine.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <curl/curl.h>

#include "docker/http_client.hpp"

namespace flow::docker {

class Transfer {
public:
    /// With `streaming` the body goes to `sink` piece by piece, else it is kept for the answer.
    Transfer(HttpRequest request, const std::string& socket_path, HttpStreamSink sink,
             bool streaming);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

    CURL* easy() const { return easy_; }
    bool finished() const { return finished_; }
    HttpResponse take_response() { return std::move(response_); }
    const std::optional<domain::Error>& error() const { return error_; }

    void finish(CURLcode code);
    void finish(domain::Error error);
    /// Nobody is interested any more: no callback comes from now on.
    void silence() { silent_ = true; }
    bool silent() const { return silent_; }
    bool has_news() const {
        return !pending_.empty() || (streaming_ && headers_complete_ && !headers_told_);
    }
    /// Tells the sink what has come since the last time. It may drop this transfer meanwhile.
    void deliver();

private:
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
    void set_options(const std::string& socket_path);
    void set_method();
    domain::Error transport_error(CURLcode code) const;

    HttpRequest request_;
    std::string socket_path_;
    HttpStreamSink sink_;
    bool streaming_;
    CURL* easy_ = nullptr;
    curl_slist* headers_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> error_text_{};
    HttpResponse response_;
    std::string pending_;               // of a stream: arrived, not delivered
    std::optional<domain::Error> error_;
    std::size_t received_ = 0;
    int open_error_ = 0;                // errno, when there was no socket to connect with
    bool too_long_ = false;
    bool headers_complete_ = false;
    bool headers_told_ = false;
    bool finished_ = false;
    bool end_told_ = false;
    bool silent_ = false;
};

}  // namespace flow::docker
