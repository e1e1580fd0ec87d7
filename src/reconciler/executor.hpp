// The executor: does what the plan says, one action, and records how it ended (model 4). It decides nothing. Before each
// engine call the intention is committed. A stop runs in the background; nobody waits for it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reconciler/awaits.hpp"
#include "reconciler/crashes.hpp"
#include "reconciler/observed_cache.hpp"
#include "reconciler/plan.hpp"
#include "reconciler/pulls.hpp"
#include "reconciler/watch.hpp"

namespace flow::reconciler {

class Executor {
public:
    struct Hooks {
        std::function<void(const std::string& container_id, domain::Duration delay)> mark;
        /// `waiter` is tried again when the row `holder`, which has its name, changes.
        std::function<void(const std::string& holder, const std::string& waiter)> wait_for_name;
    };
    Executor(Services& services, const Config& config, ObservedCache& cache, Hooks hooks);
    void connect(Watch& watch, Pulls& pulls, Crashes& crashes);     ///< once, before the first act()
    boost::asio::awaitable<void> act(std::string container_id, Action action);
    /// Inspects containers of the row that only an event has told of.
    /// False: one of them did not answer, and nothing is to be planned for the row; it is marked for the next try.
    boost::asio::awaitable<bool> look(std::string container_id);
    /// Removes an engine container with our label that belongs to no row; answers whether it is gone.
    boost::asio::awaitable<bool> remove_orphan(std::string docker_id);
    /// A row names it, in any spec that is still needed.
    bool is_network_named(const std::string& name) const;
    /// Where no row names it and nobody is in it; answers whether it was removed.
    boost::asio::awaitable<bool> remove_network(std::string name);
    /// Its create was undone: what was made for it goes, too.
    boost::asio::awaitable<void> tidy(std::string container_id);
    std::vector<std::string> made_for() const;      ///< rows, perhaps undone by now
    bool stop_in_hand(const std::string& container_id) const { return stops_.contains(container_id); }
    const std::set<std::string>& missing_images() const { return missing_images_; }
    const std::set<std::string>& known_networks() const { return known_networks_; }
    /// Until when the name of a row is not tried again, because another row of ours has it.
    domain::Time name_wait(const std::string& container_id) const;
    void name_may_be_free(const std::string& container_id) { name_waits_.erase(container_id); }
    void image_arrived(const std::string& image) { missing_images_.erase(image); }
    /// Contact is lost: calls in hand mean nothing any more.
    void forget();

private:
    struct StopToken { Action action; domain::Time sent; };     ///< of a stop in hand; another one: it was given up
    /// Before there is an engine container.
    struct Made { std::string folder; std::vector<std::string> networks; std::string workspace; };
    using Change = domain::Store::Change;

    boost::asio::awaitable<void> create(std::string id, Action action);
    boost::asio::awaitable<void> created(std::string id, std::string docker_id);
    boost::asio::awaitable<void> create_failed(std::string id, Action action, domain::Error error);
    boost::asio::awaitable<void> start(std::string id, Action action);
    boost::asio::awaitable<void> start_answered(std::string id, Action action, StartAnswer answer);
    boost::asio::awaitable<void> start_failed(std::string id, domain::Intention intention, domain::Error error);
    boost::asio::awaitable<void> stop(std::string id, Action action);
    boost::asio::awaitable<void> stop_call(std::string id, StopCall call, std::shared_ptr<StopToken> token);
    boost::asio::awaitable<void> cut_short(std::string id, Action action);
    boost::asio::awaitable<void> remove(std::string id, Action action);
    boost::asio::awaitable<void> rename(std::string id, Action action);
    boost::asio::awaitable<void> step_aside(std::string id, std::string docker_id, domain::Error taken);
    boost::asio::awaitable<void> name_taken(std::string id, domain::Generation generation, domain::Error error);
    boost::asio::awaitable<void> simple_call(std::string id, Action action);
    boost::asio::awaitable<void> repair(std::string id, Action action);
    boost::asio::awaitable<void> repaired(std::string id, std::string docker_id);
    boost::asio::awaitable<void> record_drift(std::string id, Action action);
    boost::asio::awaitable<void> read_ports(std::string id, Action action);
    boost::asio::awaitable<void> read_health(std::string id, Action action);
    boost::asio::awaitable<void> no_image(std::string id, Action action);
    boost::asio::awaitable<void> ensure_network(std::string id, Action action);
    boost::asio::awaitable<void> record_only(std::string id, Action action);
    boost::asio::awaitable<void> clean_volumes(std::string id);
    boost::asio::awaitable<void> clean_socket(std::string id);
    boost::asio::awaitable<void> clean_code(std::string id);
    boost::asio::awaitable<void> clean_workspace(std::string id);
    boost::asio::awaitable<void> switch_code(std::string id, Action action);
    /// Before an old process is stopped for it: is the new code there?
    boost::asio::awaitable<bool> code_is_there(std::string id);
    std::string workspace_of(const domain::Record& record, const domain::Spec& spec) const;
    boost::asio::awaitable<void> gone(std::string id);
    boost::asio::awaitable<void> remove_networks(std::vector<std::string> names);

    boost::asio::awaitable<bool> intend(std::string id, domain::Intention intention);
    boost::asio::awaitable<void> step_failed(std::string id, domain::Step step, domain::Error error);
    boost::asio::awaitable<void> step_done(std::string id, std::string removed);
    void log_done(const std::string& id, domain::Step step, const Action& action, domain::Time sent) const;
    Awaitable<domain::Observed> inspect(std::string docker_id);
    boost::asio::awaitable<void> unseen(std::string id, domain::Error error);
    /// A stop or kill was answered: no second one is sent until its `die` comes, or for some time.
    void await_exit(const std::string& id, const std::string& docker_id);
    /// An answer contradicts what is believed: if no event has put that right in time, all is read again.
    void expect_event(const std::string& docker_id, bool running);

    Services& services_;
    const Config& config_;
    ObservedCache& cache_;
    Hooks hooks_;
    Watch* watch_ = nullptr;
    Pulls* pulls_ = nullptr;
    Crashes* crashes_ = nullptr;
    Gate gate_;
    Gate network_gate_{1};
    std::map<std::string, std::shared_ptr<StopToken>> stops_;
    std::map<std::string, domain::Time> name_waits_;
    std::set<std::string> missing_images_;
    std::set<std::string> known_networks_;
    std::map<std::string, Made> made_for_;      ///< by container id, until the row is gone
};

}  // namespace flow::reconciler
