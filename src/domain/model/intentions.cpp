// What is in hand: the intention before an engine call, and its end where there is nothing else to record (model 4).
#include <algorithm>
#include <utility>

#include "domain/model/drift.hpp"
#include "domain/model/exits.hpp"
#include "domain/model/model.hpp"
#include "domain/model/rules.hpp"
#include "domain/model/steps.hpp"

namespace flow::domain::model {
namespace {

std::vector<Difference> repairs_of(const Status& status) {
    return status.intention ? status.intention->repairs : std::vector<Difference>{};
}

}  // namespace

void intend(Record& record, Intention intention, Changes& out, const Moment& moment) {
    intention.at = moment.now;
    const auto ends_it = [](Step step) { return step == Step::stop || step == Step::remove; };
    const auto& before = record.status.intention;
    if (before && ends_it(before->step) && ends_it(intention.step) &&
        before->docker_id == intention.docker_id) {
        intention.at = before->at;      // an exit on its way was brought about by the first of them
    }
    note(record, LogKind::action, std::string{to_string(intention.step)},
         std::string{to_string(intention.step)} + " " + record.spec().name + ": " +
             intention.cause,
         out);
    if (intention.step == Step::stop && intention.purpose == Purpose::update) {
        record.status.way_back = record.status.way_back || should_run(record);
    }
    if (intention.step == Step::link) {
        record.status.linked.clear();       // until it is known again what it stands for
    }
    if (!intention.workspace.empty()) {
        record.status.workspaces.insert(intention.workspace);
    }
    record.status.intention = std::move(intention);
}

void clear_intention(Record& record) { record.status.intention.reset(); }

void record_step_done(Record& record, const std::string& removed, Changes& out,
                      const Moment& moment) {
    Status& status = record.status;
    const std::vector<Difference> repairs = repairs_of(status);
    status.backoff.erase(BackoffKind::step);
    status.backoff.erase(BackoffKind::name);
    status.trouble.clear();
    if (!removed.empty()) {
        if (period(record, removed).open) {
            ExitFact exit;
            exit.docker_id = removed;
            exit.at = moment.now;
            exit.code = 137;
            exit.by = ExitClass::ours;
            close_period(record, exit, out, moment);
        }
        for (std::string* id : {&status.docker_id, &status.next_id, &status.prev_id}) {
            if (*id == removed) {
                id->clear();
            }
        }
    }
    status.intention.reset();
    if (!repairs.empty()) {
        record_repaired(record, repairs, out, moment);
    }
}

void record_nothing_in_hand(Record& record, Changes& out, const Moment& moment) {
    const std::vector<Difference> repairs = repairs_of(record.status);
    record.status.intention.reset();
    if (!repairs.empty()) {     // it was put back, and the answer was lost
        record.status.backoff.erase(BackoffKind::change);
        record.status.trouble.clear();
        record_repaired(record, repairs, out, moment);
    }
}

void record_ports(Record& record, std::vector<BoundPort> ports) {
    record.status.ports = std::move(ports);
    record.status.ports_pending = false;
}

void record_away(Record& record, Time tried_at, const Error& error, Changes& out) {
    std::vector<OpenRequest> later;
    for (OpenRequest& request : record.open) {
        if (request.at > tried_at) {
            later.push_back(request);
        }
    }
    std::erase_if(record.open, [&](const OpenRequest& request) { return request.at > tried_at; });
    Failure failure;
    failure.part = Failure::Part::away;
    fail_requests(record, failure, error, out);
    record.open.insert(record.open.end(), later.begin(), later.end());
}

}  // namespace flow::domain::model
