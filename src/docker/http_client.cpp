#include "docker/http_client.hpp"

#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "docker/curl_driver.hpp"
#include "docker/curl_transfer.hpp"

namespace flow::docker {

namespace asio = boost::asio;

HttpStream::HttpStream(std::shared_ptr<CurlDriver> driver, std::shared_ptr<Transfer> transfer)
    : driver_(std::move(driver)), transfer_(std::move(transfer)) {}

HttpStream::~HttpStream() { driver_->drop(*transfer_); }

HttpClient::HttpClient(asio::any_io_executor executor, std::string socket_path)
    : socket_path_(std::move(socket_path)),
      executor_(std::move(executor)),
      driver_(std::make_shared<CurlDriver>(executor_)) {}

HttpClient::~HttpClient() { hang_up(); }

void HttpClient::hang_up() { driver_->close(); }

std::unique_ptr<HttpStream> HttpClient::stream(HttpRequest request, HttpStreamSink sink) {
    auto transfer =
        std::make_shared<Transfer>(std::move(request), socket_path_, std::move(sink), true);
    driver_->add(transfer);
    return std::make_unique<HttpStream>(driver_, std::move(transfer));
}

asio::awaitable<domain::Result<HttpResponse>> HttpClient::request(HttpRequest request) {
    // The timer never expires; it is cancelled when the transfer has ended, or when the awaiting
    // side gives up.
    auto signal = std::make_shared<asio::steady_timer>(executor_);
    signal->expires_at(asio::steady_timer::time_point::max());
    HttpStreamSink sink;
    sink.on_end = [signal](const std::optional<domain::Error>&) { signal->cancel(); };
    auto transfer =
        std::make_shared<Transfer>(std::move(request), socket_path_, std::move(sink), false);
    driver_->add(transfer);
    const HttpStream guard{driver_, transfer};   // drops the transfer however this frame ends
    auto ended = signal->async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(ended);
    if (!transfer->finished()) {
        domain::Error error;
        error.type = domain::ErrorType::system_error;
        error.engine = domain::EngineFailure::unanswered;
        error.message = "the call to the Docker Engine was given up before its answer";
        co_return error;
    }
    if (transfer->error()) {
        co_return *transfer->error();
    }
    co_return transfer->take_response();
}

}  // namespace flow::docker
