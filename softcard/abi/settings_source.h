#pragma once

#include "softcard/card/settings.h"

namespace axllama::softcard {

/// The settings axllamaSoftcardConfigure gave, else the environment's. Throws CardError when they cannot be
/// understood, after a report.
Settings current_settings();

}  // namespace axllama::softcard
