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

constexpr int kMaxAttempts = 5;

// One container on its way: first its path, then the call.
struct Item {
  std::string name;
  int attempts = 0;
  std::optional<Result<bus::Message>> answer;
  bus::Slot find, call;
};

void send_find(Client& client, const Batch& batch, Item& item);

void on_answer(Client& client, const Batch& batch, Item& item, Result<bus::Message> answer) {
  const bool died = !answer && answer.error().code() == ErrorCode::Timeout;
  if (died && batch.repeat == Batch::Repeat::WhereAmbitdDied && item.attempts < kMaxAttempts)
    return send_find(client, batch, item);
  item.answer = std::move(answer);
}

void send_call(Client& client, const Batch& batch, const std::string& path, Item& item) {
  auto message = batch.make_call(path);
  if (!message) {
    item.answer = message.error();
    return;
  }
  auto slot = client.bus().call_async(
      *message,
      [&client, &batch, &item](Result<bus::Message> answer) {
        on_answer(client, batch, item, std::move(answer));
      },
      bus::kNoTimeout);
  if (slot)
    item.call = *std::move(slot);
  else
    item.answer = slot.error();
}

void on_found(Client& client, const Batch& batch, Item& item, Result<bus::Message> answer) {
  if (!answer) return on_answer(client, batch, item, std::move(answer));
  auto path = answer->read<bus::ObjectPath>();
  if (path)
    send_call(client, batch, path->value, item);
  else
    item.answer = path.error();
}

void send_find(Client& client, const Batch& batch, Item& item) {
  ++item.attempts;
  auto message = client.new_manager_call(batch.find);
  const Result<void> appended = message ? message->append(item.name) : message.error();
  if (!appended) {
    item.answer = appended.error();
    return;
  }
  auto slot = client.bus().call_async(
      *message,
      [&client, &batch, &item](Result<bus::Message> answer) {
        on_found(client, batch, item, std::move(answer));
      },
      bus::kNoTimeout);
  if (slot)
    item.find = *std::move(slot);
  else
    item.answer = slot.error();
}

bool is_success(const Batch& batch, const Item& item, ErrorCode code) {
  if (batch.ignore && batch.ignore(code)) return true;
  return batch.may_vanish && item.attempts > 1 &&
         (code == ErrorCode::NoSuchContainer || code == ErrorCode::NoSuchPod);
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
  const Error error = explain_call_error(std::move(*item.answer).error(), "the call");
  if (is_success(batch, item, error.code())) return 0;
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
  bus::Message answer = AMBIT_TRY(client.ask(message));
  const auto rows = AMBIT_TRY(answer.read<std::vector<Row>>());
  std::vector<std::string> ids;
  for (const auto& row : rows)
    if (states.empty() || std::find(states.begin(), states.end(), std::get<3>(row)) != states.end())
      ids.push_back(std::get<0>(row));
  return ids;
}

}  // namespace ambit::cli
