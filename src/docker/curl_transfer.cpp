#include "docker/curl_transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace flow::docker {
namespace {

constexpr std::size_t kMaxHeaders = 64;

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
        text.remove_prefix(1);
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
        text.remove_suffix(1);
    }
    return text;
}

std::string in_seconds(std::chrono::milliseconds duration) {
    if (duration.count() % 1000 == 0) {
        return std::to_string(duration.count() / 1000) + " s";
    }
    return std::to_string(duration.count()) + " ms";
}

/// What helps a daemon that could not connect.
const char* advice_for(int os_error) {
    switch (os_error) {
    case EMFILE:
        return "; the engine is not to blame: raise this daemon's limit of open files (LimitNOFILE= of its systemd unit, "
               "or ulimit -n), or have fewer clients and containers";
    case ENFILE:
        return "; the engine is not to blame: the host's limit of open files (sysctl fs.file-max) is reached";
    default:
        return "; is it running, and may this user open its socket?";
    }
}

}  // namespace

Transfer::Transfer(HttpRequest request, const std::string& socket_path, HttpStreamSink sink,
                   bool streaming)
    : request_(std::move(request)),
      socket_path_(socket_path),
      sink_(std::move(sink)),
      streaming_(streaming),
      easy_(curl_easy_init()) {
    set_options(socket_path);
}

Transfer::~Transfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
}

void Transfer::set_options(const std::string& socket_path) {
    const std::string url = "http://docker" + request_.target;
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");      // http_proxy of the environment is not for us
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, 128L * 1024);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.deadline.count()));
    if (request_.idle_limit.count() > 0) {
        curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_TIME,
                         static_cast<long>(request_.idle_limit.count()));
    }
    set_method();
}

void Transfer::set_method() {
    headers_ = curl_slist_append(headers_, "Expect:");
    if (request_.method != "GET" || request_.fresh) {
        // libcurl silently repeats a request whose reused connection turned out dead. Nothing that
        // changes the engine may be sent twice, so it gets a connection of its own (50 us on a Unix
        // socket).
        curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
    }
    if (request_.method != "GET") {
        curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
    if (request_.method == "POST") {
        curl_easy_setopt(easy_, CURLOPT_POST, 1L);
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request_.body.size()));
        // With an empty body the engine wants no content type; libcurl would add that of a form.
        const std::string type =
            request_.body.empty() ? "Content-Type:" : "Content-Type: " + request_.content_type;
        headers_ = curl_slist_append(headers_, type.c_str());
    }
    if (!request_.registry_auth.empty()) {
        headers_ =
            curl_slist_append(headers_, ("X-Registry-Auth: " + request_.registry_auth).c_str());
    }
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t length = size * count;
    if (transfer.streaming_) {
        transfer.pending_.append(data, length);
        return length;
    }
    transfer.received_ += length;
    if (transfer.received_ > transfer.request_.max_body) {
        transfer.too_long_ = true;
        return 0;
    }
    transfer.response_.body.append(data, length);
    return length;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t length = size * count;
    const std::string_view line = trim({data, length});
    if (line.empty()) {
        long status = 0;
        curl_easy_getinfo(transfer.easy_, CURLINFO_RESPONSE_CODE, &status);
        transfer.response_.status = static_cast<int>(status);
        transfer.headers_complete_ = status >= 200;
    } else if (const auto colon = line.find(':');
               colon != std::string_view::npos && transfer.response_.headers.size() < kMaxHeaders) {
        transfer.response_.headers[lower(line.substr(0, colon))] = trim(line.substr(colon + 1));
    }
    return length;
}

/// As libcurl does it; but it does not tell why there is none ("Too many open files").
curl_socket_t Transfer::on_open(void* self, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(self);
    const int opened = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    transfer.open_error_ = opened < 0 ? errno : 0;
    return opened < 0 ? CURL_SOCKET_BAD : opened;
}

void Transfer::finish(CURLcode code) {
    if (finished_) {
        return;
    }
    finished_ = true;
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    if (code != CURLE_OK) {
        error_ = transport_error(code);
    }
}

void Transfer::finish(domain::Error error) {
    if (!finished_) {
        finished_ = true;
        error_ = std::move(error);
    }
}

domain::Error Transfer::transport_error(CURLcode code) const {
    // Only a request of which not one byte left has certainly had no effect.
    long sent = 0;
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &sent);
    domain::Error error;
    error.type = domain::ErrorType::docker_api_error;
    error.engine = sent == 0 ? domain::EngineFailure::away : domain::EngineFailure::unanswered;
    error.details["socket"] = socket_path_;
    const std::string engine = "the Docker Engine at unix://" + socket_path_;
    long os_error = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
    os_error = open_error_ != 0 ? open_error_ : os_error;
    const std::string why = os_error != 0           ? std::strerror(static_cast<int>(os_error))
                            : error_text_[0] != 0   ? error_text_.data()
                                                    : curl_easy_strerror(code);
    if (too_long_) {
        error.message = engine + " sent an answer of more than " +
                        std::to_string(request_.max_body) + " bytes; it was not read to its end";
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        double total = 0;
        curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME, &total);
        const bool idle = request_.idle_limit.count() > 0 &&
                          (request_.deadline.count() == 0 ||
                           total * 1000 + 50 < static_cast<double>(request_.deadline.count()));
        error.message = engine + (idle ? " sent nothing for " : " did not answer within ") +
                        in_seconds(idle ? std::chrono::milliseconds{request_.idle_limit}
                                        : request_.deadline);
    } else if (sent == 0) {
        error.message = "cannot connect to " + engine + ": " + why + advice_for(static_cast<int>(os_error));
    } else {
        error.message = "the connection to " + engine + " broke before its answer was complete: " +
                        why;
    }
    return error;
}

void Transfer::deliver() {
    if (!streaming_) {
        if (finished_ && !silent_ && !end_told_) {
            end_told_ = true;
            sink_.on_end(error_);
        }
        return;
    }
    if (headers_complete_ && !headers_told_ && !silent_) {
        headers_told_ = true;
        sink_.on_headers(response_);
    }
    if (!pending_.empty() && !silent_) {
        const std::string chunk = std::move(pending_);
        pending_.clear();
        sink_.on_chunk(chunk);
    }
    if (finished_ && !end_told_ && !silent_) {
        end_told_ = true;
        sink_.on_end(error_);
    }
}

}  // namespace flow::docker
