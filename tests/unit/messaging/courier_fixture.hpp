// A courier with rows that the test makes, real Unix sockets in a folder of its own, and containers that are clients of
// them. Time of messages is the test's; the sockets' own is real.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "messaging/courier.hpp"
#include "support/fake_store.hpp"

namespace flow::messaging::test {

using domain::Json;

/// The program in a container, as far as its socket goes.
class Program {
public:
    explicit Program(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un place{};
        place.sun_family = AF_UNIX;
        path.copy(place.sun_path, sizeof place.sun_path - 1);
        connected = ::connect(fd_, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
    }
    ~Program() { end(); }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void say(const std::string& bytes) {
        ASSERT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    /// All that has come so far.
    const std::string& heard() {
        char piece[65536];
        for (ssize_t got = 0; (got = ::recv(fd_, piece, sizeof piece, 0)) > 0;) {
            heard_.append(piece, static_cast<std::size_t>(got));
        }
        return heard_;
    }
    bool is_refused() {
        char byte = 0;
        const ssize_t got = ::recv(fd_, &byte, 1, 0);
        return got == 0 || (got < 0 && errno == ECONNRESET);
    }
    void end() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }
    bool connected = false;

private:
    int fd_;
    std::string heard_;
};

class FakeMessages final : public domain::MessageStore {
public:
    void put_messages(std::vector<domain::MessageRow> written, std::vector<domain::EventDraft> told,
                      std::function<void(domain::Result<void>)> done) override {
        ++puts;
        rows.insert(rows.end(), written.begin(), written.end());
        events.insert(events.end(), told.begin(), told.end());
        if (!refusal) {
            taken.insert(taken.end(), told.begin(), told.end());
        }
        if (done && holds) {
            waiting.push_back(std::move(done));
        } else if (done) {
            done(refusal ? domain::Result<void>{*refusal} : domain::Result<void>{});
        }
    }
    domain::Result<std::vector<domain::MessageRow>> queued_messages() const override { return queued; }
    domain::Result<std::optional<domain::MessageRow>> sent_as(const std::string& actor,
                                                              const std::string& request_id) const {
        if (refusal) {
            return *refusal;
        }
        std::optional<domain::MessageRow> newest;
        for (const auto* from : {&queued, &rows}) {
            for (const domain::MessageRow& row : *from) {
                if (row.direction == "out" && row.actor == actor && row.request_id == request_id) {
                    newest = row;
                }
            }
        }
        return newest;
    }

    std::vector<domain::MessageRow> rows;
    std::vector<domain::EventDraft> events;
    std::vector<domain::EventDraft> taken;         ///< less those of a refused transaction
    std::size_t puts = 0;
    std::vector<domain::MessageRow> queued;
    std::optional<domain::Error> refusal;
    bool holds = false;
    std::vector<std::function<void(domain::Result<void>)>> waiting;
};

class CourierTest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/courier-XXXXXX";
        folder = ::mkdtemp(name);
    }
    void TearDown() override {
        courier.reset();
        std::filesystem::remove_all(folder);
    }

    /// A row that runs, its socket not opened yet.
    std::string running(const std::string& name, const std::function<void(domain::Messaging&)>& with = {}) {
        domain::Spec spec;
        spec.name = name;
        spec.image = "flow";
        if (with) {
            with(spec.messaging);
        }
        domain::Record& row = store.put(spec);
        row.socket_folder = folder + "/" + row.container_id;
        std::filesystem::create_directories(row.socket_folder);
        row.desired = domain::DesiredState::running;
        row.run_wanted = row.status.run_started = 1;
        row.status.active_generation = row.generation;
        row.status.docker_id = "d-" + row.container_id;
        row.status.periods[row.status.docker_id].open = true;
        row.status.started_at = store.moment.now - std::chrono::minutes{5};
        return row.container_id;
    }
    void stopped(const std::string& id) {
        domain::Record& row = store.row(id);
        row.desired = domain::DesiredState::stopped;
        row.status.run_ended = row.run_wanted;
        row.status.periods.clear();
        courier->look(id);
    }
    void start(CourierConfig config = {}) {
        CourierServices services{io.get_executor(),
                                 store,
                                 messages,
                                 [this] { return store.moment; },
                                 [this] { return steady; },
                                 [this](const std::string& actor, const std::string& request_id) {
                                     return messages.sent_as(actor, request_id);
                                 },
                                 [this](const std::string& event, Json payload) {
                                     payload["event"] = event;
                                     told.push_back(std::move(payload));
                                 },
                                 [](std::string_view text) -> std::optional<Json> {
                                     Json json = Json::parse(text, nullptr, false);
                                     return json.is_discarded() ? std::nullopt : std::optional{std::move(json)};
                                 }};
        courier.emplace(std::move(services), config);
        courier->start();
        // As if the daemon had been there for long: no container is on its way back any more.
        pass(std::chrono::minutes{1});
    }
    /// Both clocks go on; somebody who sets the host's clock changes store.moment.now alone.
    void pass(domain::Duration time) {
        store.moment.now += time;
        steady += time;
    }
    std::string path(const std::string& id) const { return folder + "/" + id + "/" + id + ".sock"; }

    void send(const std::string& id, const Json& message, bool expect_reply = false,
              const std::string& request_id = "") {
        domain::SendCall call;
        call.request_id = request_id;
        call.container_id = id;
        call.actor = "ann";
        call.message = message;
        call.expect_reply = expect_reply;
        courier->send(std::move(call), [this](const domain::Result<domain::Sent>& sent) { answers.push_back(sent); });
    }
    /// Connected, and known to speak lines.
    testing::AssertionResult speaks_lines(Program& program, const std::string& id) {
        program.say("\n");
        auto connected = eventually([&] { return courier->connected(id); });
        io.restart();
        io.poll();
        return connected;
    }
    /// Until it holds; the longest wait is far beyond what anything here takes.
    testing::AssertionResult eventually(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (!holds()) {
            if (std::chrono::steady_clock::now() > end) {
                return testing::AssertionFailure() << "not within 10 s";
            }
            io.restart();
            io.run_for(std::chrono::milliseconds{2});
        }
        return testing::AssertionSuccess();
    }
    /// What was told in the log: of rows that changed, not of messages.
    std::vector<domain::StoredEvent> logged() {
        store.commit();
        return store.events_after(0, 1000).value();
    }
    std::vector<std::string> statuses(const std::string& event) const {
        std::vector<std::string> all;
        for (const Json& payload : told) {
            if (payload["event"] == event) {
                all.push_back(payload["status"].get<std::string>());
            }
        }
        return all;
    }

    std::string folder;
    boost::asio::io_context io;
    flow::test::FakeStore store;
    Steady steady{std::chrono::hours{10}};
    FakeMessages messages;
    std::vector<Json> told;
    std::vector<domain::Result<domain::Sent>> answers;
    std::optional<Courier> courier;
};

}  // namespace flow::messaging::test
