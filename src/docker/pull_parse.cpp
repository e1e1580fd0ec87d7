#include "docker/pull_parse.hpp"

#include <algorithm>
#include <utility>

#include "docker/json_read.hpp"

namespace flow::docker {
namespace {

constexpr std::size_t kMaxLayers = 1000;

}  // namespace

ImageReference split_image(std::string_view image) {
    ImageReference out;
    const auto at = image.find('@');
    std::string_view name = image.substr(0, at);
    const auto colon = name.rfind(':');
    const bool has_tag = colon != std::string_view::npos &&
                         name.find('/', colon) == std::string_view::npos;   // else a port
    out.tag = has_tag ? std::string{name.substr(colon + 1)} : "latest";
    if (at != std::string_view::npos) {
        out.tag = image.substr(at + 1);
    }
    out.name = has_tag ? name.substr(0, colon) : name;
    return out;
}

PullParser::PullParser(std::string image, std::size_t max_line) : lines_(max_line) {
    progress_.image = std::move(image);
}

void PullParser::feed(std::string_view bytes) {
    lines_.feed(bytes, [this](std::string_view line) { take(line); });
}

void PullParser::finish() {
    lines_.finish([this](std::string_view line) { take(line); });
}

void PullParser::take(std::string_view line) {
    const EngineJson json = parse_engine_json(line);
    std::string failure = text_of(member(json, "errorDetail"), "message");
    if (failure.empty()) {
        failure = text_of(json, "error");
    }
    if (!failure.empty()) {
        failure_ = std::move(failure);
        return;
    }
    const EngineJson& detail = member(json, "progressDetail");
    const Layer seen{integer_of(detail, "current"), integer_of(detail, "total")};
    take_layer(text_of(json, "id"), text_of(json, "status"), seen);
}

void PullParser::take_layer(const std::string& id, const std::string& status, const Layer& seen) {
    // "Pulling from …" has the tag as its id; a layer that is here already is not downloaded.
    const bool known = layers_.contains(id);
    if (id.empty() || status.starts_with("Pulling from") || status == "Already exists" ||
        (!known && layers_.size() >= kMaxLayers)) {
        return;
    }
    Layer& layer = layers_[id];
    if (status == "Downloading") {
        layer.done = std::max(layer.done, seen.done);
        layer.total = std::max(seen.total, layer.done);
    } else if (status == "Download complete" || status == "Extracting" ||
               status == "Pull complete") {
        layer.done = layer.total;
    }
    progress_.bytes_done = 0;
    progress_.bytes_total = 0;
    for (const auto& [name, each] : layers_) {
        progress_.bytes_done += each.done;
        progress_.bytes_total += each.total;
    }
    progress_.layers = static_cast<int>(layers_.size());
}

}  // namespace flow::docker
