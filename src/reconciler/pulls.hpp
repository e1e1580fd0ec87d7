// Pulls: one an image however many rows wait for it; cancelled when nobody waits (model 4). A pull stands in no intention:
// after a crash of ours it is simply begun again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "domain/record.hpp"
#include "reconciler/services.hpp"

namespace flow::reconciler {

class Pulls {
public:
    struct Hooks {
        std::function<void(const std::string& image)> arrived;
        std::function<void(const std::string& container_id)> mark;
        std::function<void(const domain::Error&)> away;
    };
    Pulls(Services& services, Hooks hooks) : services_(services), hooks_(std::move(hooks)) {}

    void wait_for(const std::string& container_id, const std::string& image,
                  domain::Generation generation);
    bool waits(const std::string& container_id) const { return waiting_.contains(container_id); }
    /// Lets go of a pull that the row has no use for any more: deleted, or no spec of it names that image.
    void release_unwanted(const std::string& container_id, const domain::Record* record);
    /// Contact is lost: answers of pulls begun before mean nothing.
    void forget();

private:
    struct Wait {
        std::string image;
        domain::Generation generation = 0;
    };
    struct Pull {};

    boost::asio::awaitable<void> pull(PullCall call, std::shared_ptr<Pull> token);
    void finish(const std::string& image, const domain::Result<void>& result);
    void report(const domain::PullProgress& progress) const;
    std::vector<std::string> waiters(const std::string& image) const;

    Services& services_;
    Hooks hooks_;
    std::map<std::string, Wait> waiting_;                   ///< by container id
    std::map<std::string, std::shared_ptr<Pull>> pulls_;    ///< by image
};

}  // namespace flow::reconciler
