// Drift in the row: what an engine container should look like, what was put back, and when to stop (design 4, model 11).
// Pure functions on a Record; the store calls settle() after them.
#pragma once

#include <string>
#include <vector>

#include "domain/change.hpp"
#include "domain/observed.hpp"
#include "domain/record.hpp"

namespace flow::domain::model {

/// So often is the same difference put back within the time; then somebody means it, or the engine does not take it.
inline constexpr int kRepairs = 2;
inline constexpr Duration kRepairsForgotten = std::chrono::seconds{600};

/// What `seen` shows is from now on how that engine container should look; limits and networks as its spec has them.
/// Without settings (a list's entry) nothing is known and nothing is compared.
void record_baseline(Record& record, const Observed& seen);
/// We gave it that name.
void record_name(Record& record, const std::string& docker_id, const std::string& name);

/// Nothing more is done about that field.
bool given_up(const Record& record, const Difference& difference);
/// It was put back as often as it may be.
bool comes_again(const Record& record, const Difference& difference, Time now);

/// The engine container is removed and made anew for these.
void record_recreate(Record& record, std::vector<Difference> differences, Changes& out);
/// They are put back: counted, and told as DriftRepaired.
void record_repaired(Record& record, const std::vector<Difference>& differences, Changes& out,
                     const Moment& moment);
/// They are not put back any more (`why`), until a new generation, a start or a restart.
void record_unresolvable(Record& record, const std::vector<Difference>& differences,
                         const std::string& why, Changes& out);
void clear_drift_reason(Record& record);
/// A new generation, a start, a restart: everything is tried anew.
void forget_drift(Record& record);

}  // namespace flow::domain::model
