// The host's folders for the sockets: DATA/run is 0700, a container's folder 0755 (contract 6).
#pragma once

#include <functional>
#include <string>

#include "domain/error.hpp"

namespace flow::daemon {

/// Makes it with mode 0755 if it is missing; one that is there is left as it is, since containers have it mounted.
domain::Result<void> make_socket_folder(const std::string& path);
/// True: it was there and is gone now.
domain::Result<bool> remove_socket_folder(const std::string& path);
/// What a daemon that was killed has left: folders of containers that nobody knows. Failures are logged.
void remove_stray_folders(const std::string& run_dir,
                          const std::function<bool(const std::string&)>& known);

}  // namespace flow::daemon
