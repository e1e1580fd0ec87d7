// Listening sockets behind one epoll instance: who connects is taken, and no file left for it loses nobody and costs
// no time.
#include "messaging/listeners.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <memory>

#include "courier_fixture.hpp"
#include "messaging/hub.hpp"

namespace flow::messaging::test {
namespace {

using std::chrono::milliseconds;

class Folder {
public:
    Folder() {
        char name[] = "/tmp/listeners-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

/// While it lives no descriptor can be opened.
class NoMoreFiles {
public:
    NoMoreFiles() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(free);
        rlimit less = before_;
        less.rlim_cur = static_cast<rlim_t>(free);
        ::setrlimit(RLIMIT_NOFILE, &less);
    }
    ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

struct Door final : Listeners::Taker {
    void take(int connection) override {
        taken.push_back(connection);
        if (on_take) {
            on_take();
        }
    }
    void cannot_take(const std::string& why) override { complaints.push_back(why); }
    ~Door() override {
        for (const int connection : taken) {
            ::close(connection);
        }
    }
    std::vector<int> taken;
    std::vector<std::string> complaints;
    std::function<void()> on_take;
};

class ListenersTest : public testing::Test {
protected:
    std::size_t run(milliseconds time = milliseconds{20}) {
        io.restart();
        return io.run_for(time);
    }
    Folder folder;
    boost::asio::io_context io;
    Listeners listeners{io.get_executor()};
};

TEST_F(ListenersTest, EachConnectionComesToItsOwn) {
    Door doors[3];
    std::vector<std::unique_ptr<Program>> programs;
    for (int number = 0; number < 3; ++number) {
        const std::string path = folder.path(std::to_string(number));
        ASSERT_TRUE(listeners.open(path, doors[number]));
        struct stat file{};
        ASSERT_EQ(::stat(path.c_str(), &file), 0);
        EXPECT_EQ(file.st_mode & 0777, 0666u);
        for (int count = 0; count <= number; ++count) {
            programs.push_back(std::make_unique<Program>(path));
            ASSERT_TRUE(programs.back()->connected);
        }
    }
    run();
    for (std::size_t number = 0; number < 3; ++number) {
        ASSERT_EQ(doors[number].taken.size(), number + 1);
        EXPECT_NE(::fcntl(doors[number].taken[0], F_GETFL) & O_NONBLOCK, 0);
        EXPECT_NE(::fcntl(doors[number].taken[0], F_GETFD) & FD_CLOEXEC, 0);
    }
}

TEST_F(ListenersTest, MoreAtOnceThanOneLookFinds) {
    std::vector<std::unique_ptr<Door>> doors;
    std::vector<std::unique_ptr<Program>> programs;
    for (int number = 0; number < 150; ++number) {
        doors.push_back(std::make_unique<Door>());
        const std::string path = folder.path(std::to_string(number));
        ASSERT_TRUE(listeners.open(path, *doors.back()));
        programs.push_back(std::make_unique<Program>(path));
    }
    run();
    for (const auto& door : doors) {
        EXPECT_EQ(door->taken.size(), 1u);
    }
}

TEST_F(ListenersTest, APathThatCannotBeBoundIsAnError) {
    Door door;
    const std::string longest = folder.path(std::string(107 - folder.path("").size(), 'x'));
    EXPECT_TRUE(listeners.open(longest, door));
    EXPECT_TRUE(Program{longest}.connected);
    const auto too_long = listeners.open(longest + "x", door);
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().type, domain::ErrorType::socket_error);
    EXPECT_NE(too_long.error().message.find("has 108 bytes, at most 107"), std::string::npos)
        << too_long.error().message;
    const auto nowhere = listeners.open(folder.path("no/such"), door);
    ASSERT_FALSE(nowhere);
    EXPECT_NE(nowhere.error().message.find("No such file or directory"), std::string::npos) << nowhere.error().message;
}

TEST_F(ListenersTest, AClosedOneTakesNobodyAlsoWhenItWasReadyInTheSameLook) {
    Door first;
    Door second;
    const int one = listeners.open(folder.path("1"), first).value();
    const int two = listeners.open(folder.path("2"), second).value();
    first.on_take = [&] { listeners.close(two); };
    second.on_take = [&] { listeners.close(one); };
    Program to_first{folder.path("1")};
    Program to_second{folder.path("2")};
    run();
    EXPECT_EQ(first.taken.size() + second.taken.size(), 1u);
    EXPECT_TRUE(first.taken.empty() ? to_first.is_refused() : to_second.is_refused());
    listeners.close(one);
    listeners.close(two);
    EXPECT_FALSE(Program{folder.path("1")}.connected);
}

TEST_F(ListenersTest, WithoutAFileForItAConnectionWaitsAndNothingSpins) {
    Door door;
    ASSERT_TRUE(listeners.open(folder.path("1"), door));
    const Program before{folder.path("1")};
    run();      // also: the sanitizer looks at each type of object once, and needs files for that
    ASSERT_EQ(door.taken.size(), 1u);
    Program program{folder.path("1")};
    {
        const NoMoreFiles full;
        EXPECT_LE(run(milliseconds{50}), 3u) << "looked at again and again";
        ASSERT_EQ(door.complaints.size(), 1u);
        EXPECT_EQ(door.complaints.at(0), "Too many open files");
        listeners.retry();
        EXPECT_LE(run(milliseconds{50}), 3u);
        EXPECT_EQ(door.complaints.size(), 2u);
    }
    EXPECT_EQ(door.taken.size(), 1u);
    EXPECT_FALSE(program.is_refused());
    listeners.retry();
    run();
    EXPECT_EQ(door.taken.size(), 2u);
    const Program later{folder.path("1")};
    run();
    EXPECT_EQ(door.taken.size(), 3u);
}

struct Told final : HubOwner {
    void on_message(const std::string&, domain::Json message) override { messages.push_back(std::move(message)); }
    void on_malformed(const std::string&, const Frame&) override {}
    void on_sent(const std::string&, Outgoing) override {}
    void on_expired(const std::string&, Outgoing) override {}
    void on_socket_trouble(const std::string&, const std::string& what) override { troubles.push_back(what); }
    std::vector<Json> messages;
    std::vector<std::string> troubles;
};

TEST(Hub, AContainerThatCouldNotBeTakenIsToldOnceAndConnectedWhenItCan) {
    Folder folder;
    boost::asio::io_context io;
    Told told;
    HubConfig config;
    config.look_interval = milliseconds{5};
    config.parse = [](std::string_view text) { return std::optional{Json::parse(text)}; };
    config.now = [] { return Instant{}; };
    Hub hub{io.get_executor(), config, told};
    const auto eventually = [&](const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (!holds() && std::chrono::steady_clock::now() < end) {
            io.run_for(milliseconds{2});
        }
        return holds();
    };
    const std::string path = folder.path("c1.sock");
    ASSERT_TRUE(hub.open("c1", path, {}));
    {       // the sanitizer looks at each type of object once, and needs files for that: before there are none
        const Program first{path};
        Program second{path};
        ASSERT_TRUE(eventually([&] { return second.is_refused(); }));
        ASSERT_EQ(told.troubles.size(), 1u);
    }
    ASSERT_TRUE(eventually([&] { return !hub.connected("c1"); }));
    Program program{path};
    program.say("{\"a\":1}\n");
    {
        const NoMoreFiles full;
        io.run_for(milliseconds{100});
        EXPECT_FALSE(hub.connected("c1"));
        ASSERT_EQ(told.troubles.size(), 2u);
        EXPECT_NE(told.troubles.at(1).find("Too many open files"), std::string::npos);
    }
    EXPECT_TRUE(eventually([&] { return told.messages.size() == 1; }));
    EXPECT_TRUE(hub.connected("c1"));
    EXPECT_EQ(told.troubles.size(), 2u);
}

}  // namespace
}  // namespace flow::messaging::test
