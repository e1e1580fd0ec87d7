#include "docker/curl_driver.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace flow::docker {

namespace asio = boost::asio;

namespace {

/// Idle connections kept for reads; more are closed.
constexpr long kIdleConnections = 8;

domain::Error closing_error() {
    domain::Error error;
    error.type = domain::ErrorType::system_error;
    error.engine = domain::EngineFailure::unanswered;
    error.message = "the connection to the Docker Engine was closed because the service stops";
    return error;
}

}  // namespace

/// One socket of libcurl's and which readiness it asks for.
struct CurlDriver::Watch {
    Watch(const asio::any_io_executor& executor, curl_socket_t socket_fd)
        : descriptor(executor), socket(socket_fd) {}

    asio::posix::stream_descriptor descriptor;
    curl_socket_t socket;
    int wanted = 0;     // CURL_POLL_IN | CURL_POLL_OUT
    int waiting = 0;    // of these, which have a wait pending
};

CurlDriver::CurlDriver(asio::any_io_executor executor)
    : executor_(executor), timer_(executor) {
    curl_global_init(CURL_GLOBAL_DEFAULT);   // counted; given back in the destructor
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlDriver::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlDriver::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, 0L);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
}

CurlDriver::~CurlDriver() {
    close();
    curl_global_cleanup();
}

void CurlDriver::close() {
    if (multi_ == nullptr) {
        return;
    }
    const auto open = std::exchange(transfers_, {});
    for (const auto& [easy, transfer] : open) {
        curl_multi_remove_handle(multi_, easy);
        transfer->finish(closing_error());
    }
    curl_multi_cleanup(std::exchange(multi_, nullptr));
    for (const auto& [socket, watch] : std::exchange(watches_, {})) {
        watch->wanted = 0;
        watch->descriptor.release();
    }
    timer_.cancel();
    for (const auto& [easy, transfer] : open) {
        transfer->deliver();
    }
}

void CurlDriver::add(std::shared_ptr<Transfer> transfer) {
    if (multi_ == nullptr) {
        transfer->finish(closing_error());
        asio::post(executor_, [transfer] { transfer->deliver(); });
        return;
    }
    CURL* easy = transfer->easy();
    transfers_.emplace(easy, std::move(transfer));
    curl_multi_add_handle(multi_, easy);   // asks for the timer; the work begins from the loop
}

void CurlDriver::drop(Transfer& transfer) {
    transfer.silence();
    const auto found = transfers_.find(transfer.easy());
    if (found == transfers_.end()) {
        return;
    }
    const auto keep = found->second;
    transfers_.erase(found);
    curl_multi_remove_handle(multi_, keep->easy());
}

int CurlDriver::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    static_cast<CurlDriver*>(self)->watch_socket(socket, what);
    return 0;
}

int CurlDriver::on_timer(CURLM*, long timeout_ms, void* self) {
    static_cast<CurlDriver*>(self)->set_timer(timeout_ms);
    return 0;
}

void CurlDriver::watch_socket(curl_socket_t socket, int what) {
    const auto found = watches_.find(socket);
    if (what == CURL_POLL_REMOVE) {
        if (found != watches_.end()) {
            // libcurl closes the socket right after this; the number may come back as another
            // socket.
            found->second->wanted = 0;
            found->second->descriptor.release();
            watches_.erase(found);
        }
        return;
    }
    auto watch = found != watches_.end() ? found->second : nullptr;
    if (!watch) {
        watch = std::make_shared<Watch>(executor_, socket);
        boost::system::error_code failed;
        watch->descriptor.assign(socket, failed);
        if (failed) {
            return;   // cannot be watched: the transfer ends by its deadline
        }
        watches_.emplace(socket, watch);
    }
    watch->wanted = what;   // CURL_POLL_IN is 1, CURL_POLL_OUT 2, INOUT both
    arm(watch);
}

void CurlDriver::arm(const std::shared_ptr<Watch>& watch) {
    for (const int direction : {CURL_POLL_IN, CURL_POLL_OUT}) {
        if ((watch->wanted & direction) != 0 && (watch->waiting & direction) == 0) {
            wait(watch, direction);
        }
    }
}

void CurlDriver::wait(const std::shared_ptr<Watch>& watch, int direction) {
    using Descriptor = asio::posix::stream_descriptor;
    watch->waiting |= direction;
    watch->descriptor.async_wait(
        direction == CURL_POLL_IN ? Descriptor::wait_read : Descriptor::wait_write,
        [weak = weak_from_this(), watch, direction](boost::system::error_code failed) {
            watch->waiting &= ~direction;
            const auto self = weak.lock();
            if (!self || failed || (watch->wanted & direction) == 0) {
                return;
            }
            self->drive(watch->socket, direction == CURL_POLL_IN ? CURL_CSELECT_IN
                                                                 : CURL_CSELECT_OUT);
            self->arm(watch);
        });
}

void CurlDriver::set_timer(long timeout_ms) {
    if (timeout_ms < 0) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::milliseconds{timeout_ms});
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code failed) {
        const auto self = weak.lock();
        if (self && !failed) {
            self->drive(CURL_SOCKET_TIMEOUT, 0);
        }
    });
}

void CurlDriver::drive(curl_socket_t socket, int ready) {
    if (multi_ == nullptr) {
        return;
    }
    int running = 0;
    curl_multi_socket_action(multi_, socket, ready, &running);
    reap();
}

void CurlDriver::reap() {
    std::vector<std::shared_ptr<Transfer>> ended;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        const auto found = transfers_.find(message->easy_handle);
        const CURLcode code = message->data.result;
        curl_multi_remove_handle(multi_, message->easy_handle);   // `message` is gone after this
        if (found != transfers_.end()) {
            found->second->finish(code);
            ended.push_back(found->second);
            transfers_.erase(found);
        }
    }
    std::vector<std::shared_ptr<Transfer>> talking;
    for (const auto& [easy, transfer] : transfers_) {
        if (transfer->has_news()) {
            talking.push_back(transfer);
        }
    }
    for (const auto& transfer : talking) {
        transfer->deliver();
    }
    for (const auto& transfer : ended) {
        transfer->deliver();
    }
}

}  // namespace flow::docker
