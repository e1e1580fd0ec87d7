#include "unit/store/support.hpp"

namespace flow::store::test {
namespace {

using domain::Spec;
using domain::Status;
using domain::Time;

/// Values drawn from one random source; half of the time a field keeps its default.
class Draw {
public:
    explicit Draw(std::mt19937_64& random) : random_{random} {}

    bool flag() { return random_() % 2 == 0; }
    int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
    template <class T>
    void integer(T& out) {
        if (flag()) {
            out = static_cast<T>(random_() % 65'000);
        }
    }
    void text(std::string& out) {
        static const char* const kTexts[] = {"", "a", "x y\n\"'", "\xc3\xa4\xe2\x82\xac", "null",
                                             "{}", "0123456789abcdef0123456789abcdef"};
        if (flag()) {
            out = kTexts[below(7)];
        }
    }
    void time(Time& out) {
        if (flag()) {
            out = domain::from_nanos(static_cast<std::int64_t>(random_() >> 2));
        }
    }
    void flip(bool& out) { out = flag(); }
    template <class E>
    void word(E& out, int count) {
        out = static_cast<E>(below(count));
    }
    template <class T, class Fill>
    void some(std::vector<T>& out, Fill fill) {
        for (int i = below(4); i > 0; --i) {
            fill(out.emplace_back());
        }
    }
    void texts(std::vector<std::string>& out) {
        some(out, [this](std::string& entry) { text(entry); });
    }
    void map(std::map<std::string, std::string>& out) {
        for (int i = below(4); i > 0; --i) {
            std::string key = "k" + std::to_string(i);
            text(out[key]);
        }
    }

private:
    std::mt19937_64& random_;
};

void fill(Draw& draw, domain::Resources& resources) {
    resources.cpus = draw.below(1000) / 7.0;
    draw.integer(resources.cpu_shares);
    draw.integer(resources.memory);
    draw.integer(resources.memory_reservation);
    resources.pids = draw.flag() ? -1 : 512;
    if (draw.flag()) {
        resources.ulimits["nofile"] = domain::Ulimit{-1, draw.below(9)};
    }
    draw.integer(resources.shm_size);
}

void fill(Draw& draw, domain::Security& security) {
    draw.word(security.profile, 2);
    draw.texts(security.cap_drop);
    draw.texts(security.cap_add);
    draw.flip(security.no_new_privileges);
    draw.text(security.seccomp);
    draw.text(security.apparmor);
    draw.text(security.userns);
    draw.flip(security.privileged);
}

void fill_lists(Draw& draw, Spec& spec) {
    draw.some(spec.volumes, [&draw](domain::Mount& mount) {
        draw.word(mount.type, 2);
        draw.text(mount.source);
        draw.text(mount.target);
        draw.flip(mount.read_only);
    });
    draw.some(spec.ports, [&draw](domain::Port& port) {
        draw.integer(port.container);
        draw.text(port.protocol);
        draw.integer(port.host);
        draw.text(port.host_ip);
    });
    draw.some(spec.depends_on, [&draw](domain::Dependency& dependency) {
        draw.text(dependency.name);
        draw.word(dependency.condition, 3);
    });
}

void fill(Draw& draw, domain::Backoffs& backoffs) {
    for (int kind = 0; kind < 3; ++kind) {
        if (draw.flag()) {
            domain::Backoff& backoff = backoffs[static_cast<domain::BackoffKind>(kind)];
            draw.integer(backoff.tries);
            draw.time(backoff.last);
            draw.time(backoff.next);
        }
    }
}

void fill(Draw& draw, std::vector<domain::Difference>& out) {
    draw.some(out, [&draw](domain::Difference& difference) {
        draw.text(difference.field);
        draw.text(difference.is);
        draw.text(difference.should);
    });
}

void fill(Draw& draw, domain::Rare<domain::Intention>& out) {
    if (draw.flag()) {
        return;
    }
    domain::Intention& intention = out.emplace();
    draw.word(intention.step, 9);
    draw.word(intention.purpose, 6);
    draw.text(intention.cause);
    draw.text(intention.docker_id);
    draw.time(intention.started_seen);
    draw.integer(intention.run);
    draw.integer(intention.generation);
    draw.text(intention.hash);
    draw.text(intention.workspace);
    draw.word(intention.role, 2);
    draw.flip(intention.cut_short);
    fill(draw, intention.repairs);
    draw.time(intention.at);
}

void fill(Draw& draw, domain::PendingExit& exit) {
    draw.text(exit.docker_id);
    draw.time(exit.at);
    draw.time(exit.started_at);
    draw.integer(exit.code);
    draw.integer(exit.signal);
    draw.flip(exit.oom);
    draw.flip(exit.window);
    draw.flip(exit.counted);
    fill(draw, exit.backoff_before);
    draw.integer(exit.run_ended_before);
    if (draw.flag()) {
        exit.ended_code_before = draw.below(3);
    }
}

void fill(Draw& draw, domain::Period& period) {
    draw.flip(period.open);
    draw.time(period.start);
    draw.time(period.last);
    draw.integer(period.run);
    if (draw.flag()) {
        draw.time(period.exit_at.emplace());
    }
    draw.flip(period.stop_owed);
    draw.some(period.kills, [&draw](domain::KillSeen& kill) {
        draw.time(kill.at);
        draw.integer(kill.signal);
    });
    draw.time(period.oom_at);
    draw.flip(period.paused);
    draw.text(period.health);
    draw.time(period.health_at);
    draw.flip(period.warned);
}

void fill_believed(Draw& draw, Status& status) {
    draw.integer(status.observed_generation);
    draw.integer(status.active_generation);
    draw.integer(status.run_started);
    draw.integer(status.run_ended);
    if (draw.flag()) {
        status.ended_code = draw.below(2);
    }
    fill(draw, status.intention);
    draw.text(status.docker_id);
    draw.text(status.next_id);
    draw.text(status.prev_id);
    draw.integer(status.next_generation);
    draw.flip(status.way_back);
    draw.word(status.verdict, 3);
    draw.integer(status.failed_generation);
    draw.integer(status.pulled_generation);
    draw.text(status.linked);
    draw.integer(status.trial);
    draw.integer(status.trial_run);
    fill(draw, status.backoff);
    draw.some(status.pending, [&draw](domain::PendingExit& exit) { fill(draw, exit); });
    draw.time(status.need_ping);
    for (int i = draw.below(3); i > 0; --i) {
        fill(draw, status.periods["docker" + std::to_string(i)]);
    }
}

void fill_told(Draw& draw, Status& status) {
    draw.word(status.state, 13);
    draw.text(status.reason);
    draw.text(status.message);
    draw.text(status.health);
    draw.text(status.trouble);
    draw.text(status.ended_by);
    draw.text(status.waiting_for);
    draw.flip(status.recreate);
    draw.flip(status.queued);
    draw.time(status.first_started);
    draw.time(status.finished_at);
    draw.flip(status.created_told);
    draw.flip(status.running_told);
    draw.time(status.start_told);
    draw.flip(status.ports_pending);
    draw.time(status.started_at);
    draw.integer(status.restart_count);
    draw.integer(status.stop_signal);
    draw.map(status.anonymous_volumes);
    draw.map(status.spare_volumes.edit().next);
    draw.text(status.cleanup.edit().container);
    draw.text(status.cleanup.edit().volumes);
    draw.text(status.cleanup.edit().socket);
    draw.text(status.cleanup.edit().code);
    draw.text(status.cleanup.edit().workspace);
    if (draw.below(2) == 1) {
        status.workspaces = {"flow-ws-1", "flow-ws-1-4096"};
    }
    if (draw.flag()) {
        status.result_seq["container_started"] = draw.below(99);
        status.updated_fields = {"image", "labels"};
        draw.flip(status.updated_recreated);
        status.changed_by = "ann";
    }
}

void fill_drift(Draw& draw, Status& status) {
    for (int i = draw.below(3); i > 0; --i) {
        domain::Baseline& baseline = status.baselines["docker" + std::to_string(i)];
        std::string settings;
        draw.text(settings);
        baseline.settings = settings;
        draw.text(baseline.engine);
        draw.text(baseline.name);
        domain::Repair& repair = status.drift.edit().repairs["HostConfig.F" + std::to_string(i)];
        draw.text(repair.is);
        draw.text(repair.should);
        draw.integer(repair.times);
        draw.time(repair.last);
        draw.flip(repair.given_up);
    }
    fill(draw, status.drift.edit().recreating);
    draw.text(status.drift.edit().reason);
}

void fill_rules(Draw& draw, Spec& spec) {
    draw.texts(spec.healthcheck.edit().test);
    for (domain::Duration* time : {&spec.healthcheck.edit().interval, &spec.healthcheck.edit().timeout,
                                   &spec.healthcheck.edit().start_period, &spec.job.active_deadline,
                                   &spec.job.ttl_after_finished, &spec.job.keep_failed}) {
        *time = domain::Duration{draw.below(1'000'000)};
    }
    draw.integer(spec.healthcheck.edit().retries);
    draw.word(spec.healthcheck.edit().on_unhealthy, 2);
    if (draw.flag()) {
        spec.update.monitor = domain::Duration{draw.below(1'000'000)};
    }
    draw.word(spec.update.on_failure, 2);
    draw.word(spec.pull_policy, 3);
    draw.text(spec.registry_auth);
    if (draw.below(2) == 1) {
        spec.code.edit().digest = std::string(64, 'd');
        draw.text(spec.code.edit().path);
        draw.text(spec.code.edit().target);
        spec.code.edit().file_count = draw.below(99);
        spec.code.edit().bytes = draw.below(9999);
        spec.code.edit().contents = {{"main", draw.below(99)}};
    }
    spec.workspace.enabled = draw.below(2) == 1;
    spec.workspace.size = spec.workspace.enabled ? draw.below(99) : 0;
    draw.text(spec.logging.edit().driver);
    draw.map(spec.logging.edit().options);
}

}  // namespace

Spec random_spec(std::mt19937_64& random) {
    Draw draw{random};
    Spec spec;
    for (std::string* text : {&spec.image, &spec.name, &spec.task_id, &spec.runner_id, &spec.user,
                              &spec.working_dir, &spec.hostname, &spec.stop_signal,
                              &spec.networking.mode}) {
        draw.text(*text);
    }
    draw.word(spec.kind, 2);
    draw.map(spec.labels);
    draw.map(spec.environment);
    if (draw.flag()) {
        draw.texts(spec.command.emplace());
    }
    if (draw.flag()) {
        draw.texts(spec.entrypoint.emplace());
    }
    draw.texts(spec.tmpfs);
    draw.texts(spec.networking.networks);
    draw.flip(spec.read_only);
    if (draw.flag()) {
        spec.init = draw.flag();
    }
    fill_lists(draw, spec);
    fill(draw, spec.resources);
    fill(draw, spec.security);
    draw.word(spec.restart.policy, 3);
    draw.integer(spec.restart.max_retries);
    spec.stop_grace_period = domain::Duration{draw.below(1'000'000)};
    fill_rules(draw, spec);
    return spec;
}

Status random_status(std::mt19937_64& random) {
    Draw draw{random};
    Status status;
    fill_believed(draw, status);
    fill_told(draw, status);
    fill_drift(draw, status);
    if (draw.flag()) {
        domain::LastExit& exit = status.last_exit.emplace();
        draw.integer(exit.code);
        draw.integer(exit.signal);
        draw.flip(exit.oom);
        draw.time(exit.at);
        draw.word(exit.by, 3);
    }
    draw.some(status.ports, [&draw](domain::BoundPort& port) {
        draw.integer(port.container);
        draw.text(port.protocol);
        draw.text(port.host_ip);
        draw.integer(port.host);
    });
    return status;
}

}  // namespace flow::store::test
