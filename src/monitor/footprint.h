#pragma once

namespace ambit::monitor {

// Gives back to the kernel what the start has needed and a waiting monitor does not: freed heap,
// and the pages of the program itself, which come back from the page cache when they are executed.
// A monitor lives as long as its container; a thousand of them are to be cheap.
void shrink_footprint();

}  // namespace ambit::monitor
