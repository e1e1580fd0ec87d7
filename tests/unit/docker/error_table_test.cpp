// The engine's messages, as recorded, and what they mean.
#include <gtest/gtest.h>

#include "docker/error_table.hpp"

namespace flow::docker {
namespace {

using domain::EngineFailure;
using domain::ErrorType;

struct Row {
    const char* verb;
    int status;
    const char* message;
    EngineFailure failure;
    const char* field;
    const char* cause = "";
};

domain::Error error_of(const Row& row) {
    domain::Json body;
    body["message"] = row.message;
    return engine_error(EngineCall{row.verb, "container x", "abc"}, row.status, body.dump());
}

class ErrorTable : public ::testing::TestWithParam<Row> {};

TEST_P(ErrorTable, Means) {
    const Row& row = GetParam();
    const domain::Error error = error_of(row);
    EXPECT_EQ(static_cast<int>(error.engine), static_cast<int>(row.failure)) << row.message;
    EXPECT_EQ(error.details.value("field", ""), row.field) << row.message;
    EXPECT_EQ(error.details.value("cause", ""), row.cause) << row.message;
    EXPECT_NE(error.message.find(row.message), std::string::npos);
    EXPECT_EQ(error.details["engine_message"], row.message);
    EXPECT_EQ(error.details["status"], row.status);
    EXPECT_EQ(error.details["engine_call"], row.verb);
}

const Row kRows[] = {
    {"start", 500,
     "driver failed programming external connectivity on endpoint x (ab): Bind for "
     "127.0.0.1:28080 failed: port is already allocated",
     EngineFailure::retryable, "ports", "port_conflict"},
    {"start", 500,
     "driver failed programming external connectivity on endpoint x: Error starting userland "
     "proxy: listen tcp4 0.0.0.0:80: bind: address already in use",
     EngineFailure::retryable, "ports", "port_conflict"},
    {"start", 400,
     "OCI runtime create failed: container_linux.go:380: starting container process caused: exec: "
     "\"nope\": executable file not found in $PATH: unknown",
     EngineFailure::refused, "command"},
    {"start", 400,
     "OCI runtime create failed: runc create failed: unable to start container process: exec: "
     "\"/nope\": stat /nope: no such file or directory: unknown",
     EngineFailure::refused, "command"},
    {"start", 400,
     "OCI runtime create failed: runc create failed: unable to start container process: exec: "
     "\"/etc\": permission denied: unknown",
     EngineFailure::refused, "command"},
    {"start", 500,
     "OCI runtime create failed: runc create failed: unable to start container process: error "
     "during container init: error setting rlimits for ready process: error setting rlimit type "
     "7: operation not permitted: unknown",
     EngineFailure::refused, "resources.ulimits"},
    {"start", 500, "unable to find user nobody2: no matching entries in passwd file",
     EngineFailure::refused, "user"},
    {"start", 500,
     "OCI runtime create failed: runc create failed: container init was OOM-killed (memory limit "
     "too low?): unknown",
     EngineFailure::refused, "resources.memory"},
    {"start", 400, "invalid mount config for type \"bind\": bind source path does not exist: /x",
     EngineFailure::retryable, "volumes", "source_missing"},
    {"create", 400, "invalid mount config for type \"bind\": bind source path does not exist: /x",
     EngineFailure::retryable, "volumes", "source_missing"},
    {"create", 400, "invalid mount config for type \"volume\": field Target must not be empty",
     EngineFailure::refused, "volumes"},
    {"create", 400, "Minimum memory limit allowed is 6MB", EngineFailure::refused,
     "resources.memory"},
    {"create", 400,
     "Minimum memory limit can not be less than memory reservation limit, see usage",
     EngineFailure::refused, "resources.memory_reservation"},
    {"create", 400,
     "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
     EngineFailure::refused, "resources.cpus"},
    {"create", 400, "invalid CapAdd: unknown capability: \"CAP_NOPE\"", EngineFailure::refused,
     "security.cap_add"},
    {"create", 400, "something new that is wrong with it", EngineFailure::refused, ""},
    {"create", 404, "No such image: nope:1", EngineFailure::no_such_image, "image"},
    {"create", 500, "unexpected EOF", EngineFailure::retryable, ""},
    {"start", 404, "network 4f5e not found", EngineFailure::no_such_network, "networks",
     "network_missing"},
    {"start", 400, "something new", EngineFailure::retryable, ""},
    {"start", 500, "something new", EngineFailure::retryable, ""},
    {"start", 404, "No such container: abc", EngineFailure::no_such_container, ""},
    {"start", 409, "container is marked for removal and cannot be started",
     EngineFailure::in_progress, ""},
    {"remove", 409, "removal of container abc is already in progress", EngineFailure::in_progress,
     ""},
    {"kill", 409, "Cannot kill container: abc: Container abc is not running",
     EngineFailure::not_running, ""},
    {"list", 400,
     "client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade",
     EngineFailure::away, "", "api_version"},
    {"start", 500, "write /var/lib/docker/x: no space left on device", EngineFailure::retryable, "",
     "disk_full"},
};

INSTANTIATE_TEST_SUITE_P(Recorded, ErrorTable, ::testing::ValuesIn(kRows));

TEST(EngineError, NameTakenNamesTheHolder) {
    const std::string holder(64, 'c');
    const domain::Error error = engine_error(
        EngineCall{"create", "container flow-web", ""}, 409,
        R"({"message":"Conflict. The container name \"/flow-web\" is already in use by )"
        R"(container \")" +
            holder + R"(\". You have to remove (or rename) that container."})");
    EXPECT_EQ(error.engine, EngineFailure::name_taken);
    EXPECT_EQ(error.type, ErrorType::name_conflict);
    EXPECT_EQ(error.details["holder_id"], holder);
    EXPECT_FALSE(error.details.contains("docker_id"));
}

TEST(EngineError, ANameOfHexIsNotTheHolder) {
    const domain::Error error =
        engine_error(EngineCall{"create", "x", ""}, 409,
                     "The container name \"/abcdefabcdefabcd\" is already in use by container "
                     "\"1234567890ab\".");
    EXPECT_EQ(error.details["holder_id"], "1234567890ab");
}

TEST(EngineError, TextThatIsNotJsonIsQuotedAndBounded) {
    domain::Error error = engine_error(EngineCall{"list", "x", ""}, 502, "<html>\nbad gateway\n");
    EXPECT_NE(error.message.find("<html> bad gateway\""), std::string::npos) << error.message;
    error = engine_error(EngineCall{"list", "x", ""}, 500, std::string(100000, 'x'));
    EXPECT_LT(error.message.size(), 3000u);
    error = engine_error(EngineCall{"list", "x", ""}, 500, "");
    EXPECT_NE(error.message.find("(no message)"), std::string::npos);
    std::string umlauts;
    for (int i = 0; i < 2000; ++i) {
        umlauts += "\xc3\xa4";
    }
    error = engine_error(EngineCall{"list", "x", ""}, 500, "x" + umlauts);
    EXPECT_NO_THROW(error.to_json().dump());   // throws on broken UTF-8
}

TEST(EngineError, TypesOfPlainStatuses) {
    EXPECT_EQ(engine_error(EngineCall{"list", "x", ""}, 401, "no").type, ErrorType::unauthorized);
    EXPECT_EQ(engine_error(EngineCall{"list", "x", ""}, 403, "no").type, ErrorType::forbidden);
}

struct PullRow {
    const char* message;
    const char* cause;
    EngineFailure failure;
};

class PullTable : public ::testing::TestWithParam<PullRow> {};

TEST_P(PullTable, Cause) {
    const domain::Error error = pull_error("x:1", GetParam().message);
    EXPECT_EQ(error.details.value("cause", ""), GetParam().cause) << GetParam().message;
    EXPECT_EQ(static_cast<int>(error.engine), static_cast<int>(GetParam().failure));
    const std::string cause = GetParam().cause;
    EXPECT_EQ(error.type, cause.empty() || cause == "disk_full" ? ErrorType::docker_api_error
                                                                : ErrorType::image_not_found);
}

const PullRow kPullRows[] = {
    {"pull access denied for nope, repository does not exist or may require 'docker login': "
     "denied: requested access to the resource is denied",
     "not_found", EngineFailure::no_such_image},
    {"manifest for localhost:5000/a:nope not found: manifest unknown: manifest unknown",
     "not_found", EngineFailure::no_such_image},
    {"Head \"https://r/v2/x/manifests/1\": no basic auth credentials", "unauthorized",
     EngineFailure::no_such_image},
    {"unauthorized: authentication required", "unauthorized", EngineFailure::no_such_image},
    {"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io on "
     "10.0.0.1:53: no such host",
     "registry_unreachable", EngineFailure::retryable},
    {"Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
     "registry_unreachable", EngineFailure::retryable},
    {"Get \"https://r/v2/\": net/http: request canceled (Client.Timeout exceeded)",
     "registry_unreachable", EngineFailure::retryable},
    {"toomanyrequests: You have reached your pull rate limit", "registry_unreachable",
     EngineFailure::retryable},
    {"failed to register layer: write /x: no space left on device", "disk_full", EngineFailure::retryable},
};

INSTANTIATE_TEST_SUITE_P(Recorded, PullTable, ::testing::ValuesIn(kPullRows));

}  // namespace
}  // namespace flow::docker
