// A kill before and after each commit: what was answered is there, what was not is there whole or
// not at all, and a seq is never used for two things.
#include <map>

#include <gtest/gtest.h>

#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

using domain::Changes;
using domain::Moment;
using domain::Record;

/// A few dependent requests; each step goes on only when the one before was answered.
struct Script {
    Bench& bench;
    std::map<domain::Seq, std::string> told;    ///< public events heard, by seq
    int answered = 0;

    void watch() {
        bench.store->observe([this](const domain::Commit& commit) {
            for (const domain::StoredEvent& event : commit.events) {
                told[event.seq] = event.payload.dump();
            }
        });
    }
    void run() {
        for (const std::string name : {"a", "b", "c"}) {
            const auto accepted = bench.accept(create(name));
            if (!accepted) {
                return;
            }
            ++answered;
            const auto changed = bench.change(
                accepted->container_id, [](Record& record, Changes& changes, const Moment&) {
                    record.status.docker_id = "d-" + record.container_id;
                    domain::EventDraft draft;
                    draft.type = "container_created";
                    changes.add(draft);
                });
            if (!changed) {
                return;
            }
            ++answered;
        }
    }
};

TEST(KillTest, AtEachCommit) {
    for (const std::string_view where : {"before_commit", "after_commit"}) {
        for (int k = 0; k < 6; ++k) {
            Config config = inline_config();
            int commits = 0;
            config.fail_point = [&](std::string_view point) {
                return point == where && commits++ == k;
            };
            Bench bench{config};
            Script script{bench, {}, 0};
            script.watch();
            script.run();
            EXPECT_TRUE(bench.store->dead());
            EXPECT_EQ(script.answered, k) << "the killed one is not answered";
            const std::vector<Record> believed = records_of(*bench.store);

            bench.config.fail_point = nullptr;
            bench.reopen();
            const bool written = where == "after_commit";
            const bool row_is_there = written || k % 2 == 1;
            const std::size_t rows = static_cast<std::size_t>(k / 2) + (row_is_there ? 1 : 0);
            EXPECT_EQ(bench.store->size(), rows) << where << " " << k;
            if (written) {
                const std::vector<Record> found = records_of(*bench.store);
                ASSERT_EQ(found.size(), believed.size());
                for (std::size_t i = 0; i < found.size(); ++i) {
                    EXPECT_TRUE(same(found[i], believed[i]));
                }
            }
            const auto kept = bench.store->events_after(0, 1000).value();
            for (const auto& [seq, payload] : script.told) {
                const auto found = std::ranges::find(kept, seq, &domain::StoredEvent::seq);
                ASSERT_NE(found, kept.end()) << "an event was told and is lost";
                EXPECT_EQ(found->payload.dump(), payload);
            }
            const domain::Seq last = bench.store->last_seq();
            EXPECT_GT(bench.accept(create("new"))->seq, last);
        }
    }
}

TEST(KillTest, WithTheWritersThread) {
    const Folder folder;
    Config config = file_config(folder);
    config.fail_point = [commits = 0](std::string_view point) mutable {
        return point == "before_commit" && ++commits > 1;
    };
    Bench bench{config};
    ASSERT_TRUE(bench.accept(create("a")));
    int answers = 0;
    for (const std::string name : {"b", "c", "d"}) {
        bench.store->accept(create(name), [&](domain::Result<domain::Accepted>) { ++answers; });
    }
    bench.run();
    EXPECT_EQ(answers, 0);
    bench.config.fail_point = nullptr;
    bench.reopen();
    EXPECT_EQ(bench.store->size(), 1U);
}

}  // namespace
}  // namespace flow::store::test
