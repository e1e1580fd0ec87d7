// The event feed (contract 3, "nothing is missed"): each session has one cursor in the log; a
// commit wakes the feed, which pulls the new events once, encodes each once, and writes to each
// session as fast as its client reads. A slow client costs a cursor, not memory. Owns the sessions.
// Everything is on the io_context's thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/peer.hpp"
#include "api/session.hpp"
#include "domain/ports/store.hpp"

namespace flow::api {

/// An event of the log, ready for many sessions.
struct FeedItem {
    Seq seq = 0;
    std::string container_id;
    std::string task_id;
    std::shared_ptr<const Labels> labels;   ///< none: not known any more
    SharedEvent event;
    std::size_t bytes = 0;                  ///< in memory, with the form for the wire
};

struct FeedConfig {
    /// Events read from the log at once.
    std::size_t batch = 256;
    /// Newest events kept encoded.
    std::size_t keep = 4096;
    /// What they take, about; one more may be kept that is larger by itself.
    std::size_t keep_bytes = 16u << 20;
    /// A session with more bytes waiting, not counting events that may be left out, is left alone until they are
    /// written.
    std::size_t high_water = 256 * 1024;
};

class Feed {
public:
    /// The list entries that a `resync` carries.
    using Snapshot = std::function<Json()>;

    Feed(const domain::Store& store, FeedConfig config, Snapshot snapshot);

    /// A new session. `since`: the last seq it knows; nothing: it hears what happens from now on.
    /// Nothing is sent before the first pump().
    std::shared_ptr<Session> add(std::shared_ptr<Peer> peer, std::optional<Seq> since);
    void remove(const std::shared_ptr<Session>& session);

    /// After a commit: tells every session what is new.
    void wake();
    /// Writes to one session until it is told everything, or has enough to write.
    void pump(Session& session);
    /// Tells one session what came after `since`, as far as it was not told before.
    void replay(Session& session, Seq since);
    /// An event that is not kept. It goes to the sessions that want it under any of these facts
    /// (it may be about several containers); slow ones may miss it.
    void broadcast(const SharedEvent& event, const std::vector<EventFacts>& facts);

    const std::vector<std::shared_ptr<Session>>& sessions() const { return sessions_; }
    std::size_t bytes_in_memory() const { return recent_bytes_; }

private:
    using ItemPtr = std::shared_ptr<const FeedItem>;
    struct Page {
        std::vector<ItemPtr> items;
        Seq covered = 0;    ///< the log was read up to here
    };

    /// Labels of a container, also a little after its row is gone.
    struct KnownLabels {
        domain::Generation generation = 0;
        std::shared_ptr<const Labels> labels;
    };

    bool refresh();
    void add_recent(ItemPtr item);
    ItemPtr make_item(domain::StoredEvent row);
    std::shared_ptr<const Labels> labels_of(const std::string& container_id);
    std::optional<Page> page_after(Seq cursor);
    Page page_from_memory(Seq cursor) const;
    std::optional<Page> page_from_store(Seq cursor);
    bool lost(Seq cursor) const;
    void send_resync(Session& session);
    bool send_page(Session& session, const Page& page);

    const domain::Store& store_;
    FeedConfig config_;
    Snapshot snapshot_;
    std::vector<std::shared_ptr<Session>> sessions_;
    std::deque<ItemPtr> recent_;    ///< all public events in (recent_from_, recent_to_]
    std::size_t recent_bytes_ = 0;
    Seq recent_from_ = 0;
    Seq recent_to_ = 0;
    std::map<std::string, KnownLabels> labels_;
};

}  // namespace flow::api
