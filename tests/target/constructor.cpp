// A global that needs code to run before pivot_main. No image may contain one: the linker script
// must refuse it (boot.cmake links this file alone, with and without the mistake).
namespace {

struct Counter {
    constexpr explicit Counter(int start) : value(start) {}
    int value;
};

}  // namespace

extern "C" int pivot_unknown_until_run_time();

#ifdef MISTAKE
Counter g_counter{pivot_unknown_until_run_time()};
#else
constinit Counter g_counter{1};
#endif

extern "C" int start() { return g_counter.value; }
extern "C" int pivot_unknown_until_run_time() { return *reinterpret_cast<volatile int*>(8); }
