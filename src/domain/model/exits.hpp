// Inside of the model: who ended a run, and what follows (model 3). Used by facts.cpp and steps.cpp.
// Pure functions on a Record.
#pragma once

#include <string>

#include "domain/change.hpp"
#include "domain/record.hpp"

namespace flow::domain::model {

struct ExitFact {
    std::string docker_id;
    Time at;
    int code = 0;
    int signal = 0;                 ///< of a kill that counts; 0: none
    bool oom = false;
    ExitClass by = ExitClass::own;
    std::string outside_reason = "StoppedOutside";
};

/// An intention of ours to end that container was committed before `at`.
bool is_ours(const Record& record, const std::string& docker_id, Time at);
/// Reads who ended it from the kills, the intention and the oom event.
ExitFact classify(const Record& record, const std::string& docker_id, Time at, int code);

void open_period(Record& record, const std::string& docker_id, Time at, Changes& out);
void close_period(Record& record, const ExitFact& exit, Changes& out, const Moment& moment);
/// It was somebody's doing: the counted try is given back.
void take_back(Record& record, const PendingExit& exit, std::string reason);

}  // namespace flow::domain::model
