// What holds for every plan, over random specs, requests, other people's commands and moments between two steps.
#include <gtest/gtest.h>

#include <algorithm>

#include "domain/model/model.hpp"
#include "unit/domain/spec/random_spec.hpp"
#include "unit/reconciler/scene.hpp"

namespace flow::reconciler::test {
namespace {

using domain::test::Random;
using Kind = Action::Kind;

constexpr int kSeeds = 400;
constexpr int kMoves = 10;
constexpr int kEnough = 200;    ///< more steps than any row needs

int number(Random& random, int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
}

Spec spec_for(Random& random) {
    Spec spec = domain::test::random_spec(random);
    spec.name = number(random, 0, 3) == 0 ? "api" : "web";
    // A job that is over goes; an image that may not be pulled is looked for again: neither comes to rest here.
    spec.kind = domain::Kind::container;
    spec.job = {};
    if (spec.pull_policy == domain::PullPolicy::never) {
        spec.pull_policy = domain::PullPolicy::missing;
    }
    return spec;
}

void ask_something(Random& random, Scene& scene) {
    switch (number(random, 0, 5)) {
        case 0: (void)scene.row.ask(Operation::start); break;
        case 1: (void)scene.row.ask(Operation::stop); break;
        case 2: (void)scene.row.ask(Operation::restart); break;
        case 3:
            if (number(random, 0, 1) == 0) {
                const domain::Code code = domain::test::random_code(random);
                (void)scene.row.update([&](Spec& changed) {
                    changed.code.edit().digest = changed.code->wanted() ? code.digest : "";
                });
                break;
            }
            [[fallthrough]];
        case 4: {
            const Spec spec = spec_for(random);
            (void)scene.row.update([&](Spec& changed) { changed = spec; });
            break;
        }
        default:
            if (number(random, 0, 4) == 0) {
                (void)scene.row.ask(Operation::remove, [&](domain::Request& request) {
                    request.force = number(random, 0, 1) == 1;
                });
            }
    }
}

void do_something_outside(Random& random, Scene& scene) {
    if (scene.containers.empty()) {
        return;
    }
    auto chosen = scene.containers.begin();
    std::advance(chosen, number(random, 0, static_cast<int>(scene.containers.size()) - 1));
    const std::string id = chosen->first;
    switch (number(random, 0, 11)) {
        case 8: scene.outside_set(id, "HostConfig.PidsLimit", 7); break;
        case 9: scene.outside_set(id, "HostConfig.CpusetCpus", "0"); break;
        case 10: scene.outside_set(id, "Networks.other", domain::kConnected); break;
        case 0: scene.outside_remove(id); break;
        case 1: scene.outside_stop(id); break;
        case 2:
            if (scene.running() == 0) {
                scene.outside_start(id);
            }
            break;
        case 3: scene.outside_pause(id); break;
        case 4: scene.outside_rename(id, "mine"); break;
        case 5: scene.add_container("stray-" + std::to_string(number(random, 0, 99)), "v1:0"); break;
        default: scene.exits(id, number(random, 0, 1)); break;
    }
}

/// A row in the middle of something: the same seed gives the same one.
Scene random_scene(int seed) {
    Random random(static_cast<std::uint64_t>(seed));
    Scene scene{number(random, 0, 2) == 0 ? DesiredState::created : DesiredState::running,
                spec_for(random)};
    for (int i = number(random, 0, kMoves); i > 0 && !scene.row.out.remove_record; --i) {
        if (number(random, 0, 4) == 0) {
            scene.missing_images.insert(scene.row.record.spec().image);
        }
        switch (number(random, 0, 3)) {
            case 0: ask_something(random, scene); break;
            case 1: do_something_outside(random, scene); break;
            case 2: scene.row.pass(seconds{number(random, 0, 400)}); break;
            default: scene.run(number(random, 1, 12)); break;
        }
    }
    return scene;
}

/// Runs `check` on many rows that are still there.
void for_many(const std::function<void(Scene&)>& check) {
    int checked = 0;
    for (int seed = 0; seed < kSeeds; ++seed) {
        Scene scene = random_scene(seed);
        if (scene.row.out.remove_record) {
            continue;
        }
        SCOPED_TRACE("seed " + std::to_string(seed));
        check(scene);
        ++checked;
        if (testing::Test::HasFailure()) {
            return;
        }
    }
    EXPECT_GT(checked, kSeeds / 2) << "the rows are not what they should be";
}

/// Follows the plan to its end, past every backoff.
void come_to_rest(Scene& scene) {
    for (int i = 0; i < 10 && !scene.row.out.remove_record; ++i) {
        scene.run(kEnough);
        const auto next = scene.row.out.remove_record ? std::nullopt : scene.next();
        if (!next) {
            return;
        }
        ASSERT_EQ(next->kind, Kind::wait) << scene.text();
        scene.row.moment.now = std::max(scene.row.moment.now, next->until);
        scene.ping();
    }
}

TEST(PlanProperties, TheSameInputGivesTheSameText) {
    for_many([](Scene& scene) {
        const std::string text = scene.text();
        EXPECT_EQ(text, scene.text());
        Scene copy = scene;
        EXPECT_EQ(text, copy.text());
    });
}

TEST(PlanProperties, EveryPlanComesToAnEnd) {
    for_many([](Scene& scene) {
        EXPECT_LT(scene.plan(kEnough).size(), 40u) << scene.text();
    });
}

TEST(PlanProperties, AfterItsEndNothingIsPlanned) {
    for_many([](Scene& scene) {
        come_to_rest(scene);
        if (!scene.row.out.remove_record) {
            EXPECT_EQ(scene.text(), "");
        }
    });
}

TEST(PlanProperties, AtRestItIsAsItWasDeclared) {
    for_many([](Scene& scene) {
        come_to_rest(scene);
        const domain::Record& record = scene.row.record;
        if (scene.row.out.remove_record) {
            EXPECT_TRUE(scene.containers.empty());
            return;
        }
        ASSERT_LE(scene.containers.size(), 1u);
        const bool wanted = domain::model::should_run(record);
        EXPECT_EQ(scene.running(), wanted ? 1 : 0);
        if (!scene.containers.empty()) {
            const domain::Observed& main = scene.containers.begin()->second;
            EXPECT_EQ(main.docker_id, record.status.docker_id);
            EXPECT_EQ(main.name, "flow-" + record.spec().name);
            EXPECT_FALSE(main.paused);
            const domain::Code& code = *record.active_spec().code;
            EXPECT_TRUE(!main.running || !code.wanted() || record.status.linked == code.digest);
        }
        EXPECT_EQ(record.status.trial, 0u);
        EXPECT_FALSE(record.status.intention);
        EXPECT_EQ(record.status.observed_generation, record.generation);
        if (wanted) {
            EXPECT_EQ(record.status.run_started, record.run_wanted);
            EXPECT_TRUE(record.open.empty()) << record.open.front().operation << " never ended";
        }
    });
}

TEST(PlanProperties, ADeletedRowNeitherCreatesNorPullsNorStarts) {
    for_many([](Scene& scene) {
        (void)scene.row.ask(Operation::remove);
        const auto plan = scene.plan(kEnough);
        for (const Action& action : plan) {
            EXPECT_NE(action.kind, Kind::create);
            EXPECT_NE(action.kind, Kind::pull_image);
            EXPECT_NE(action.kind, Kind::start);
        }
        come_to_rest(scene);
        EXPECT_TRUE(scene.row.out.remove_record);
    });
}

TEST(PlanProperties, NoStepMakesASecondOneRun) {
    for_many([](Scene& scene) {
        Foresight foresight{scene.input()};
        const auto running = [&] {
            return std::count_if(foresight.containers().begin(), foresight.containers().end(),
                                 [](const auto& entry) { return entry.second.running; });
        };
        const auto before = std::max<std::ptrdiff_t>(running(), 1);
        for (int i = 0; i < kEnough && foresight.step(); ++i) {
            ASSERT_LE(running(), before) << scene.text();
        }
    });
}

TEST(PlanProperties, NoPlanCreatesTheSameThingTwice) {
    for_many([](Scene& scene) {
        std::map<std::pair<domain::Generation, domain::Role>, int> creates;
        for (const Action& action : scene.plan(kEnough)) {
            if (action.kind == Kind::create) {
                ++creates[{action.generation, action.role}];
            }
        }
        for (const auto& [what, count] : creates) {
            EXPECT_EQ(count, 1) << scene.text();
        }
    });
}

TEST(PlanProperties, EachRequestEndsOnce) {
    for_many([](Scene& scene) {
        Foresight foresight{scene.input()};
        while (foresight.step()) {
        }
        std::map<std::string, int> ends;
        for (const domain::RequestEnd& end : foresight.changes().ends) {
            ++ends[end.request_id];
        }
        for (const domain::RequestEnd& end : scene.row.out.ends) {
            EXPECT_FALSE(ends.contains(end.request_id)) << end.request_id;
        }
        for (const auto& [id, count] : ends) {
            EXPECT_EQ(count, 1) << id;
        }
    });
}

}  // namespace
}  // namespace flow::reconciler::test
