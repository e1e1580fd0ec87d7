// The event stream and the ring of the real engine: orders that the model relies on, and that
// nothing is missed.
#include "unit/docker/engine_fixture.hpp"

namespace flow::docker::testing {
namespace {

using domain::EngineEvent;
using Type = EngineEvent::Type;

class EngineEventsTest : public EngineTest {
protected:
    void SetUp() override {
        EngineTest::SetUp();
        reconciler::EventSink sink;
        sink.on_event = [this](const EngineEvent& event) { events_.push_back(event); };
        sink.on_end = [this](const domain::Error&) { ++ends_; };
        auto stream = loop_.run(engine_->subscribe(std::move(sink)));
        ASSERT_TRUE(stream.has_value()) << stream.error().message;
        stream_ = std::move(*stream);
        EXPECT_TRUE(events_.empty());
    }
    void TearDown() override {
        stream_.reset();
        EngineTest::TearDown();
    }
    static std::string words(const std::vector<EngineEvent>& events) {
        std::string out;
        for (const EngineEvent& event : events) {
            out += out.empty() ? "" : " ";
            out += to_string(event.type);
        }
        return out;
    }
    bool ends_with(Type type) {
        return loop_.eventually(
            [this, type] { return !events_.empty() && events_.back().type == type; });
    }
    const EngineEvent* last(Type type) const {
        for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
            if (event->type == type) {
                return &*event;
            }
        }
        return nullptr;
    }

    std::vector<EngineEvent> events_;
    int ends_ = 0;
    std::unique_ptr<reconciler::EventStream> stream_;
};

TEST_F(EngineEventsTest, StopThatIgnoresTerm) {
    const std::string id = running("ignore", "exec sleep 1000");
    reconciler::StopCall stop;
    stop.docker_id = id;
    stop.grace = std::chrono::seconds{1};
    ASSERT_TRUE(loop_.run(engine_->stop(stop)).has_value());
    ASSERT_TRUE(ends_with(Type::stop));
    EXPECT_EQ(words(events_), "create start kill kill die stop");
    EXPECT_EQ(events_[2].signal, 15);
    EXPECT_EQ(events_[3].signal, 9);
    EXPECT_EQ(events_[4].exit_code, 137);
    for (const EngineEvent& event : events_) {
        EXPECT_EQ(event.docker_id, id);
        EXPECT_EQ(event.container_id, "0123456789ab");
        EXPECT_EQ(event.name, named("ignore"));
        EXPECT_GT(event.time, domain::Time{});
    }
    ASSERT_TRUE(loop_.run(engine_->remove(id)).has_value());
    ASSERT_TRUE(ends_with(Type::destroy));
}

TEST_F(EngineEventsTest, ExitOfItsOwn) {
    const std::string id = running("own", "sleep 0.3; exit 7");
    ASSERT_TRUE(ends_with(Type::die));
    EXPECT_EQ(words(events_), "create start die");
    EXPECT_EQ(events_.back().exit_code, 7);
    const domain::Observed seen = inspected(id);
    EXPECT_EQ(seen.exit_code, 7);
    EXPECT_GT(events_.back().time, seen.finished_at);   // the model tells a new exit by this
}

TEST_F(EngineEventsTest, KillAndForcedRemoval) {
    const std::string id = running("kill", "exec sleep 1000");
    ASSERT_TRUE(loop_.run(engine_->kill(id, "SIGKILL")).has_value());
    ASSERT_TRUE(ends_with(Type::die));
    EXPECT_EQ(words(events_), "create start kill die");
    EXPECT_EQ(events_[2].signal, 9);
    ASSERT_TRUE(loop_.run(engine_->start(id)).has_value());
    ASSERT_TRUE(loop_.run(engine_->remove(id)).has_value());
    ASSERT_TRUE(ends_with(Type::destroy));
    EXPECT_EQ(words(events_), "create start kill die start kill die destroy");
}

TEST_F(EngineEventsTest, PauseRenameUpdateHealth) {
    const std::string id = running("others", "exec sleep 1000");
    raw("POST", "/v1.41/containers/" + id + "/pause");
    ASSERT_TRUE(loop_.run(engine_->unpause(id)).has_value());
    ASSERT_TRUE(loop_.run(engine_->rename(id, named("others2"))).has_value());
    domain::Resources limits;
    limits.pids = 10;
    ASSERT_TRUE(loop_.run(engine_->update(id, limits)).has_value());
    ASSERT_TRUE(ends_with(Type::update));
    EXPECT_EQ(words(events_), "create start pause unpause rename update");
    EXPECT_EQ(last(Type::rename)->name, named("others2"));
}

TEST_F(EngineEventsTest, FailedStartGivesNoEvent) {
    reconciler::CreateCall call = call_for("fails", "true");
    call.spec.command = std::vector<std::string>{"/nope"};
    const std::string id = created(call);
    EXPECT_TRUE(loop_.run(engine_->start(id)).has_error());
    ASSERT_TRUE(loop_.run(engine_->remove(id)).has_value());
    ASSERT_TRUE(ends_with(Type::destroy));
    EXPECT_EQ(words(events_), "create destroy");
}

TEST_F(EngineEventsTest, RingHasWhatTheStreamHad) {
    const std::string id = running("ring", "exit 3");
    ASSERT_TRUE(ends_with(Type::die));
    const auto ring = loop_.run(engine_->ring());
    ASSERT_TRUE(ring.has_value()) << ring.error().message;
    std::vector<EngineEvent> same;
    for (const EngineEvent& event : *ring) {
        if (event.docker_id == id) {
            same.push_back(event);
        }
    }
    EXPECT_EQ(words(same), "create start die");
    EXPECT_EQ(same.back().time, events_.back().time);
    EXPECT_EQ(same.back().exit_code, 3);
}

TEST_F(EngineEventsTest, NothingIsMissedFromTheCallOn) {
    // Many subscriptions, each with an event right behind its answer: all must see theirs.
    const std::string id = running("missed", "exec sleep 1000");
    for (int round = 0; round < 20; ++round) {
        int renames = 0;
        reconciler::EventSink sink;
        sink.on_event = [&renames](const EngineEvent& event) {
            renames += event.type == Type::rename ? 1 : 0;
        };
        sink.on_end = [](const domain::Error&) {};
        const auto stream = loop_.run(engine_->subscribe(std::move(sink)));
        ASSERT_TRUE(stream.has_value()) << stream.error().message;
        ASSERT_TRUE(loop_.run(engine_->rename(id, named("missed" + std::to_string(round)))));
        ASSERT_TRUE(loop_.eventually([&renames] { return renames >= 1; })) << round;
    }
}

TEST_F(EngineEventsTest, DestroyedSubscriptionIsSilent) {
    const std::string id = running("silent", "exec sleep 1000");
    ASSERT_TRUE(ends_with(Type::start));
    stream_.reset();
    const std::size_t before = events_.size();
    ASSERT_TRUE(loop_.run(engine_->kill(id, "KILL")).has_value());
    ASSERT_TRUE(loop_.eventually([&] { return !inspected(id).running; }));
    EXPECT_EQ(events_.size(), before);
    EXPECT_EQ(ends_, 0);
}

TEST_F(EngineEventsTest, SubscriptionMayEndItselfFromAnEvent) {
    int seen = 0;
    std::unique_ptr<reconciler::EventStream> own;
    reconciler::EventSink sink;
    sink.on_event = [&](const EngineEvent&) {
        ++seen;
        own.reset();
    };
    sink.on_end = [](const domain::Error&) { FAIL() << "ended twice"; };
    own = std::move(loop_.run(engine_->subscribe(std::move(sink))).value());
    running("self", "exit 0");
    ASSERT_TRUE(ends_with(Type::die));
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace flow::docker::testing
