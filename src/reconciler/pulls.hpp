// Pulls: one an image however many rows wait for it; cancelled when nobody waits (model 4). A pull stands in no intention:
// after a crash of ours it is simply begun again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

    /// `run`: of the restart that asks for it; 0 for a create.
    void wait_for(const std::string& container_id, const std::string& image,
                  domain::Generation generation, domain::Run run);
    /// For which generation of the row an image is being pulled; 0: for none.
    domain::Generation generation(const std::string& container_id) const;
    /// Lets go of a pull that the row has no use for any more: deleted, or no spec of it names that image.
    void release_unwanted(const std::string& container_id, const domain::Record* record);
    /// Contact is lost: answers of pulls begun before mean nothing.
    void forget();

private:
    /// One with other credentials is another pull: what one may not have the other may.
    using Key = std::pair<std::string, std::string>;    // image, registry_auth
    struct Wait {
        Key key;
        domain::Generation generation = 0;
        domain::Run run = 0;
    };
    struct Pull {};

    boost::asio::awaitable<void> pull(Key key, std::shared_ptr<Pull> token);
    void finish(const Key& key, const domain::Result<std::string>& result);
    /// That row waits no more; a pull that nobody waits for is cancelled.
    void release(std::map<std::string, Wait>::iterator wait);
    std::vector<std::string> waiters(const Key& key) const;

    Services& services_;
    Hooks hooks_;
    std::map<std::string, Wait> waiting_;                   ///< by container id
    std::map<Key, std::shared_ptr<Pull>> pulls_;
};

}  // namespace flow::reconciler
