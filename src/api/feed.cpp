#include "api/feed.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "domain/json_bytes.hpp"

namespace flow::api {

namespace {

std::string task_of(const Json& payload) {
    const auto found = payload.find("task_id");
    return found != payload.end() && found->is_string() ? found->get<std::string>() : std::string();
}

EventFacts facts_of(const FeedItem& item) {
    return {item.event.name(), item.container_id, item.task_id, item.labels.get()};
}

/// Some get the bulk form of the status updates instead.
bool wants_any(const Session& session, const std::vector<EventFacts>& facts) {
    const FilterSet& filters = session.filters();
    return std::any_of(facts.begin(), facts.end(), [&](const EventFacts& one) {
        const bool in_bulk = one.type == "container_status_update" &&
                             filters.asks_by_name("container_status_updates");
        return !in_bulk && filters.wants(one);
    });
}

}  // namespace

Feed::Feed(const domain::Store& store, FeedConfig config, Snapshot snapshot)
    : store_(store),
      config_(config),
      snapshot_(std::move(snapshot)),
      recent_from_(store.last_seq()),
      recent_to_(recent_from_) {}

std::shared_ptr<Session> Feed::add(std::shared_ptr<Peer> peer, std::optional<Seq> since) {
    auto session = std::make_shared<Session>(std::move(peer), since.value_or(store_.last_seq()));
    session->peer().on_drain([this, weak = std::weak_ptr<Session>(session)] {
        if (const auto alive = weak.lock(); alive && !alive->gone()) {
            pump(*alive);
        }
    });
    sessions_.push_back(session);
    return session;
}

void Feed::remove(const std::shared_ptr<Session>& session) {
    session->set_gone();
    std::erase(sessions_, session);
}

void Feed::wake() {
    refresh();
    // A write may end a session, which takes it out of the list.
    const auto sessions = sessions_;
    for (const auto& session : sessions) {
        pump(*session);
    }
}

std::shared_ptr<const Labels> Feed::labels_of(const std::string& container_id) {
    constexpr std::size_t kMost = 20'000;
    const domain::Record* record = store_.find(container_id);
    if (record == nullptr) {
        const auto found = labels_.find(container_id);
        return found == labels_.end() ? nullptr : found->second.labels;
    }
    if (labels_.size() > kMost) {
        labels_.clear();
    }
    KnownLabels& known = labels_[container_id];
    if (known.labels == nullptr || known.generation != record->generation) {
        known.generation = record->generation;
        known.labels = std::make_shared<const Labels>(record->spec().labels);
    }
    return known.labels;
}

Feed::ItemPtr Feed::make_item(domain::StoredEvent row) {
    std::string task = task_of(row.payload);
    auto labels = row.container_id.empty() ? nullptr : labels_of(row.container_id);
    const std::size_t bytes = sizeof(FeedItem) + 2 * domain::json_bytes(row.payload);
    FeedItem item{row.seq,           std::move(row.container_id),
                  std::move(task),   std::move(labels),
                  SharedEvent(std::move(row.type), std::move(row.payload)), bytes};
    return std::make_shared<const FeedItem>(std::move(item));
}

/// Reads what is new in the log, once for all sessions.
bool Feed::refresh() {
    while (recent_to_ < store_.last_seq()) {
        const Seq last = store_.last_seq();
        auto rows = store_.events_after(recent_to_, config_.batch);
        if (!rows) {
            spdlog::error("the event feed could not read the log after={} error=\"{}\"", recent_to_,
                          rows.error().message);
            return false;
        }
        for (domain::StoredEvent& row : *rows) {
            recent_to_ = row.seq;
            add_recent(make_item(std::move(row)));
        }
        recent_to_ = rows->empty() ? last : recent_to_;     // large ones come in smaller parts than asked for
    }
    return true;
}

/// Older ones are in the store.
void Feed::add_recent(ItemPtr item) {
    recent_bytes_ += item->bytes;
    recent_.push_back(std::move(item));
    while (recent_.size() > config_.keep || (recent_bytes_ > config_.keep_bytes && recent_.size() > 1)) {
        recent_from_ = recent_.front()->seq;
        recent_bytes_ -= recent_.front()->bytes;
        recent_.pop_front();
    }
}

Feed::Page Feed::page_from_memory(Seq cursor) const {
    const auto first =
        std::upper_bound(recent_.begin(), recent_.end(), cursor,
                         [](Seq seq, const ItemPtr& item) { return seq < item->seq; });
    const auto left = static_cast<std::size_t>(recent_.end() - first);
    const auto count = static_cast<std::ptrdiff_t>(std::min(left, config_.batch));
    Page page{std::vector<ItemPtr>(first, first + count), recent_to_};
    if (left > config_.batch) {
        page.covered = page.items.back()->seq;
    }
    return page;
}

std::optional<Feed::Page> Feed::page_from_store(Seq cursor) {
    auto rows = store_.events_after(cursor, config_.batch);
    if (!rows) {
        spdlog::error("a session could not be told the log after={} error=\"{}\"", cursor,
                      rows.error().message);
        return std::nullopt;
    }
    Page page;
    for (domain::StoredEvent& row : *rows) {
        page.items.push_back(make_item(std::move(row)));
    }
    page.covered = page.items.empty() ? store_.last_seq() : page.items.back()->seq;
    return page;
}

std::optional<Feed::Page> Feed::page_after(Seq cursor) {
    if (!refresh()) {
        return std::nullopt;
    }
    return cursor >= recent_from_ ? std::optional(page_from_memory(cursor))
                                  : page_from_store(cursor);
}

/// The log no longer holds what comes next, or never came so far (a restored backup).
bool Feed::lost(Seq cursor) const {
    return cursor > store_.last_seq() || cursor + 1 < store_.first_seq();
}

void Feed::send_resync(Session& session) {
    const Seq seq = store_.last_seq();
    Json payload;
    payload["snapshot"] = snapshot_();
    payload["seq"] = seq;
    session.emit("resync", payload);
    session.jump(seq);
}

/// False when the session has enough to write, or is gone.
bool Feed::send_page(Session& session, const Page& page) {
    for (const ItemPtr& item : page.items) {
        if (session.gone() || session.peer().pending_bytes() >= config_.high_water) {
            return false;
        }
        if (session.takes(item->seq, facts_of(*item))) {
            session.peer().send(item->event, Delivery::sure);
        }
        session.advance(item->seq);
    }
    session.advance(page.covered);
    return true;
}

void Feed::pump(Session& session) {
    if (session.pumping) {
        return;
    }
    session.pumping = true;
    if (!session.gone() && lost(session.cursor())) {
        send_resync(session);
    }
    while (!session.gone() && session.cursor() < store_.last_seq()) {
        const auto page = page_after(session.cursor());
        if (!page || !send_page(session, *page)) {
            break;
        }
    }
    session.pumping = false;
}

void Feed::replay(Session& session, Seq since) {
    if (lost(since)) {
        return send_resync(session);
    }
    session.rewind(since);
    pump(session);
}

void Feed::broadcast(const SharedEvent& event, const std::vector<EventFacts>& facts) {
    const auto sessions = sessions_;
    for (const auto& session : sessions) {
        if (!session->gone() && wants_any(*session, facts)) {
            session->peer().send(event, Delivery::droppable);
        }
    }
}

}  // namespace flow::api
