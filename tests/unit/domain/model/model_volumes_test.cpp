// The engine's anonymous volumes: which are the row's, what a new engine container takes over, what goes with the row.
#include <gtest/gtest.h>

#include "domain/model/volumes.hpp"
#include "unit/domain/model/row.hpp"

namespace flow::domain::test {
namespace {

using Volumes = std::map<std::string, std::string>;
using Names = std::vector<std::string>;

std::string hex(char letter) { return std::string(64, letter); }

Mount volume_at(const std::string& target, const std::string& source = "") {
    Mount mount;
    mount.type = Mount::Type::volume;
    mount.source = source;
    mount.target = target;
    return mount;
}

Observed made_with(const Volumes& volumes) {
    Observed made;
    made.docker_id = "d1";
    for (const auto& [target, name] : volumes) {
        made.mounts.push_back({"volume", name, "", target});
    }
    return made;
}

Row row_with(const std::vector<Mount>& volumes) {
    Spec spec = plain_spec();
    spec.volumes = volumes;
    Row row = created_row(spec);
    return row;
}

TEST(ModelVolumes, ANameOfTheUsersIsNotAnonymousWhateverItLooksLike) {
    Row row = row_with({volume_at("/named", hex('a')), volume_at("/own")});
    model::record_volumes(row.record, made_with({{"/named", hex('a')}, {"/own", hex('b')}, {"/plain", "cache"}}), 1,
                          Role::main);
    EXPECT_EQ(row.status().anonymous_volumes, (Volumes{{"/own", hex('b')}}));
    EXPECT_EQ(model::volumes_of_its_own(row.record), Names{hex('b')});
}

TEST(ModelVolumes, ThoseOfTheImageAndOfTheSpecAreCarried) {
    Row row = row_with({volume_at("/own")});
    model::record_volumes(row.record, made_with({{"/own", hex('b')}, {"/image", hex('c')}}), 1, Role::main);
    EXPECT_EQ(model::carried_volumes(row.record, row.record.spec()),
              (Volumes{{"/image", hex('c')}, {"/own", hex('b')}}));
}

TEST(ModelVolumes, WhatTheSpecHasGivenUpIsNotCarried) {
    Row row = row_with({volume_at("/own"), volume_at("/code"), volume_at("/tmp/x")});
    model::record_volumes(
        row.record, made_with({{"/own", hex('b')}, {"/code", hex('c')}, {"/tmp/x", hex('d')}, {"/workspace", hex('e')}}),
        1, Role::main);
    Spec next = plain_spec();
    next.volumes = {volume_at("/code"), volume_at("/tmp/x")};
    next.code.edit().digest = hex('0');
    next.code.edit().target = "/code";
    next.tmpfs = {"/tmp/x:size=1m"};
    next.workspace.enabled = true;
    EXPECT_EQ(model::carried_volumes(row.record, next), Volumes{});
}

TEST(ModelVolumes, OnesOfTheNextCountFromTheKeepOn) {
    Row row = row_with({volume_at("/own")});
    model::record_volumes(row.record, made_with({{"/own", hex('b')}}), 1, Role::main);
    model::record_volumes(row.record, made_with({{"/new", hex('c')}}), 1, Role::next);
    EXPECT_EQ(row.status().anonymous_volumes, (Volumes{{"/own", hex('b')}}));    // a roll back goes on with these
    model::keep_volumes(row.record.status);
    EXPECT_EQ(row.status().anonymous_volumes, (Volumes{{"/new", hex('c')}}));
    EXPECT_EQ(model::volumes_of_its_own(row.record), (Names{hex('b'), hex('c')}));
}

TEST(ModelVolumes, OnesOfANextThatWasGivenUpGoWithTheRow) {
    Row row = row_with({});
    model::record_volumes(row.record, made_with({{"/new", hex('c')}}), 1, Role::next);
    model::record_volumes(row.record, made_with({}), 1, Role::next);
    EXPECT_EQ(row.status().spare_volumes->next, Volumes{});
    EXPECT_EQ(model::volumes_of_its_own(row.record), Names{hex('c')});
}

TEST(ModelVolumes, OneThatTheSpecAdoptsByItsNameIsTheUsers) {
    Row row = row_with({volume_at("/data")});
    model::record_volumes(row.record, made_with({{"/data", hex('a')}}), 1, Role::main);
    row.update([](Spec& spec) { spec.volumes = {volume_at("/data", hex('a'))}; }).value();
    model::record_volumes(row.record, made_with({{"/data", hex('a')}}), 2, Role::next);
    model::keep_volumes(row.record.status);
    EXPECT_EQ(model::volumes_of_its_own(row.record), Names{});
}

}  // namespace
}  // namespace flow::domain::test
