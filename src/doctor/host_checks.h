#pragma once

#include <string>
#include <vector>

#include "doctor/finding.h"
#include "doctor/host_view.h"

namespace axllama::doctor {

/// Everything about the host that the card and the software card depend on, without touching the card.
std::vector<Finding> check_host(const HostView& host = {});

// The parts of it, in this order.

/// Addresses of the cards on the PCI bus ("0001:01:00.0").
std::vector<std::string> cards_on_the_bus(const HostView& host);

/// Card, link, driver, its node's permissions, its log folder, the runtime's files.
std::vector<Finding> check_connection(const HostView& host);
/// Free memory, runs of free pages for DMA, a CMA area that is too large, huge pages.
std::vector<Finding> check_memory(const HostView& host);
/// Frequency governor, and the processor that serves the card's interrupts.
std::vector<Finding> check_processors(const HostView& host);

}  // namespace axllama::doctor
