#include <map>
#include <tuple>

#include "base/strings.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/human.h"
#include "cli/json_text.h"
#include "cli/list_format.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "cli/verbs.h"

namespace ambit::cli {
namespace {

using Row =
    std::tuple<std::string, std::vector<std::string>, std::uint64_t, std::int64_t, bus::ObjectPath>;

struct ImagesFlags {
  bool quiet = false;
  bool no_trunc = false;
  bool all = false;
  std::optional<std::string> format;
};

// "name:tag" in two; a digest stands for the tag.
std::pair<std::string, std::string> split_reference(const std::string& reference) {
  const std::string name = short_reference(reference);
  const std::size_t digest = name.find('@');
  if (digest != std::string::npos) return {name.substr(0, digest), name.substr(digest + 1)};
  const std::size_t colon = name.rfind(':');
  // A colon before the last slash belongs to a port.
  if (colon == std::string::npos || name.find('/', colon) != std::string::npos)
    return {name, "latest"};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::string show_table(const std::vector<Row>& rows, const ImagesFlags& flags) {
  Table table({"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"});
  const std::int64_t now = now_usec();
  for (const auto& [id, references, size, created, path] : rows) {
    const std::string shown_id = flags.no_trunc ? id : short_id(id);
    const std::string ago = human_ago(created, now);
    if (references.empty()) table.add({"<none>", "<none>", shown_id, ago, human_size(size)});
    for (const std::string& reference : references) {
      const auto [name, tag] = split_reference(reference);
      table.add({name, tag, shown_id, ago, human_size(size)});
    }
  }
  return table.text();
}

std::string show_rows_as_json(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const auto& [id, references, size, created, path] : rows)
    list.push_back(
        {{"id", id}, {"references", references}, {"sizeBytes", size}, {"createdUsec", created}});
  return show_json(list);
}

Result<std::string> images(const ImagesFlags& flags, const std::vector<std::string>& arguments) {
  const ListFormat format = AMBIT_TRY(parse_list_format(flags.format));
  std::map<std::string, std::string> filter;
  if (!arguments.empty()) filter["reference"] = arguments.front();
  Client client = AMBIT_TRY(Client::connect());
  bus::Message call = AMBIT_TRY(client.new_manager_call("ListImages"));
  AMBIT_TRY(call.append(filter));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  const auto rows = AMBIT_TRY(answer.read<std::vector<Row>>());
  if (flags.quiet) {
    std::string text;
    for (const Row& row : rows)
      text += (flags.no_trunc ? std::get<0>(row) : short_id(std::get<0>(row))) + "\n";
    return text;
  }
  return format == ListFormat::ForMachines ? show_rows_as_json(rows) : show_table(rows, flags);
}

}  // namespace

int verb_images(int argc, char** argv) {
  Parser parser("images", "[PART OF A NAME]", "Lists the images in the store, newest first.");
  ImagesFlags flags;
  parser.flag("-q,--quiet", flags.quiet, "IDs only");
  parser.flag("--no-trunc", flags.no_trunc, "whole IDs");
  parser.flag("-a,--all", flags.all, "accepted: all are shown anyway");
  parser.value("--format", flags.format, "FORMAT", "table (default) or json");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() > 1) return parser.usage_error("one part of a name at most");

  const Result<std::string> text = images(flags, parser.arguments());
  if (!text) {
    print_error(text.error());
    return exit_code(text.error().code());
  }
  print(*text);
  return 0;
}

}  // namespace ambit::cli
