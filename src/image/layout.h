#pragma once

// Names below the data folder, shared by the store and the worker. See store.h.
namespace ambit::image {

constexpr char kLayoutDir[] = "images";
constexpr char kBlobsDir[] = "images/blobs/sha256";
constexpr char kRecordsDir[] = "image-records";
constexpr char kLayersDir[] = "layers";
constexpr char kStagingDir[] = "staging";
constexpr char kTrashDir[] = "trash";

constexpr char kIndexFile[] = "index.json";
constexpr char kLayoutFile[] = "oci-layout";

// In a job's folder below staging/.
constexpr char kJobBlobsDir[] = "blobs";
constexpr char kJobLayersDir[] = "layers";

// In a layer's folder.
constexpr char kLayerTree[] = "fs";
constexpr char kLayerFile[] = "layer.json";

}  // namespace ambit::image
