// The engine's anonymous volumes of a row: carried over by name from one engine container to the next, removed with the
// row (model 5 and 7). Pure functions on a Record.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/observed.hpp"
#include "domain/record.hpp"

namespace flow::domain::model {

/// `made` was created from `generation`: which volumes the engine made for it. A volume that the spec names is not one of
/// them, even where its name looks like it. Of the next engine container, they count from keep_volumes() on.
void record_volumes(Record& record, const Observed& made, Generation generation, Role role);
/// The next engine container counts: what only the one before had is left until the row goes.
void keep_volumes(Status& status);
/// What a new engine container for `spec` takes over: target to name. Not where the spec puts something else, and not
/// what the spec of the present one asked for and this one does not.
std::map<std::string, std::string> carried_volumes(const Record& record, const Spec& spec);
/// All that go with the row; not what a spec of it names by now.
std::vector<std::string> volumes_of_its_own(const Record& record);

}  // namespace flow::domain::model
