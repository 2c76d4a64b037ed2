#include "cli/batch.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

#include "cli/exit_codes.h"
#include "cli/output.h"

namespace ambit::cli {
namespace {

using Row = std::tuple<std::string, std::string, std::string, std::string, std::int32_t,
                       std::int64_t, bus::ObjectPath>;

// One container on its way: first its path, then the call.
struct Item {
  std::string name;
  std::optional<Result<bus::Message>> answer;
  bus::Slot find, call;
};

void send_call(Client& client, const Batch& batch, const std::string& path, Item& item) {
  auto message = batch.make_call(path);
  if (!message) {
    item.answer = message.error();
    return;
  }
  auto slot = client.bus().call_async(
      *message, [&item](Result<bus::Message> answer) { item.answer = std::move(answer); },
      bus::kNoTimeout);
  if (slot)
    item.call = *std::move(slot);
  else
    item.answer = slot.error();
}

void send_find(Client& client, const Batch& batch, Item& item) {
  auto message = client.new_manager_call("GetContainer");
  if (message) {
    const Result<void> appended = message->append(item.name);
    if (!appended) message = appended.error();
  }
  if (!message) {
    item.answer = message.error();
    return;
  }
  auto slot = client.bus().call_async(
      *message,
      [&client, &batch, &item](Result<bus::Message> answer) {
        auto path = answer ? answer->read<bus::ObjectPath>()
                           : Result<bus::ObjectPath>(std::move(answer).error());
        if (path)
          send_call(client, batch, path->value, item);
        else
          item.answer = path.error();
      },
      bus::kNoTimeout);
  if (slot)
    item.find = *std::move(slot);
  else
    item.answer = slot.error();
}

// Most messages name the container already.
Error with_name(const std::string& name, Error error) {
  if (error.message().find(name) != std::string::npos) return error;
  return std::move(error).context(name);
}

int report(const Batch& batch, Item& item) {
  if (*item.answer) {
    if (batch.on_success)
      batch.on_success(item.name, **item.answer);
    else
      print(item.name + "\n");
    return 0;
  }
  const Error& error = item.answer->error();
  if (batch.ignore && batch.ignore(error.code())) return 0;
  print_error(with_name(item.name, error));
  return batch.code_of != nullptr ? batch.code_of(error.code()) : exit_code(error.code());
}

}  // namespace

int for_each_container(Client& client, const std::vector<std::string>& names, const Batch& batch) {
  auto loop = bus::EventLoop::create();
  const Result<void> attached = loop ? client.bus().attach(*loop) : loop.error();
  if (!attached) {
    print_error(attached.error());
    return kExitFailure;
  }
  std::vector<Item> items(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    items[i].name = names[i];
    send_find(client, batch, items[i]);
  }
  int code = 0;
  // In order, each as soon as it and those before it are done.
  for (Item& item : items) {
    while (!item.answer) {
      const auto round = loop->run_once(std::chrono::microseconds(-1));
      if (!round) item.answer = round.error();
    }
    const int this_code = report(batch, item);
    if (code == 0) code = this_code;
  }
  (void)sd_bus_detach_event(client.bus().get());  // the loop ends here
  return code;
}

Result<std::vector<std::string>> all_container_ids(Client& client,
                                                   const std::vector<std::string>& states) {
  bus::Message message = AMBIT_TRY(client.new_manager_call("ListContainers"));
  AMBIT_TRY(message.append(std::map<std::string, std::string>()));
  bus::Message answer = AMBIT_TRY(client.call(message));
  const auto rows = AMBIT_TRY(answer.read<std::vector<Row>>());
  std::vector<std::string> ids;
  for (const auto& row : rows)
    if (states.empty() || std::find(states.begin(), states.end(), std::get<3>(row)) != states.end())
      ids.push_back(std::get<0>(row));
  return ids;
}

}  // namespace ambit::cli
