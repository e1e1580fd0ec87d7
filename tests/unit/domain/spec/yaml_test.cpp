#include "domain/yaml.hpp"

#include <gtest/gtest.h>

namespace flow::domain {
namespace {

YamlDocument only(const std::string& text) {
    YamlStream stream = read_yaml(text);
    EXPECT_TRUE(stream.problems.empty()) << text << ": " << stream.problems.front().message;
    EXPECT_EQ(stream.documents.size(), 1u) << text;
    return stream.documents.empty() ? YamlDocument{} : std::move(stream.documents.front());
}

YamlProblem problem(const std::string& text, const YamlLimits& limits = {}) {
    const YamlStream stream = read_yaml(text, limits);
    EXPECT_FALSE(stream.problems.empty()) << text;
    return stream.problems.empty() ? YamlProblem{} : stream.problems.front();
}

TEST(Yaml, ScalarsOfTheCoreSchema) {
    const std::vector<std::pair<const char*, const char*>> cases{
        {"5", "5"},           {"-5", "-5"},         {"0", "0"},         {"1.5", "1.5"},
        {"true", "true"},     {"False", "false"},   {"~", "null"},      {"null", "null"},
        {"", "null"},         {"text", "\"text\""}, {"\"5\"", "\"5\""}, {"'true'", "\"true\""},
        {"!!str 5", "\"5\""}, {"!!int 5", "5"},     {"\"\"", "\"\""}};
    for (const auto& [yaml, json] : cases) {
        EXPECT_EQ(only("v: " + std::string(yaml)).value.at("v").dump(), json) << yaml;
    }
}

TEST(Yaml, WhatIsNoNumberInYaml12StaysText) {
    for (const char* text : {"no",    "yes",
                             "on",    "off",
                             "y",     "8080:80",
                             "22:22", "1:30:00",
                             "1.10",  "007",
                             "0x1F",  "0o17",
                             "1e3",   "1_000",
                             "+5",    "-0",
                             ".5",    "5.",
                             ".inf",  "2026-11-21",
                             "1.0.0", "99999999999999999999999"}) {
        EXPECT_EQ(only("v: " + std::string(text)).value.at("v"), Json(text)) << text;
    }
}

TEST(Yaml, SeveralDocumentsWithoutTheEmptyOnes) {
    const YamlStream stream = read_yaml("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n");
    ASSERT_EQ(stream.documents.size(), 2u);
    EXPECT_EQ(stream.documents[0].value.dump(), R"({"a":1})");
    EXPECT_EQ(stream.documents[1].value.dump(), R"({"b":2})");
    EXPECT_EQ(stream.documents[1].line_of("b"), 7);
    EXPECT_TRUE(read_yaml("").documents.empty());
    EXPECT_TRUE(read_yaml("# only a comment\n").documents.empty());
}

TEST(Yaml, LinesOfPaths) {
    const YamlDocument document = only("a:\n  b:\n    - x\n    - {c: 1,\n       d: 2}\ne: 5\n");
    EXPECT_EQ(document.line_of("a"), 1);
    EXPECT_EQ(document.line_of("a.b"), 2);
    EXPECT_EQ(document.line_of("a.b[0]"), 3);
    EXPECT_EQ(document.line_of("a.b[1].c"), 4);
    EXPECT_EQ(document.line_of("a.b[1].d"), 5);
    EXPECT_EQ(document.line_of("e"), 6);
    EXPECT_EQ(document.line_of("a.b[7].z"), 2) << "the nearest around it";
    EXPECT_EQ(document.line_of("unknown"), 1);
}

TEST(Yaml, AliasesAndMergeKeys) {
    const YamlDocument document = only(
        "base: &base {a: 1, b: 2}\nown:\n  <<: *base\n  b: 3\nlist: [*base]\n"
        "two:\n  <<: [{a: 5}, {a: 6, c: 7}]\n");
    EXPECT_EQ(document.value.at("own").at("a"), 1);
    EXPECT_EQ(document.value.at("own").at("b"), 3);
    EXPECT_EQ(document.value.at("list").at(0).at("b"), 2);
    EXPECT_EQ(document.value.at("two").dump(), R"({"a":5,"c":7})");
    EXPECT_EQ(only("\"<<\": 5").value.at("<<"), 5);
}

TEST(Yaml, ProblemsHaveLineAndField) {
    const YamlProblem twice = problem("a:\n  b: 1\n  c: 2\n  b: 3\n");
    EXPECT_EQ(twice.line, 4);
    EXPECT_EQ(twice.field, "a.b");
    EXPECT_EQ(twice.message, "is given twice");
    EXPECT_EQ(problem("a: 1\nb: [1, 2\nc: 3\n").line, 3);
    EXPECT_NE(problem("a: [").message.find("is not YAML"), std::string::npos);
    EXPECT_NE(problem("a: *none").message.find("is not YAML"), std::string::npos);
    EXPECT_NE(problem("a: !secret x").message.find("tag"), std::string::npos);
    EXPECT_NE(problem("? [a]\n: 1").message.find("not a plain text"), std::string::npos);
    EXPECT_NE(problem("<<: 5").message.find("must name a map"), std::string::npos);
    EXPECT_NE(problem("a: \"\\0\"").message.find("NUL"), std::string::npos);
}

TEST(Yaml, OneBadDocumentDoesNotHideTheOthersProblems) {
    const YamlStream stream = read_yaml("a: 1\na: 2\n---\nb: 1\n---\nc: 1\nc: 2\n");
    EXPECT_EQ(stream.documents.size(), 1u);
    ASSERT_EQ(stream.problems.size(), 2u);
    EXPECT_EQ(stream.problems[1].line, 7);
}

TEST(Yaml, Limits) {
    std::string deep;
    for (int i = 0; i < 40; ++i) {
        deep += "[";
    }
    EXPECT_NE(problem(deep + std::string(40, ']')).message.find("nested deeper"),
              std::string::npos);
    std::string wide;
    for (int i = 0; i < 2001; ++i) {
        wide += "k" + std::to_string(i) + ": 1\n";
    }
    EXPECT_NE(problem(wide).message.find("more than 2000 fields"), std::string::npos);
    EXPECT_NE(problem(std::string(100'000, '[')).message, "");
    EXPECT_NE(problem(std::string(2'000'000, 'x')).message.find("larger than"), std::string::npos);
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int j = 1; j < 10; ++j) {
            laughs += ", " + before;
        }
        laughs += "]\n";
    }
    EXPECT_NE(problem(laughs).message.find("aliases counted"), std::string::npos);
    EXPECT_NE(problem("a: &a [*a]").message, "");
}

}  // namespace
}  // namespace flow::domain
