#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/bus.h"
#include "bus/message.h"
#include "daemon/services.h"
#include "image/record.h"

namespace ambit::daemon {

// One image on the bus, dbus/org.ambit.Ambit1.Image.xml.
class ImageObject {
 public:
  ImageObject(const Services& services, image::ImageRecord image);
  ImageObject(const ImageObject&) = delete;
  ImageObject& operator=(const ImageObject&) = delete;
  ~ImageObject() = default;

  Result<void> publish();
  // Takes over what the store says now, and tells what differs.
  Result<void> update(const image::ImageRecord& image);

  const std::string& path() const noexcept { return path_; }

 private:
  using Strings = std::vector<std::string>;

  static const sd_bus_vtable kVtable[];

  std::string id() const { return image_.id; }
  std::string digest() const { return image_.manifest.digest; }
  std::uint64_t size() const;
  std::int64_t created_at() const { return image_.config.created_usec; }
  std::string architecture() const { return image_.config.architecture; }
  std::string config() const;
  Strings layers() const;
  Strings references() const { return image_.references; }
  std::string broken() const { return image_.broken; }

  Result<void> on_tag(bus::Message& call);
  Result<void> on_untag(bus::Message& call);
  Result<void> on_remove(bus::Message& call);
  Result<void> on_inspect(bus::Message& call);

  Services services_;
  image::ImageRecord image_;
  std::string path_;
  bus::Slot slot_;
};

}  // namespace ambit::daemon
