#include <fcntl.h>

#include <utility>

#include "engine/engine_impl.h"
#include "os/file.h"

// What containers have written, which only the ids that own it may look through.
namespace ambit::engine {

void Engine::container_sizes(const std::vector<std::string>& ids, SizesDone done) {
  if (ids.empty()) return done(std::vector<ContainerSize>());
  auto folder =
      os::open_at(AT_FDCWD, impl_->records.data_path(""), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) return done(folder.error());
  const auto userns = impl_->base_userns();
  if (!userns) return done(userns.error());
  const auto started = impl_->workers.start(
      [&](int output_fd) {
        return image::size_call({.fds = {.output_fd = output_fd, .user_ns_fd = *userns},
                                 .dir_fd = folder->get(),
                                 .names = ids});
      },
      {.finished = [ids, done](Result<image::WorkerResult> result) {
        if (!result) return done(std::move(result).error());
        if (result->sizes_bytes.size() != ids.size())
          return done(
              Error(ErrorCode::Corrupt, "ambit-worker has told other sizes than asked for"));
        std::vector<ContainerSize> sizes;
        for (std::size_t i = 0; i < ids.size(); ++i)
          sizes.push_back({.id = ids[i], .bytes = result->sizes_bytes[i]});
        done(std::move(sizes));
      }});
  if (!started) done(started.error());
}

}  // namespace ambit::engine
