#include "domain/manifest.hpp"

#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::errors_of;

constexpr const char* kGood = R"(apiVersion: flow/v1
kind: Container
metadata:
  name: web
  labels:
    tier: front
    version: 2
  annotations: {owner: me}
spec:
  image: nginx:1.25
  restart: no
  ports:
    - 8080:80
  environment:
    VERSION: 1.10
    DEBUG: yes
)";

ManifestDocument only(const std::string& text) {
    ManifestFile file = read_manifest(text, "web.yaml");
    EXPECT_TRUE(file.problems.empty()) << file.problems.front().to_text();
    EXPECT_EQ(file.documents.size(), 1u);
    return file.documents.empty() ? ManifestDocument{} : std::move(file.documents.front());
}

std::string problems(const std::string& text) {
    std::string all;
    for (const ManifestProblem& problem : read_manifest(text, "web.yaml").problems) {
        all += problem.to_text() + "\n";
    }
    return all;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(Manifest, AContainer) {
    const ManifestDocument document = only(kGood);
    EXPECT_EQ(document.kind, "Container");
    EXPECT_EQ(document.name, "web");
    EXPECT_EQ(document.labels.dump(), R"({"tier":"front","version":"2"})");
    EXPECT_EQ(document.annotations.dump(), R"({"owner":"me"})");
    EXPECT_EQ(document.line, 1);
    const auto parsed = parse_manifest_spec(document);
    ASSERT_TRUE(parsed.has_value()) << errors_of(parsed);
    EXPECT_EQ(parsed->desired_state, DesiredState::running);
    EXPECT_EQ(parsed->spec.name, "web");
    EXPECT_EQ(parsed->spec.restart.policy, Restart::Policy::no);
    EXPECT_EQ(parsed->spec.ports, (std::vector<Port>{{80, "tcp", 8080, ""}}));
    EXPECT_EQ(parsed->spec.environment.at("VERSION"), "1.10");
    EXPECT_EQ(parsed->spec.environment.at("DEBUG"), "yes");
    EXPECT_EQ(parsed->spec.labels,
              (std::map<std::string, std::string>{{"tier", "front"}, {"version", "2"}}));
}

TEST(Manifest, DesiredStateCanBeGiven) {
    const auto parsed =
        parse_manifest_spec(only(std::string(kGood) + "  desired_state: created\n"));
    EXPECT_EQ(parsed->desired_state, DesiredState::created);
}

TEST(Manifest, LabelsOfMetadataAndSpecAreOne) {
    const auto map =
        parse_manifest_spec(only(std::string(kGood) + "  labels: {own: x, tier: front}\n"));
    EXPECT_EQ(map->spec.labels.size(), 3u);
    const auto list = parse_manifest_spec(only(std::string(kGood) + "  labels: [own=x]\n"));
    EXPECT_EQ(list->spec.labels.at("tier"), "front");
    EXPECT_EQ(list->spec.labels.at("own"), "x");
    EXPECT_EQ(problems(std::string(kGood) + "  labels:\n    tier: back\n"),
              "web.yaml:18: spec.labels.tier: differs from metadata.labels; give it once\n");
}

TEST(Manifest, TheDigestIsOfTheContentOnly) {
    const std::string digest = only(kGood).digest;
    EXPECT_EQ(digest.size(), 64u);
    EXPECT_EQ(only("# a comment\n" + std::string(kGood) + "\n\n").digest, digest);
    EXPECT_EQ(only(replaced(kGood, "    tier: front\n    version: 2\n",
                            "    version: 2\n    tier: front\n"))
                  .digest,
              digest);
    EXPECT_NE(only(replaced(kGood, "nginx:1.25", "nginx:1.26")).digest, digest);
    EXPECT_NE(only(replaced(kGood, "owner: me", "owner: you")).digest, digest);
}

TEST(Manifest, ErrorsOfTheSpecHaveTheirLines) {
    const ManifestDocument document =
        only(replaced(kGood, "8080:80", "8080:x") + "  mem_limit: 5\n");
    const auto parsed = parse_manifest_spec(document);
    ASSERT_TRUE(parsed.has_error());
    const auto found = to_problems(document, "web.yaml", parsed.error());
    ASSERT_EQ(found.size(), 2u);
    EXPECT_TRUE(found[0].to_text().starts_with("web.yaml:13: spec.ports[0]: the container's port"))
        << found[0].to_text();
    EXPECT_EQ(found[1].to_text(), "web.yaml:17: spec.mem_limit: use resources.memory");
}

TEST(Manifest, OtherErrorsGetALineToo) {
    const ManifestDocument document = only(kGood);
    const Error policy = validation_failed({{"network_mode", "is not allowed"}});
    EXPECT_EQ(to_problems(document, "f", policy).at(0).to_text(),
              "f:9: spec.network_mode: is not allowed");
    Error plain;
    plain.message = "the disk is full";
    EXPECT_EQ(to_problems(document, "f", plain).at(0).to_text(), "f:1: the disk is full");
}

TEST(Manifest, WhatIsWrongIsToldWithFileLineAndField) {
    const std::string good = kGood;
    EXPECT_EQ(problems(replaced(good, "flow/v1", "v1")),
              "web.yaml:1: apiVersion: must be flow/v1, not \"v1\"\n");
    EXPECT_EQ(problems(replaced(good, "kind: Container", "kind: Job")), "");
    EXPECT_EQ(problems(replaced(good, "kind: Container", "kind: Pod")),
              "web.yaml:2: kind: must be Container or Job, not \"Pod\"\n");
    EXPECT_EQ(problems(replaced(good, "  name: web\n", "")),
              "web.yaml:3: metadata.name: is required\n");
    EXPECT_NE(problems(replaced(good, "name: web", "name: 0123456789ab"))
                  .find("web.yaml:4: metadata.name: would pass"),
              std::string::npos);
    EXPECT_NE(problems(replaced(good, "annotations: {owner: me}", "namespace: x"))
                  .find("web.yaml:8: metadata.namespace:"),
              std::string::npos);
    EXPECT_NE(problems(replaced(good, "tier: front", "tier: [a]"))
                  .find("web.yaml:6: metadata.labels.tier: must be"),
              std::string::npos);
    EXPECT_EQ(problems(good + "status: {}\n"), "web.yaml:17: status: unknown field\n");
    EXPECT_EQ(problems(good + "  name: other\n"),
              "web.yaml:17: spec.name: differs from metadata.name; leave it out\n");
    EXPECT_EQ(problems(good + "  image: twice\n"), "web.yaml:17: spec.image: is given twice\n");
    EXPECT_EQ(problems("apiVersion: flow/v1\nkind: Container\nmetadata: {name: x}\nspec: 5\n"),
              "web.yaml:4: spec: must be a map, not a number\n");
    EXPECT_NE(problems("services:\n  web: {}\n").find("this is a Compose file"), std::string::npos);
    EXPECT_NE(problems("just text\n").find("web.yaml:1: a document must be a map"),
              std::string::npos);
    EXPECT_NE(problems("a: [").find("web.yaml:"), std::string::npos);
}

TEST(Manifest, SeveralDocuments) {
    const std::string second = replaced(kGood, "name: web", "name: db");
    EXPECT_EQ(read_manifest(std::string(kGood) + "---\n" + second, "f").documents.size(), 2u);
    EXPECT_EQ(problems(std::string(kGood) + "---\n" + replaced(kGood, "name: web", "name: WEB")),
              "web.yaml:21: metadata.name: \"WEB\" is declared twice in this file\n");
    const ManifestFile file = read_manifest("kind: Container\n---\n" + second, "f");
    EXPECT_EQ(file.documents.size(), 1u);
    EXPECT_EQ(file.problems.size(), 3u) << "apiVersion, metadata and spec of the first";
}

}  // namespace
}  // namespace flow::domain
