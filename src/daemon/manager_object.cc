#include "daemon/manager_object.h"

#include <tuple>
#include <utility>

#include "bus/vtable.h"
#include "daemon/call_options.h"
#include "daemon/listing.h"
#include "daemon/object_paths.h"
#include "daemon/pod_options.h"
#include "daemon/statistics.h"
#include "engine/pods.h"

namespace ambit::daemon {
namespace {

constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;

// The arguments that CreateContainer and RunContainer begin with.
Result<CreateCall> read_create_arguments(bus::Message& call) {
  auto [name, image, command] =
      AMBIT_TRY((call.read<std::string, std::string, std::vector<std::string>>()));
  if (image.empty()) return Error(ErrorCode::InvalidArgument, "no image is named");
  CreateCall create{.name = std::move(name), .image = std::move(image)};
  create.options.command = std::move(command);
  return create;
}

}  // namespace

const sd_bus_vtable ManagerObject::kVtable[] = {
    SD_BUS_VTABLE_START(0),

    SD_BUS_PROPERTY("Version", "s", bus::property<&ManagerObject::version>, 0, kConst),
    SD_BUS_PROPERTY("StorePath", "s", bus::property<&ManagerObject::store_path>, 0, kConst),
    SD_BUS_PROPERTY("Features", "as", bus::property<&ManagerObject::features>, 0, kConst),
    SD_BUS_PROPERTY("DefaultNetwork", "s", bus::property<&ManagerObject::default_network>, 0,
                    kConst),

    SD_BUS_PROPERTY("Controllers", "as", bus::property<&ManagerObject::controllers>, 0, 0),
    SD_BUS_PROPERTY("Containers", "a{su}", bus::property<&ManagerObject::containers>, 0, 0),

    SD_BUS_METHOD_WITH_ARGS(
        "CreateContainer", SD_BUS_ARGS("s", name, "s", image, "as", command, "a{sv}", options),
        SD_BUS_RESULT("o", container), bus::method<&ManagerObject::on_create_container>, kOpen),
    SD_BUS_METHOD_WITH_ARGS(
        "RunContainer", SD_BUS_ARGS("s", name, "s", image, "as", command, "a{sv}", options),
        SD_BUS_RESULT("o", container), bus::method<&ManagerObject::on_run_container>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("GetContainer", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", container),
                            bus::method<&ManagerObject::on_get_container>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("GetContainerByPID", SD_BUS_ARGS("u", pid),
                            SD_BUS_RESULT("o", container),
                            bus::method<&ManagerObject::on_get_container_by_pid>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListContainers", SD_BUS_ARGS("a{ss}", filter),
                            SD_BUS_RESULT("a(ssssixo)", containers),
                            bus::method<&ManagerObject::on_list_containers>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ContainerStatistics", SD_BUS_ARGS("as", names),
                            SD_BUS_RESULT("a(osa{sv})", statistics),
                            bus::method<&ManagerObject::on_container_statistics>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ContainerSizes", SD_BUS_ARGS("as", names),
                            SD_BUS_RESULT("a(ot)", sizes),
                            bus::method<&ManagerObject::on_container_sizes>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("GetImage", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", image),
                            bus::method<&ManagerObject::on_get_image>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListImages", SD_BUS_ARGS("a{ss}", filter),
                            SD_BUS_RESULT("a(sastxo)", images),
                            bus::method<&ManagerObject::on_list_images>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("PullImage", SD_BUS_ARGS("s", reference, "a{sv}", options),
                            SD_BUS_RESULT("o", transfer),
                            bus::method<&ManagerObject::on_pull_image>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("LoadImage", SD_BUS_ARGS("h", archive, "a{sv}", options),
                            SD_BUS_RESULT("ao", images), bus::method<&ManagerObject::on_load_image>,
                            kOpen),
    SD_BUS_METHOD_WITH_ARGS(
        "ImportImage", SD_BUS_ARGS("h", archive, "s", reference, "a{sv}", options),
        SD_BUS_RESULT("o", image), bus::method<&ManagerObject::on_import_image>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("CreatePod", SD_BUS_ARGS("s", name, "a{sv}", options),
                            SD_BUS_RESULT("o", pod), bus::method<&ManagerObject::on_create_pod>,
                            kOpen),
    SD_BUS_METHOD_WITH_ARGS("GetPod", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", pod),
                            bus::method<&ManagerObject::on_get_pod>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListPods", SD_BUS_ARGS("a{ss}", filter),
                            SD_BUS_RESULT("a(ssuxo)", pods),
                            bus::method<&ManagerObject::on_list_pods>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("CheckHost", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssss)", checks),
                            bus::method<&ManagerObject::on_check_host>, kOpen),

    SD_BUS_VTABLE_END,
};

ManagerObject::ManagerObject(const Services& services, Paths paths)
    : services_(services), paths_(std::move(paths)), journal_check_(services.loop) {}

Result<void> ManagerObject::publish() {
  slot_ = AMBIT_TRY(services_.bus.add_vtable(kManagerPath, kManagerInterface, kVtable, this));
  return {};
}

std::string ManagerObject::version() const { return AMBIT_VERSION; }

ManagerObject::Strings ManagerObject::features() const {
  if (!features_) features_ = engine::host_features(paths_);
  return *features_;
}

std::map<std::string, std::uint32_t> ManagerObject::containers() const {
  std::map<std::string, std::uint32_t> counts;
  for (const auto& [id, container] : services_.engine.containers())
    counts[engine::to_string(container->run.state)]++;
  return counts;
}

void ManagerObject::create(CreateCall create, Created done) {
  const auto create_now = [this](const CreateCall& settled, const Created& created) {
    created(services_.engine.create(settled.name, settled.image, settled.options));
  };
  if (!create.options.log_driver.empty()) return create_now(create, done);
  journal_check_.ask([create_now, create = std::move(create),
                      done = std::move(done)](const std::string& reason) mutable {
    create.options.log_driver = reason.empty() ? spec::kLogJournald : spec::kLogFile;
    create.options.log.fallback_reason = reason;
    if (!reason.empty()) create.options.log.tag.clear();
    create_now(create, done);
  });
}

Result<void> ManagerObject::on_create_container(bus::Message& call) {
  CreateCall wishes = AMBIT_TRY(read_create_arguments(call));
  AMBIT_TRY(read_create_options(call, wishes.options));
  create(std::move(wishes),
         [late = reply_later(services_, call)](const Result<const engine::Container*>& made) {
           if (made)
             late->succeed(bus::ObjectPath{container_path((*made)->record.id)});
           else
             late->fail(made.error());
         });
  return {};
}

Result<void> ManagerObject::on_run_container(bus::Message& call) {
  CreateCall wishes = AMBIT_TRY(read_create_arguments(call));
  auto streams = std::make_shared<engine::ClientStreams>();
  AMBIT_TRY(read_run_options(call, wishes.options, *streams));
  create(std::move(wishes), [this, streams, late = reply_later(services_, call)](
                                const Result<const engine::Container*>& made) {
    if (!made) return late->fail(made.error());
    const std::string id = (*made)->record.id;
    services_.engine.start(id, std::move(*streams), [id, late](const Result<void>& started) {
      if (started)
        late->succeed(bus::ObjectPath{container_path(id)});
      else
        late->fail(started.error());
    });
  });
  return {};
}

Result<void> ManagerObject::on_get_container(bus::Message& call) {
  const auto name = AMBIT_TRY(call.read<std::string>());
  const engine::Container* container = AMBIT_TRY(services_.engine.find(name));
  return bus::reply(call, bus::ObjectPath{container_path(container->record.id)});
}

Result<void> ManagerObject::on_get_container_by_pid(bus::Message& call) {
  const auto pid = AMBIT_TRY(call.read<std::uint32_t>());
  if (pid == 0 || pid > INT32_MAX)
    return Error(ErrorCode::InvalidArgument, std::to_string(pid) + " is no PID");
  const engine::Container* container =
      AMBIT_TRY(services_.engine.find_by_pid(static_cast<pid_t>(pid)));
  return bus::reply(call, bus::ObjectPath{container_path(container->record.id)});
}

Result<void> ManagerObject::on_list_containers(bus::Message& call) {
  const auto filter = AMBIT_TRY(call.read<Filter>());
  return bus::reply(call, AMBIT_TRY(list_containers(services_.engine, filter)));
}

Result<void> ManagerObject::on_container_statistics(bus::Message& call) {
  const auto names = AMBIT_TRY(call.read<Strings>());
  return bus::reply(call, AMBIT_TRY(read_statistics(services_.engine, names)));
}

Result<void> ManagerObject::on_container_sizes(bus::Message& call) {
  Strings ids;
  for (const std::string& name : AMBIT_TRY(call.read<Strings>())) {
    const engine::Container* container = AMBIT_TRY(services_.engine.find(name));
    ids.push_back(container->record.id);
  }
  if (ids.empty())
    for (const auto& [id, container] : services_.engine.containers()) ids.push_back(id);
  services_.engine.container_sizes(
      ids, [late = reply_later(services_, call)](
               const Result<std::vector<engine::ContainerSize>>& sizes) {
        if (!sizes) return late->fail(sizes.error());
        std::vector<std::tuple<bus::ObjectPath, std::uint64_t>> rows;
        for (const engine::ContainerSize& size : *sizes)
          rows.emplace_back(bus::ObjectPath{container_path(size.id)}, size.bytes);
        late->succeed(rows);
      });
  return {};
}

Result<void> ManagerObject::on_get_image(bus::Message& call) {
  const auto name = AMBIT_TRY(call.read<std::string>());
  const image::ImageRecord* image = AMBIT_TRY(services_.engine.images().find(name));
  return bus::reply(call, bus::ObjectPath{image_path(image->id)});
}

Result<void> ManagerObject::on_list_images(bus::Message& call) {
  const auto filter = AMBIT_TRY(call.read<Filter>());
  return bus::reply(call, AMBIT_TRY(list_images(services_.engine, filter)));
}

Result<void> ManagerObject::on_pull_image(bus::Message& call) {
  engine::PullRequest request;
  request.fetch.reference = AMBIT_TRY(call.read<std::string>());
  AMBIT_TRY(read_pull_options(call, request));
  const std::string id = AMBIT_TRY(services_.engine.pull_image(request));
  return bus::reply(call, bus::ObjectPath{transfer_path(id)});
}

Result<void> ManagerObject::on_load_image(bus::Message& call) {
  UniqueFd archive = AMBIT_TRY(call.read<UniqueFd>());
  const std::string reference = AMBIT_TRY(read_load_options(call));
  services_.engine.load_image(std::move(archive), reference,
                              [late = reply_later(services_, call)](const Result<Strings>& ids) {
                                if (!ids) return late->fail(ids.error());
                                std::vector<bus::ObjectPath> paths;
                                for (const std::string& id : *ids)
                                  paths.push_back({image_path(id)});
                                late->succeed(paths);
                              });
  return {};
}

Result<void> ManagerObject::on_import_image(bus::Message& call) {
  auto [archive, reference] = AMBIT_TRY((call.read<UniqueFd, std::string>()));
  spec::ImageConfig config;
  AMBIT_TRY(read_import_options(call, config));
  services_.engine.import_image(
      std::move(archive), reference, config,
      [late = reply_later(services_, call)](const Result<Strings>& ids) {
        if (!ids) return late->fail(ids.error());
        if ((*ids).size() != 1)
          return late->fail(Error(ErrorCode::Internal, "the import made no image"));
        late->succeed(bus::ObjectPath{image_path((*ids).front())});
      });
  return {};
}

Result<void> ManagerObject::on_create_pod(bus::Message& call) {
  const auto name = AMBIT_TRY(call.read<std::string>());
  CreatePodOptions options = AMBIT_TRY(read_create_pod_options(call));
  services_.engine.pods().create(
      name, std::move(options.pod), std::move(options.properties),
      [late = reply_later(services_, call)](const Result<const engine::Pod*>& pod) {
        if (pod)
          late->succeed(bus::ObjectPath{pod_path((*pod)->record.name)});
        else
          late->fail(pod.error());
      });
  return {};
}

Result<void> ManagerObject::on_get_pod(bus::Message& call) {
  const auto name = AMBIT_TRY(call.read<std::string>());
  const engine::Pod* pod = AMBIT_TRY(services_.engine.pods().find(name));
  return bus::reply(call, bus::ObjectPath{pod_path(pod->record.name)});
}

Result<void> ManagerObject::on_list_pods(bus::Message& call) {
  const auto filter = AMBIT_TRY(call.read<Filter>());
  return bus::reply(call, AMBIT_TRY(list_pods(services_.engine, filter)));
}

// Callers that come while the checks run get the same answer.
Result<void> ManagerObject::on_check_host(bus::Message& call) {
  if (!host_report_)
    host_report_ = AMBIT_TRY(HostReport::start(
        services_.loop, [this](const Result<std::vector<engine::HostCheck>>& checks) {
          answer_host_checks(checks);
        }));
  host_report_calls_.push_back(reply_later(services_, call));
  return {};
}

void ManagerObject::answer_host_checks(const Result<std::vector<engine::HostCheck>>& checks) {
  using Row = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  const auto calls = std::exchange(host_report_calls_, {});
  // Not from within its own callback.
  auto forget = services_.loop.defer([finished = std::shared_ptr<HostReport>(std::move(
                                          host_report_))]() mutable { finished.reset(); });
  if (forget) forget_host_report_ = *std::move(forget);
  std::vector<Row> rows;
  if (checks)
    for (const engine::HostCheck& check : *checks)
      rows.emplace_back(check.name, engine::to_string(check.state), check.detail, check.fix,
                        check.documentation);
  for (const auto& late : calls) {
    if (checks)
      late->succeed(rows);
    else
      late->fail(checks.error());
  }
}

}  // namespace ambit::daemon
