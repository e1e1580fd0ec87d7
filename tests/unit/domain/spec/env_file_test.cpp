// env_file: what its files say becomes a part of the environment, and is never quoted (contract 2).
#include <gtest/gtest.h>

#include <map>

#include "domain/policy.hpp"
#include "domain/spec_canonical.hpp"
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

const std::map<std::string, std::string> kFiles{
    {"/srv/a.env", "# a comment\n\nA=1\nexport B = two words # here\nC=\"quo ted # not\"\r\nD= # none\nE='x' # y\nF=\"a\\\"b\""},
    {"/srv/b.env", "A=2\nTOKEN=s3cret"},
    {"/srv/bad.env", "A=1\ns3cret\n=s3cret\nFLOW_NAME=s3cret\nKEY=\"s3cret\ns3c+ret==\nB='a's3cret\n"},
};

Result<std::string> resolve(const std::string& path) {
    Error error;
    error.message = "does not exist";
    return path == "/srv/missing" ? Result<std::string>{error} : Result<std::string>{path};
}

Result<void> read(Spec& spec) {
    return read_env_files(spec, Policy{}, resolve, [](const std::string& path) {
        return Result<std::string>{kFiles.at(path)};
    });
}

Spec parsed(const char* json) {
    return parse_spec(Json::parse(json)).value().spec;
}

TEST(EnvFile, ItsLinesAreVariables) {
    Spec spec = parsed(R"({"image": "x", "env_file": "/srv/a.env"})");
    ASSERT_TRUE(read(spec));
    const std::map<std::string, std::string> wanted{
        {"A", "1"}, {"B", "two words"}, {"C", "quo ted # not"}, {"D", ""}, {"E", "x"}, {"F", "a\"b"}};
    EXPECT_EQ(spec.environment, wanted);
}

TEST(EnvFile, ALaterFileWinsAndTheRequestOverBoth) {
    Spec spec = parsed(R"({"image": "x", "environment": {"B": "mine"},
                           "env_file": ["/srv/a.env", "/srv/b.env"]})");
    ASSERT_TRUE(read(spec));
    EXPECT_EQ(spec.environment.at("A"), "2");
    EXPECT_EQ(spec.environment.at("B"), "mine");
    Spec same = parsed(R"({"image": "x"})");
    same.environment = spec.environment;
    EXPECT_EQ(spec, same) << "nothing else is left of it";
}

TEST(EnvFile, AnUpdateReplacesWhatIsThereButNotWhatItNamesItself) {
    Spec current = parsed(R"({"image": "x", "environment": {"A": "old", "B": "old", "Z": "old"}})");
    const Json patch = Json::parse(R"({"env_file": "/srv/a.env", "environment": {"B": "mine"}})");
    Spec spec = apply_patch(current, patch, {}).value().spec;
    ASSERT_TRUE(read(spec));
    EXPECT_EQ(spec.environment.at("A"), "1");
    EXPECT_EQ(spec.environment.at("B"), "mine");
    EXPECT_EQ(spec.environment.at("Z"), "old");
}

TEST(EnvFile, WhatIsWrongIsNamedByLineAndNeverQuoted) {
    Spec spec = parsed(R"({"image": "x", "env_file": ["/srv/bad.env", "/srv/missing"]})");
    const auto result = read(spec);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().type, ErrorType::validation_error);
    const std::string text = result.error().to_json().dump();
    EXPECT_EQ(text.find("s3cret"), std::string::npos) << text;
    for (const char* part : {"line 2 of /srv/bad.env", "line 3", "line 4", "line 5", "line 6", "line 7", "does not exist", "env_file[1]"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    }
}

TEST(EnvFile, ThePolicyHolds) {
    Spec spec = parsed(R"({"image": "x", "env_file": "/etc/shadow"})");
    const auto result = read(spec);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().type, ErrorType::forbidden);
}

}  // namespace
}  // namespace flow::domain
