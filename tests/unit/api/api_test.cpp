// The whole API over loopback: a real server, a real websocket, a fake store that commits at once.
#include "api/api.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "socket_client.hpp"
#include "support/fake_store.hpp"

namespace flow::test {
namespace {

class ApiTest : public testing::Test {
protected:
    using Json = domain::Json;

    void SetUp() override {
        api::Services services;
        services.moment = [this] { return store_.moment; };
        services.usage = [](const std::string&) { return domain::ResourceUsage{}; };
        services.last_observation = [] { return domain::Time{}; };
        services.readiness = [] { return api::Readiness{true, {}}; };
        services.check_policy = [](domain::Spec&, bool) { return domain::Result<void>{}; };
        services.call_later = [](std::chrono::milliseconds, std::function<void()>) {};
        api_.emplace(server_, store_, services, api::Config{});
        const auto listening =
            server_.listen({boost::asio::ip::address_v4::loopback(), 0});
        ASSERT_TRUE(listening) << listening.error().message();
        port_ = *listening;
        thread_ = std::thread([this] { io_.run(); });
    }

    void TearDown() override {
        boost::asio::post(io_, [this] { server_.close([this] { work_.reset(); }); });
        thread_.join();
    }

    /// Runs something on the server's thread and waits for it.
    template <class Work>
    void on_server(Work work) {
        std::promise<void> done;
        boost::asio::post(io_, [&] {
            work();
            done.set_value();
        });
        done.get_future().get();
    }
    void commit() {
        on_server([this] { store_.commit(); });
    }
    domain::Spec spec() const {
        domain::Spec made;
        made.image = "busybox";
        made.name = "web";
        return made;
    }

    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
        boost::asio::make_work_guard(io_);
    FakeStore store_;
    socketio::Server server_{io_, socketio::Config{}};
    std::optional<api::Api> api_;
    std::thread thread_;
    std::uint16_t port_ = 0;
};

TEST_F(ApiTest, ConnectedComesFirst) {
    SocketClient client(port_);
    const Json first = client.next();
    ASSERT_FALSE(first.is_null());
    EXPECT_EQ(first.at(0), "connected");
    EXPECT_TRUE(first.at(1).at("message").is_string());
    EXPECT_TRUE(first.at(1).at("server_version").is_string());
    EXPECT_EQ(first.at(1).at("instance_id"), "fake-instance_id");
    EXPECT_EQ(first.at(1).at("seq"), 0);
}

TEST_F(ApiTest, SinceInConnectTellsWhatWasMissedThenLive) {
    on_server([this] {
        store_.tell("status_changed");
        store_.tell("container_started");
        store_.commit();
    });
    SocketClient client(port_, {{"since", 1}});
    EXPECT_EQ(client.next().at(0), "connected");
    const Json missed = client.next();
    EXPECT_EQ(missed.at(0), "container_started");
    EXPECT_EQ(missed.at(1).at("seq"), 2);
    on_server([this] {
        store_.tell("container_stopped");
        store_.commit();
    });
    EXPECT_EQ(client.next().at(0), "container_stopped");
}

TEST_F(ApiTest, AWrongSinceIsAConnectError) {
    const SocketClient client(port_, {{"since", "yesterday"}});
    ASSERT_TRUE(client.refusal().is_object());
    EXPECT_EQ(client.refusal().at("data").at("error_type"), "validation_error");
    EXPECT_EQ(client.refusal().at("data").at("details").at("operation"), "connect");
}

TEST_F(ApiTest, ARequestIsAcknowledgedAfterTheCommit) {
    on_server([this] { store_.put(spec()); });
    SocketClient client(port_);
    client.emit("start_container", {{"container_id", "web"}});
    // The query behind it is answered at once: the request before it has been handled.
    EXPECT_EQ(client.call("list_containers", Json::object()).at("count"), 1);
    on_server([this] { EXPECT_EQ(store_.accepted.size(), 1U); });
    commit();
    EXPECT_EQ(client.wait_for("activity_log").at("seq"), 1);
}

TEST_F(ApiTest, ErrorsReachTheRequester) {
    SocketClient client(port_);
    const Json ack = client.call("start_container", {{"container_id", "nope"}});
    EXPECT_EQ(ack.at("ok"), false);
    EXPECT_EQ(ack.at("error").at("error_type"), "container_not_found");
    EXPECT_EQ(client.wait_for("error").at("details").at("container_id"), "nope");
}

TEST_F(ApiTest, BroadcastsReachThoseWhoWantThem) {
    SocketClient all(port_);
    SocketClient some(port_);
    some.call("subscribe", {{"types", {"image_pull_*"}}});
    all.call("list_containers", Json::object());
    on_server([this] {
        api_->broadcast("container_status_update", {{"container_id", "x"}});
        api_->broadcast("image_pull_progress", {{"image", "busybox"}});
    });
    EXPECT_EQ(all.wait_for("container_status_update").at("container_id"), "x");
    EXPECT_EQ(some.wait_for("subscribe").at("seq"), 0);
    EXPECT_EQ(some.next().at(0), "image_pull_progress");
}

TEST_F(ApiTest, ABroadcastAboutSeveralContainersReachesWhoeverWantsOne) {
    on_server([this] { store_.put(spec(), "abcabcabcabc"); });
    SocketClient one(port_);
    one.call("subscribe", {{"container_ids", {"web"}}});
    on_server([this] {
        api_->broadcast("image_pull_progress", Json{{"container_ids", {"x", "y"}}, {"percent", 1}});
        api_->broadcast("image_pull_progress",
                        Json{{"container_ids", {"x", "abcabcabcabc"}}, {"percent", 2}});
    });
    EXPECT_EQ(one.wait_for("image_pull_progress").at("percent"), 2);
}

TEST_F(ApiTest, StatusUpdatesComeSinglyOrInBulk) {
    on_server([this] {
        domain::Record& record = store_.put(spec(), "abcabcabcabc");
        record.desired = domain::DesiredState::running;
        record.run_wanted = record.status.run_started = record.status.active_generation = 1;
        record.status.docker_id = "d1";
        record.status.periods["d1"].open = true;
        record.status.periods["d1"].run = 1;
        domain::Spec idle = spec();
        idle.name = "idle";
        store_.put(idle);
    });
    SocketClient single(port_);
    SocketClient bulk(port_);
    single.call("list_containers", Json::object());
    bulk.call("subscribe", {{"types", {"container_status_updates", "container_*"}}});
    on_server([this] { api_->publish_status_updates(); });
    const Json update = single.wait_for("container_status_update");
    EXPECT_EQ(update.at("container_id"), "abcabcabcabc");
    EXPECT_EQ(update.at("state"), "running");
    bulk.emit("list_containers", Json::object());
    const Json updates = bulk.wait_for("container_status_updates");
    ASSERT_EQ(updates.at("containers").size(), 1U);
    EXPECT_EQ(updates.at("containers").at(0).at("name"), "web");
    EXPECT_EQ(bulk.next().at(0), "container_list");     // and no single update before it
}

TEST_F(ApiTest, AFloodOfWhatMayBeMissedKeepsNobodyFromTheLogNorFromAnswers) {
    constexpr int kMessages = 2'000;
    SocketClient slow(port_);
    slow.wait_for("connected");
    Json message;
    message["message"]["data"] = std::string(10'000, 'x');
    for (int number = 0; number < kMessages; ++number) {
        message["number"] = number;
        on_server([&] { api_->broadcast("message_received", message); });
    }
    on_server([this] {
        store_.tell("container_started");
        store_.commit();
        api_->broadcast("image_pull_progress", Json::object());
    });
    slow.emit("get_container_status", Json{{"container_id", "none"}});
    int before = 0;
    Json next = slow.next();
    for (; next.is_array() && next.at(0) == "message_received"; next = slow.next()) {
        ++before;
    }
    ASSERT_TRUE(next.is_array());
    EXPECT_EQ(next.at(0), "container_started") << "in the order in which it happened";
    EXPECT_GT(before, 50);
    EXPECT_LT(before, kMessages / 2) << "the others were left out";
    EXPECT_EQ(slow.next().at(0), "image_pull_progress") << "of those that may be left out the newest stay";
    EXPECT_EQ(slow.next().at(0), "error");
}

TEST_F(ApiTest, AccessIsCheckedOnEveryPath) {
    const std::string own = "localhost:" + std::to_string(port_);
    EXPECT_EQ(SocketClient::get(port_, "/healthz", own), 200U);
    EXPECT_EQ(SocketClient::get(port_, "/healthz", "evil.example.com"), 403U);
    EXPECT_EQ(SocketClient::get(port_, "/healthz", own, "http://evil.example.com"), 403U);
    EXPECT_EQ(SocketClient::get(port_, "/healthz", own, "http://" + own), 200U);
    EXPECT_EQ(SocketClient::get(port_, "/socket.io/?EIO=4&transport=polling", "evil.example.com"),
              403U);
    EXPECT_EQ(SocketClient::get(port_, "/nothing", own), 404U);
}

TEST_F(ApiTest, AClientThatLeavesTakesItsSessionAlong) {
    {
        SocketClient client(port_);
        client.call("list_containers", Json::object());
        on_server([this] { EXPECT_EQ(api_->session_count(), 1U); });
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    std::size_t left = 1;
    while (left != 0 && std::chrono::steady_clock::now() < deadline) {
        on_server([&] { left = api_->session_count(); });
        std::this_thread::yield();
    }
    EXPECT_EQ(left, 0U);
}

}  // namespace
}  // namespace flow::test
