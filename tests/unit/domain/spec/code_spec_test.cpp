// code, code_path and workspace in a spec: forms, defaults, what is wrong, patches, and what a change of them asks for.
#include "unit/domain/spec/support.hpp"

namespace flow::domain {
namespace {

using test::errors_of;
using test::good;
using test::parse_text;
using test::with;

const std::string kDigest(64, 'a');

Spec captured(const std::string& digest = kDigest) {
    Spec spec = with(R"("code": {"path": "/srv/flow"})");
    spec.code.edit().digest = digest;
    spec.code.edit().file_count = 1;
    spec.code.edit().bytes = 4;
    spec.code.edit().contents = {{"main", 4}};
    return spec;
}

Spec patched(const Spec& spec, const std::string& patch) {
    auto result = apply_patch(spec, Json::parse(patch));
    EXPECT_TRUE(result.has_value()) << patch << " " << errors_of(result);
    return result ? result->spec : Spec{};
}

TEST(CodeSpec, CodePathIsShortForCode) {
    const Spec spec = good(R"({"code_path": "/srv/flow/"})");
    EXPECT_EQ(spec.code->path, "/srv/flow");
    EXPECT_EQ(spec.code->target, "/app");
    EXPECT_EQ(spec, good(R"({"code": {"path": "/srv/flow"}})"));
}

TEST(CodeSpec, ImageAndProfileHaveOtherDefaultsWithCode) {
    const Spec spec = good(R"({"code_path": "/srv/flow"})");
    EXPECT_EQ(spec.image, "flow:latest");
    EXPECT_EQ(spec.security.profile, SecurityProfile::restricted);
    EXPECT_EQ(captured().image, "busybox");
    EXPECT_EQ(captured().security.profile, SecurityProfile::restricted);
    EXPECT_EQ(with("\"user\": \"1\"").security.profile, SecurityProfile::baseline);
    EXPECT_EQ(with(R"("code_path": "/x", "security": {"profile": "baseline"})").security.profile,
              SecurityProfile::baseline);
}

TEST(CodeSpec, FilesAsTextAndAsBase64) {
    const Spec spec = good(R"({"code": {"files": {"main": "#!/bin/sh\n", "lib/data.bin":
        {"base64": "AP+A\nAQ=="}, "empty": ""}, "target": "/srv/x"}})");
    EXPECT_EQ(spec.code->given.at("main"), "#!/bin/sh\n");
    EXPECT_EQ(spec.code->given.at("lib/data.bin"), std::string("\x00\xff\x80\x01", 4));
    EXPECT_EQ(spec.code->given.at("empty"), "");
    EXPECT_EQ(spec.code->target, "/srv/x");
}

TEST(CodeSpec, BadFileNamesAreRefusedWithTheirPath) {
    for (const std::string name :
         {"/main", "../main", "a/../b", "a//b", "./a", "a/", "", "a/.", "..", "a\\nb", "a\\u0000"}) {
        const auto result = parse_text("{\"code\": {\"files\": {\"" + name + "\": \"x\"}}}");
        EXPECT_NE(errors_of(result).find("code.files"), std::string::npos) << name;
    }
    const std::string long_part(256, 'x');
    EXPECT_NE(errors_of(parse_text("{\"code\": {\"files\": {\"" + long_part + "\": \"x\"}}}")), "");
    EXPECT_EQ(errors_of(parse_text("{\"code\": {\"files\": {\"" + long_part.substr(1) + "\": \"x\"}}}")), "");
}

TEST(CodeSpec, BadInput) {
    const auto error = [](const std::string& code) {
        return errors_of(parse_text("{\"image\": \"x\", " + code + "}"));
    };
    EXPECT_NE(error(R"("code": {})").find("code: needs path"), std::string::npos);
    EXPECT_NE(error(R"("code": "x")").find("code: must be an object"), std::string::npos);
    EXPECT_NE(error(R"("code": {"path": "x"})").find("code.path: must be an absolute path"), std::string::npos);
    EXPECT_NE(error(R"("code": {"path": "/a/../b"})").find("code.path"), std::string::npos);
    EXPECT_NE(error(R"("code": {"path": "/a", "files": {"a": "b"}})").find("give one of them"), std::string::npos);
    EXPECT_NE(error(R"("code": {"files": {}})").find("code.files: must be a map"), std::string::npos);
    EXPECT_NE(error(R"("code": {"files": {"a": 3}})").find("code.files.a"), std::string::npos);
    EXPECT_NE(error(R"("code": {"files": {"a": {"base64": "AB="}}})").find("is not base64"), std::string::npos);
    EXPECT_NE(error(R"("code": {"files": {"a": {"base64": "A==="}}})").find("is not base64"), std::string::npos);
    EXPECT_NE(error(R"("code": {"files": {"a": {"base64": "AB==CD=="}}})").find("is not base64"), std::string::npos);
    EXPECT_NE(error(R"("code": {"files": {"a": "b", "a/b": "c"}})").find("which is a file itself"), std::string::npos);
    EXPECT_NE(error(R"("code": {"path": "/a", "target": "/"})").find("code.target"), std::string::npos);
    EXPECT_NE(error(R"("code": {"digest": "abc"})").find("code.digest: must be 64"), std::string::npos);
    EXPECT_NE(error(R"("code_path": "/a", "code": {"path": "/a"})").find("not both"), std::string::npos);
    const std::string twice = error(R"("code_path": "/a", "volumes": ["vol:/app"])");
    EXPECT_NE(twice.find("mounts at"), std::string::npos) << twice;
    EXPECT_NE(error(R"("workspace": true, "tmpfs": "/workspace")").find("mounts at"), std::string::npos);
    EXPECT_NE(error(R"("workspace": "12k")").find("workspace: must be true, or a size"), std::string::npos);
    EXPECT_NE(error(R"("workspace": [])").find("workspace"), std::string::npos);
}

TEST(CodeSpec, WorkspaceIsOnOffOrASize) {
    EXPECT_EQ(with("\"workspace\": true").workspace, (Workspace{true, 0}));
    EXPECT_EQ(with("\"workspace\": false").workspace, Workspace{});
    EXPECT_EQ(with("\"workspace\": \"64m\"").workspace, (Workspace{true, 64 << 20}));
    EXPECT_EQ(to_canonical(with("\"workspace\": \"64m\"")).at("workspace"), 64 << 20);
    EXPECT_FALSE(to_canonical(with("\"workspace\": false")).contains("workspace"));
    EXPECT_EQ(change_between(with("\"workspace\": true"), with("\"workspace\": \"64m\"")), ChangeKind::recreate);
}

TEST(CodeSpec, TheCanonicalFormHasWhatWasFoundAndNeverTheContent) {
    const Spec spec = captured();
    const Json form = to_canonical(spec);
    EXPECT_EQ(form.at("code").dump(),
              "{\"digest\":\"" + kDigest + "\",\"path\":\"/srv/flow\",\"target\":\"/app\",\"file_count\":1,"
              "\"bytes\":4,\"contents\":{\"main\":4}}");
    EXPECT_EQ(good(form.dump()), spec);
    const Spec given = good(R"({"code": {"files": {"main": "secret"}}})");
    EXPECT_EQ(to_canonical(given).dump().find("secret"), std::string::npos);
}

TEST(CodeSpec, APatchWithoutCodeLeavesItAlone) {
    const Spec spec = captured();
    EXPECT_EQ(patched(spec, R"({"labels": {"a": "b"}})").code, spec.code);
    EXPECT_EQ(patched(spec, R"({"code": {"target": "/srv/x"}})").code->digest, kDigest);
    EXPECT_EQ(patched(spec, R"({"code": {"target": "/srv/x"}})").code->target, "/srv/x");
}

TEST(CodeSpec, APatchWithCodeReadsItAnew) {
    Spec spec = captured();
    spec.code.edit().target = "/srv/x";
    for (const std::string patch : {R"({"code_path": "/srv/other"})", R"({"code": {"path": "/srv/other"}})"}) {
        const Code code = *patched(spec, patch).code;
        EXPECT_EQ(code.digest, "");
        EXPECT_EQ(code.path, "/srv/other");
        EXPECT_EQ(code.target, "/srv/x");
        EXPECT_TRUE(code.contents.empty());
    }
    const Code files = *patched(spec, R"({"code": {"files": {"main": "x"}}})").code;
    EXPECT_EQ(files.path, "");
    EXPECT_EQ(files.given.size(), 1U);
    EXPECT_FALSE(patched(spec, R"({"code": null})").code->wanted());
    EXPECT_FALSE(patched(spec, R"({"code_path": null})").code->wanted());
    EXPECT_EQ(patched(spec, R"({"code": null, "code_path": "/srv/other"})").code->path, "/srv/other");
    for (const char* wrong : {R"({"code": "x", "code_path": "/a"})", R"({"code": 3})", R"({"code": {"path": 3}})"}) {
        EXPECT_NE(errors_of(apply_patch(spec, Json::parse(wrong))).find("code"), std::string::npos) << wrong;
    }
    EXPECT_NE(errors_of(apply_patch(spec, Json::parse(R"({"code_path": "/a", "code": {"path": "/b"}})")))
                  .find("not both"), std::string::npos);
    EXPECT_NE(errors_of(apply_patch(spec, Json::parse(R"({"code": {"file": "x"}})"))).find("code.file"),
              std::string::npos);
}

TEST(CodeSpec, OtherCodeIsAChangeOfItsOwn) {
    const Spec spec = captured();
    Spec other = captured(std::string(64, 'b'));
    EXPECT_EQ(change_between(spec, other), ChangeKind::code);
    EXPECT_EQ(spec_hash(spec), spec_hash(other));
    EXPECT_EQ(changed_fields(spec, other), std::vector<std::string>{"code"});
    other.resources.memory = 64 << 20;
    EXPECT_EQ(change_between(spec, other), ChangeKind::recreate);
    Spec moved = spec;
    moved.code.edit().path = "/srv/same";
    EXPECT_EQ(change_between(spec, moved), ChangeKind::none);
    Spec elsewhere = spec;
    elsewhere.code.edit().target = "/srv/x";
    EXPECT_EQ(change_between(spec, elsewhere), ChangeKind::recreate);
    const Spec without = patched(spec, R"({"code": null})");
    EXPECT_EQ(change_between(without, spec), ChangeKind::recreate);
    EXPECT_EQ(change_between(spec, without), ChangeKind::recreate);
    EXPECT_NE(spec_hash(spec), spec_hash(without));
}

}  // namespace
}  // namespace flow::domain
