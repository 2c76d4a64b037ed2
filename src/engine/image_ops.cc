#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/log.h"
#include "engine/engine_impl.h"
#include "engine/inspect.h"

// Images: what the store can do at once, and what a worker does.
namespace ambit::engine {
namespace {

Result<image::InputKind> kind_of(int fd) {
  struct stat info = {};
  if (::fstat(fd, &info) < 0) return Error::from_errno(errno, "fstat of the archive");
  return S_ISDIR(info.st_mode) ? image::InputKind::Folder : image::InputKind::Stream;
}

}  // namespace

std::vector<std::string> Engine::Impl::users_of_image(const std::string& image_id) const {
  std::vector<std::string> names;
  for (const auto& [id, container] : containers)
    if (container->record.image_id == image_id) names.push_back(container->record.name);
  return names;
}

void Engine::Impl::run_image_job(const MakeImageCall& make_call, ImagesDone done) {
  auto userns = base_userns();
  if (!userns) return done(std::move(userns).error());
  auto job = images.begin_job();
  if (!job) return done(std::move(job).error());
  auto started = workers.start(
      [&](int output_fd) {
        return make_call({.output_fd = output_fd, .user_ns_fd = *userns}, *job);
      },
      {.finished = [this, name = *job, done](Result<image::WorkerResult> result) {
        finish_image_job(name, std::move(result), done);
      }});
  if (started) return;
  images.abandon_job(*job);
  done(std::move(started).error());
}

void Engine::Impl::finish_image_job(const std::string& job, Result<image::WorkerResult> result,
                                    const ImagesDone& done) {
  if (!result) {
    images.abandon_job(job);
    sweep_trash();
    return done(std::move(result).error());
  }
  for (const std::string& note : result->notes) log(LogLevel::Info, "%s", note.c_str());
  auto ids = images.finish_job(job, result->images);
  sweep_trash();
  if (observer != nullptr) observer->images_changed();
  done(std::move(ids));
}

const image::Store& Engine::images() const { return impl_->images; }

void Engine::load_image(UniqueFd archive, const std::string& reference, ImagesDone done) {
  const auto kind = kind_of(archive.get());
  if (!kind) return done(kind.error());
  impl_->run_image_job(
      [&](const image::WorkerFds& fds, const std::string& job) {
        return image::load_call({.fds = fds,
                                 .data_fd = impl_->store_dir.get(),
                                 .input_fd = archive.get(),
                                 .input = *kind,
                                 .job = job,
                                 .store_path = impl_->options.paths.data,
                                 .name_hint = reference});
      },
      std::move(done));
}

void Engine::import_image(UniqueFd archive, const std::string& reference,
                          const spec::ImageConfig& config, ImagesDone done) {
  impl_->run_image_job(
      [&](const image::WorkerFds& fds, const std::string& job) {
        return image::import_call({.fds = fds,
                                   .data_fd = impl_->store_dir.get(),
                                   .input_fd = archive.get(),
                                   .job = job,
                                   .store_path = impl_->options.paths.data,
                                   .reference = reference,
                                   .config = config});
      },
      std::move(done));
}

Result<void> Engine::tag_image(const std::string& id, const std::string& reference) {
  AMBIT_TRY(impl_->images.tag(id, reference));
  if (impl_->observer != nullptr) impl_->observer->images_changed();
  return {};
}

Result<void> Engine::untag_image(const std::string& reference) {
  AMBIT_TRY(impl_->images.untag(reference));
  if (impl_->observer != nullptr) impl_->observer->images_changed();
  return {};
}

Result<void> Engine::Impl::remove_image(const std::string& id, RemoveMode mode) {
  if (mode == RemoveMode::Force) {
    for (const std::string& name : users_of_image(id)) {
      const std::string user = ids_by_name.at(name);
      const State state = containers.at(user)->run.state;
      if (state == State::Created || state == State::Exited) remove_now(user);
    }
  }
  AMBIT_TRY(images.remove(id, image::RemoveReferences::All,
                          [this](const std::string& image) { return users_of_image(image); }));
  sweep_trash();
  if (observer != nullptr) observer->images_changed();
  return {};
}

void Engine::remove_image(const std::string& id, RemoveMode mode, Done done) {
  done(impl_->remove_image(id, mode));
}

Result<std::string> Engine::inspect_image(const std::string& id) const {
  const image::ImageRecord* image = AMBIT_TRY(impl_->images.find(id));
  return inspect_json(*image);
}

}  // namespace ambit::engine
