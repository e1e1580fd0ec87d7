// EngineClient: pulls. Each is one stream; cancel_pull ends all of one image.
#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "docker/engine_client.hpp"
#include "docker/pull_parse.hpp"
#include "docker/url_text.hpp"

namespace flow::docker {

namespace asio = boost::asio;

using domain::Error;
using domain::Result;

namespace {

constexpr std::size_t kMaxRefusal = 64u << 10;

}  // namespace

/// One pull: its stream and what came of it. Owned by the coroutine; the stream's callbacks know it
/// weakly.
class PullInHand : public std::enable_shared_from_this<PullInHand> {
public:
    using Progress = std::function<void(const domain::PullProgress&)>;

    PullInHand(const asio::any_io_executor& executor, const EngineConfig& config,
               std::string image, Progress progress)
        : ended(executor, asio::steady_timer::time_point::max()),
          image_(std::move(image)),
          parser_(image_, config.max_event),
          progress_(std::move(progress)),
          progress_every_(config.progress_every) {}

    void begin(HttpClient& http, HttpRequest request);
    void cancel() {
        cancelled_ = true;
        stream_.reset();
        ended.cancel();
    }
    Result<void> outcome();

    asio::steady_timer ended;

private:
    void on_chunk(std::string_view bytes);
    void on_end(const std::optional<Error>& error);

    std::string image_;
    PullParser parser_;
    Progress progress_;
    std::chrono::milliseconds progress_every_;
    std::chrono::steady_clock::time_point told_;
    std::unique_ptr<HttpStream> stream_;
    int status_ = 0;
    std::string refusal_;
    std::optional<Error> broken_;
    bool complete_ = false;
    bool cancelled_ = false;
};

void PullInHand::begin(HttpClient& http, HttpRequest request) {
    HttpStreamSink sink;
    sink.on_headers = [weak = weak_from_this()](const HttpResponse& response) {
        if (const auto self = weak.lock()) {
            self->status_ = response.status;
        }
    };
    sink.on_chunk = [weak = weak_from_this()](std::string_view bytes) {
        if (const auto self = weak.lock()) {
            self->on_chunk(bytes);
        }
    };
    sink.on_end = [weak = weak_from_this()](const std::optional<Error>& error) {
        if (const auto self = weak.lock()) {
            self->on_end(error);
        }
    };
    stream_ = http.stream(std::move(request), std::move(sink));
}

void PullInHand::on_chunk(std::string_view bytes) {
    if (status_ != 200) {
        refusal_.append(bytes.substr(0, kMaxRefusal - std::min(kMaxRefusal, refusal_.size())));
        return;
    }
    parser_.feed(bytes);
    const auto now = std::chrono::steady_clock::now();
    if (progress_ && parser_.progress().layers > 0 && now - told_ >= progress_every_) {
        told_ = now;
        progress_(parser_.progress());
    }
}

void PullInHand::on_end(const std::optional<Error>& error) {
    parser_.finish();
    broken_ = error;
    complete_ = !error;
    ended.cancel();
}

Result<void> PullInHand::outcome() {
    const EngineCall what{"pull", "image " + image_, ""};
    if (cancelled_) {
        Error error;
        error.type = domain::ErrorType::docker_api_error;
        error.engine = domain::EngineFailure::retryable;
        error.message = "it was cancelled";
        error.details["cause"] = "cancelled";
        return with_call(what, std::move(error));
    }
    if (!parser_.failure().empty()) {
        return pull_error(image_, parser_.failure());
    }
    if (broken_) {
        return with_call(what, *broken_);
    }
    if (!complete_) {   // the awaiting side gave up
        Error error;
        error.type = domain::ErrorType::system_error;
        error.engine = domain::EngineFailure::unanswered;
        error.message = "it was given up";
        return with_call(what, std::move(error));
    }
    if (status_ >= 400) {
        const Error plain = engine_error(what, status_, refusal_);
        return pull_error(image_, plain.details["engine_message"].get<std::string>());
    }
    return Result<void>{};
}

reconciler::Awaitable<std::string> EngineClient::pull(
    reconciler::PullCall call, std::function<void(const domain::PullProgress&)> progress) {
    const std::string image = std::move(call.image);
    const ImageReference wanted = split_image(image);
    HttpRequest request = make_request("POST",
                                       "/images/create?fromImage=" + percent_encoded(wanted.name) +
                                           "&tag=" + percent_encoded(wanted.tag),
                                       config_.deadlines.pull);
    request.idle_limit = config_.deadlines.pull_idle;
    const auto registry = config_.registries.find(call.registry_auth);
    if (registry != config_.registries.end()) {
        request.registry_auth = registry_auth_header(registry->second);
    }
    auto pull = std::make_shared<PullInHand>(executor_, config_, image, std::move(progress));
    std::erase_if(pulls_, [](const auto& entry) { return entry.second.expired(); });
    pulls_.emplace(image, pull);
    pull->begin(http_, std::move(request));
    auto ended = pull->ended.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await std::move(ended);
    const Result<void> outcome = pull->outcome();
    if (outcome.has_error()) {
        co_return outcome.error();
    }
    const EngineCall look{"look up", "image " + image, ""};
    auto looked = read_json(look, "/images/" + percent_encoded(image) + "/json",
                            config_.deadlines.inspect);
    const Result<JsonBody> found = co_await std::move(looked);
    if (found.has_error() && found.error().engine != domain::EngineFailure::no_such_image) {
        co_return found.error();
    }
    co_return found.has_error() ? std::string{} : text_of(found->json, "Id");
}

void EngineClient::cancel_pull(const std::string& image) {
    const auto [begin, end] = pulls_.equal_range(image);
    std::vector<std::shared_ptr<PullInHand>> pulls;
    for (auto entry = begin; entry != end; ++entry) {
        if (auto pull = entry->second.lock()) {
            pulls.push_back(std::move(pull));
        }
    }
    for (const auto& pull : pulls) {
        pull->cancel();
    }
}

}  // namespace flow::docker
