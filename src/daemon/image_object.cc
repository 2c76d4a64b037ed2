#include "daemon/image_object.h"

#include <utility>

#include "bus/vtable.h"
#include "daemon/call_options.h"
#include "daemon/object_paths.h"

namespace ambit::daemon {
namespace {

constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr std::uint64_t kEmits = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;

}  // namespace

const sd_bus_vtable ImageObject::kVtable[] = {
    SD_BUS_VTABLE_START(0),

    SD_BUS_PROPERTY("Id", "s", bus::property<&ImageObject::id>, 0, kConst),
    SD_BUS_PROPERTY("Digest", "s", bus::property<&ImageObject::digest>, 0, kConst),
    SD_BUS_PROPERTY("Size", "t", bus::property<&ImageObject::size>, 0, kConst),
    SD_BUS_PROPERTY("CreatedAt", "x", bus::property<&ImageObject::created_at>, 0, kConst),
    SD_BUS_PROPERTY("Architecture", "s", bus::property<&ImageObject::architecture>, 0, kConst),
    SD_BUS_PROPERTY("Config", "s", bus::property<&ImageObject::config>, 0, kConst),
    SD_BUS_PROPERTY("Layers", "as", bus::property<&ImageObject::layers>, 0, kConst),

    SD_BUS_PROPERTY("References", "as", bus::property<&ImageObject::references>, 0, kEmits),
    SD_BUS_PROPERTY("Broken", "s", bus::property<&ImageObject::broken>, 0, kEmits),

    SD_BUS_METHOD_WITH_ARGS("Tag", SD_BUS_ARGS("s", reference), SD_BUS_NO_RESULT,
                            bus::method<&ImageObject::on_tag>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Untag", SD_BUS_ARGS("s", reference), SD_BUS_NO_RESULT,
                            bus::method<&ImageObject::on_untag>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
                            bus::method<&ImageObject::on_remove>, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Inspect", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                            bus::method<&ImageObject::on_inspect>, kOpen),

    SD_BUS_VTABLE_END,
};

ImageObject::ImageObject(const Services& services, image::ImageRecord image)
    : services_(services), image_(std::move(image)), path_(image_path(image_.id)) {}

Result<void> ImageObject::publish() {
  slot_ = AMBIT_TRY(services_.bus.add_vtable(path_, kImageInterface, kVtable, this));
  return services_.bus.emit_interfaces_added(path_, kImageInterface);
}

Result<void> ImageObject::update(const image::ImageRecord& image) {
  const image::ImageRecord before = std::exchange(image_, image);
  std::vector<std::string> names;
  if (before.references != image_.references) names.emplace_back("References");
  if (before.broken != image_.broken) names.emplace_back("Broken");
  return services_.bus.emit_properties_changed(path_, kImageInterface, names);
}

std::uint64_t ImageObject::size() const {
  std::uint64_t bytes = image_.config_blob.size_bytes;
  for (const image::Layer& layer : image_.layers) bytes += layer.blob.size_bytes;
  return bytes;
}

// A broken image may have lost its configuration.
std::string ImageObject::config() const {
  auto text = services_.engine.images().read_config_blob(image_);
  return text ? *std::move(text) : "";
}

ImageObject::Strings ImageObject::layers() const {
  Strings diff_ids;
  for (const image::Layer& layer : image_.layers) diff_ids.push_back(layer.diff_id);
  return diff_ids;
}

// What these call changes image_, or ends this object, before it returns: hence the copies.
Result<void> ImageObject::on_tag(bus::Message& call) {
  const std::string own_id = image_.id;
  const auto reference = AMBIT_TRY(call.read<std::string>());
  AMBIT_TRY(services_.engine.tag_image(own_id, reference));
  return bus::reply(call);
}

Result<void> ImageObject::on_untag(bus::Message& call) {
  const auto reference = AMBIT_TRY(call.read<std::string>());
  const image::ImageRecord* named = AMBIT_TRY(services_.engine.images().find(reference));
  if (named->id != image_.id)
    return Error(ErrorCode::NoSuchImage, "'" + reference + "' is another image's name");
  AMBIT_TRY(services_.engine.untag_image(reference));
  return bus::reply(call);
}

Result<void> ImageObject::on_remove(bus::Message& call) {
  const engine::RemoveMode mode = AMBIT_TRY(read_image_remove_options(call));
  const std::string own_id = image_.id;
  services_.engine.remove_image(
      own_id, mode,
      [late = reply_later(services_, call)](const Result<void>& result) { late->finish(result); });
  return {};
}

Result<void> ImageObject::on_inspect(bus::Message& call) {
  return bus::reply(call, AMBIT_TRY(services_.engine.inspect_image(image_.id)));
}

}  // namespace ambit::daemon
