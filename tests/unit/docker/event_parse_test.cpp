// Lines of the event stream to events.
#include <csignal>

#include <gtest/gtest.h>

#include "docker/event_parse.hpp"

namespace flow::docker {
namespace {

using Type = domain::EngineEvent::Type;

std::string line(const std::string& action, const std::string& attributes) {
    return R"({"status":"x","Type":"container","Action":")" + action +
           R"(","Actor":{"ID":"abc","Attributes":{"flow.container-id":"0123456789ab",)"
           R"("name":"flow-web")" +
           attributes + R"(}},"scope":"local","time":1795256046,"timeNano":1795256046900748298})";
}

TEST(ParseEvent, DieAsRecorded) {
    const auto event = parse_event(line("die", R"(,"exitCode":"137","execDuration":"3")"));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, Type::die);
    EXPECT_EQ(event->docker_id, "abc");
    EXPECT_EQ(event->container_id, "0123456789ab");
    EXPECT_EQ(event->name, "flow-web");
    EXPECT_EQ(event->exit_code, 137);
    EXPECT_EQ(domain::to_nanos(event->time), 1795256046900748298);
}

TEST(ParseEvent, EachAction) {
    for (const Type type :
         {Type::create, Type::start, Type::die, Type::oom, Type::kill, Type::stop, Type::destroy,
          Type::rename, Type::update, Type::pause, Type::unpause}) {
        const auto event = parse_event(line(std::string{to_string(type)}, ""));
        ASSERT_TRUE(event);
        EXPECT_EQ(event->type, type);
    }
    for (const char* action : {"health_status: unhealthy", "health_status: healthy",
                               "health_status"}) {
        EXPECT_EQ(parse_event(line(action, ""))->type, Type::health);
    }
}

TEST(ParseEvent, KillWithNumberNameOrNonsense) {
    EXPECT_EQ(parse_event(line("kill", R"(,"signal":"15")"))->signal, SIGTERM);
    EXPECT_EQ(parse_event(line("kill", R"(,"signal":"SIGHUP")"))->signal, SIGHUP);
    EXPECT_EQ(parse_event(line("kill", R"(,"signal":"kill")"))->signal, SIGKILL);
    EXPECT_EQ(parse_event(line("kill", R"(,"signal":"")"))->signal, 0);
    EXPECT_EQ(parse_event(line("kill", R"(,"signal":"999")"))->signal, 0);
    EXPECT_EQ(parse_event(line("kill", ""))->signal, 0);
    EXPECT_EQ(parse_event(line("kill", R"(,"signal":9)"))->signal, 0);
}

TEST(ParseEvent, SkipsWhatItDoesNotKnow) {
    for (const std::string& text :
         {line("exec_create: sh", ""), line("attach", ""), line("", ""), std::string{},
          std::string{"{"}, std::string{"[]"}, std::string{"null"}, std::string{"\"text\""},
          std::string{R"({"Type":"network","Action":"connect","Actor":{"ID":"a"}})"},
          std::string{R"({"Type":"container","Action":"die"})"},
          std::string{R"({"Type":"container","Action":"die","Actor":{"ID":""}})"},
          std::string{R"({"Type":"container","Action":7,"Actor":[]})"}}) {
        EXPECT_FALSE(parse_event(text)) << text;
    }
}

TEST(ParseEvent, SecondsWhenThereAreNoNanoseconds) {
    const auto event = parse_event(
        R"({"Type":"container","Action":"die","Actor":{"ID":"a"},"time":1795256046})");
    ASSERT_TRUE(event);
    EXPECT_EQ(domain::to_nanos(event->time), 1795256046'000'000'000);
}

TEST(ParseNetworkEvent, NamesTheContainerAndWhetherItJoined) {
    const auto text = [](const char* type, const char* action, const char* attributes) {
        return std::string{R"({"Type":")"} + type + R"(","Action":")" + action +
               R"(","Actor":{"ID":"n1","Attributes":{)" + attributes +
               R"(}},"timeNano":1795256046000000001})";
    };
    const char* const attributes = R"("container":"c1","name":"flow-net","type":"bridge")";
    const auto left = parse_network_event(text("network", "disconnect", attributes));
    ASSERT_TRUE(left);
    EXPECT_FALSE(left->connected);
    EXPECT_EQ(left->docker_id, "c1");
    EXPECT_EQ(left->network, "flow-net");
    EXPECT_EQ(domain::to_nanos(left->time), 1795256046'000'000'001);
    EXPECT_TRUE(parse_network_event(text("network", "connect", attributes))->connected);
    for (const std::string& other : {text("network", "create", attributes),
                                     text("network", "connect", R"("name":"flow-net")"),
                                     text("container", "connect", attributes), std::string{"[]"}}) {
        EXPECT_FALSE(parse_network_event(other)) << other;
    }
}

}  // namespace
}  // namespace flow::docker
