#include "image/worker_call.h"

#include "base/strings.h"

namespace ambit::image {
namespace {

// Collects descriptors and their names in step.
class CallBuilder {
 public:
  explicit CallBuilder(const char* verb, const WorkerFds& fds) {
    call_.argv = {"ambit-worker", verb, ""};
    add_fd("output", fds.output_fd);
    add_fd("userns", fds.user_ns_fd);
  }

  void add_fd(const char* name, int fd) {
    if (!names_.empty()) names_ += ",";
    names_ += name;
    call_.fds.push_back(fd);
  }

  void add_option(const char* name, const std::string& value) {
    if (!value.empty()) call_.argv.push_back(std::string(name) + "=" + value);
  }

  void add_name(const std::string& name) { call_.argv.push_back(name); }

  WorkerCall take() && {
    call_.argv[2] = names_;
    return std::move(call_);
  }

 private:
  WorkerCall call_;
  std::string names_;
};

template <typename Options>
void add_target(CallBuilder& call, const Options& options) {
  call.add_fd("data", options.data_fd);
  call.add_option("job", options.job);
  call.add_option("store", options.store_path);
  call.add_option("architecture", options.architecture);
  if (options.foreign_ids == ForeignIds::Squash) call.add_option("foreign-ids", "squash");
}

}  // namespace

WorkerCall load_call(const LoadOptions& options) {
  CallBuilder call("load", options.fds);
  add_target(call, options);
  call.add_fd(options.input == InputKind::Folder ? "folder" : "input", options.input_fd);
  call.add_option("name", options.name_hint);
  return std::move(call).take();
}

WorkerCall pull_call(const PullOptions& options) {
  CallBuilder call("pull", options.fds);
  add_target(call, options);
  call.add_fd("source", options.source_fd);
  call.add_option("variant", options.variant);
  return std::move(call).take();
}

WorkerCall import_call(const ImportOptions& options) {
  CallBuilder call("import", options.fds);
  add_target(call, options);
  call.add_fd("input", options.input_fd);
  call.add_option("name", options.reference);
  call.add_option("config", spec::write_image_config(options.config));
  return std::move(call).take();
}

WorkerCall remove_call(const RemoveOptions& options) {
  CallBuilder call("remove", options.fds);
  call.add_fd("dir", options.dir_fd);
  for (const std::string& name : options.names) call.add_name(name);
  return std::move(call).take();
}

WorkerCall size_call(const SizeOptions& options) {
  CallBuilder call("size", options.fds);
  call.add_fd("dir", options.dir_fd);
  for (const std::string& name : options.names) call.add_name(name);
  return std::move(call).take();
}

Result<std::vector<Progress>> WorkerOutput::feed(std::string_view bytes) {
  constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;
  std::vector<Progress> progress;
  // What is there already has no newline: a long line is searched once, not with every piece.
  std::size_t from = partial_.size();
  partial_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end; (end = partial_.find('\n', from)) != std::string::npos;
       begin = from = end + 1) {
    if (result_) return Error(ErrorCode::Corrupt, "ambit-worker wrote more than its result");
    WorkerLine line =
        AMBIT_TRY(parse_worker_line(std::string_view(partial_).substr(begin, end - begin)));
    if (auto* step = std::get_if<Progress>(&line))
      progress.push_back(std::move(*step));
    else
      result_ = std::get<WorkerResult>(std::move(line));
  }
  partial_.erase(0, begin);
  if (partial_.size() > kMaxLineBytes)
    return Error(ErrorCode::Corrupt, "ambit-worker wrote a line without end");
  return progress;
}

Result<WorkerResult> WorkerOutput::finish() && {
  if (!result_)
    return Error(ErrorCode::Internal,
                 "ambit-worker ended without a result: it was killed or ran out of memory");
  if (result_->error) return std::move(*result_->error);
  return std::move(*result_);
}

}  // namespace ambit::image
