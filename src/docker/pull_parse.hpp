// The stream of a pull: JSON lines to progress and to its failure (which comes under HTTP 200).
// Plain state, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "docker/line_splitter.hpp"
#include "domain/observed.hpp"

namespace flow::docker {

struct ImageReference {
    std::string name;   ///< "registry:5000/team/app"
    std::string tag;    ///< a tag or a digest ("sha256:…"); "latest" when none is named
};
ImageReference split_image(std::string_view image);

class PullParser {
public:
    PullParser(std::string image, std::size_t max_line);

    void feed(std::string_view bytes);
    void finish();

    const domain::PullProgress& progress() const { return progress_; }
    /// The engine's message; "" while nothing went wrong.
    const std::string& failure() const { return failure_; }

private:
    struct Layer {
        std::int64_t done = 0;
        std::int64_t total = 0;
    };

    void take(std::string_view line);
    void take_layer(const std::string& id, const std::string& status, const Layer& seen);

    LineSplitter lines_;
    std::map<std::string, Layer> layers_;
    domain::PullProgress progress_;
    std::string failure_;
};

}  // namespace flow::docker
