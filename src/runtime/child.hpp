// The flow's program: started with pipes for its input and output, its own signals, and our error output. Everything here
// is for PID 1 of a container: it also reaps what others have left behind.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace flow::runtime {

struct Child {
    pid_t pid = 0;              ///< 0: there is none
    int in = -1;                ///< our end of its input, not blocking
    int out = -1;               ///< our end of its output, not blocking
};

/// `piped`: its input and output are ours; else it keeps those that we have. Ends the process when nothing can be started
/// at all; a program that does not exist ends with 127, one that may not be run with 126, as in a shell.
Child start_child(const std::vector<std::string>& command, bool piped);

/// Blocks every signal and answers a descriptor that tells them.
int signal_descriptor();

/// Reaps all that has ended. The exit code of `pid` (128 + number of the signal that ended it) when it is among them.
std::optional<int> reap(pid_t pid);

}  // namespace flow::runtime
