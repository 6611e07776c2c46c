#include "softcard/graph/workspace.h"

#include <utility>

namespace axllama::softcard {

std::shared_ptr<WorkspaceCache> WorkspaceCache::shared() {
  static std::mutex mutex;
  static std::weak_ptr<WorkspaceCache> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<WorkspaceCache> cache = current.lock();
  if (!cache) {
    cache = std::make_shared<WorkspaceCache>();
    current = cache;
  }
  return cache;
}

std::shared_ptr<Workspace> WorkspaceCache::borrow() {
  std::unique_ptr<Workspace> workspace;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      workspace = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!workspace) workspace = std::make_unique<Workspace>();
  return {workspace.release(), [cache = shared_from_this()](Workspace* returned) {
            std::unique_ptr<Workspace> owned(returned);
            const std::lock_guard lock(cache->mutex_);
            cache->idle_.push_back(std::move(owned));
          }};
}

}  // namespace axllama::softcard
