#include "softcard/card/services.h"

#include <utility>

#include "softcard/card/script_player.h"

namespace axllama::softcard {

Services::Services(ProgramLoader loader)
    : load_program(std::move(loader)), script(std::make_unique<ScriptPlayer>()) {}

Services::~Services() = default;

void Services::set_settings(Settings settings) {
  reports.set_quiet(settings.quiet);
  chatter.set_enabled(settings.chatter);
  faults.set_rules(settings.faults);
  script->set_script(settings.script);
  auto next = std::make_shared<const Settings>(std::move(settings));
  const std::scoped_lock lock(settings_mutex_);
  settings_ = std::move(next);
}

}  // namespace axllama::softcard
