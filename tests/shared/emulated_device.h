// The kernels on a CPU: each CUDA thread is a fiber with a stack of its own. One fiber runs at a time, until it comes to a
// barrier; then another one is chosen at random. Stands for device.cuh and for what CUDA itself provides. A missing barrier
// shows as wrong numbers, because some fibers then run ahead of others by a whole step; barriers that not all threads reach
// show as a deadlock. A block that has counted for other blocks (atomicAdd) may sleep until no other one can go on, so that
// what it has counted too early shows too. Shared memory starts as NaN and lies between pages that nothing may touch: a
// thread that does ends the launch. The memory ends at the page after it or starts at the one before it, in turn.
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(threads, blocks)

#ifdef EMULATE_DOUBLE
typedef double real;
inline real tanh_of(real a) { return tanh(a); }
#else
typedef float real;
inline real tanh_of(real a) { return tanhf(a); }
#endif
const real LOWEST = sizeof(real) == 4 ? -3.402823466e38 : -1.7976931348623157e308;
inline real exp_of(real a) { return sizeof(real) == 4 ? expf(a) : exp(a); }
inline real log_of(real a) { return sizeof(real) == 4 ? logf(a) : log(a); }
inline real sqrt_of(real a) { return sizeof(real) == 4 ? sqrtf(a) : sqrt(a); }
struct real4 { real x, y, z, w; };
struct Index { int x; };

namespace emulated {
const int STACK = 64 * 1024;
struct Barrier { int first, size, arrived; };  // of the fibers first .. first + size - 1
struct Copy { real* to; const real* from; };
struct Fiber {
    ucontext_t context;               // for its start; after that jmp_buf, which costs no system call
    jmp_buf resumed;
    bool started;
    int thread, block;
    Barrier* at;                      // the barrier where it waits
    volatile unsigned* counter;       // or the counter that it waits for
    unsigned target;
    Copy pending[64];                 // copies that have been issued and not been carried out
    int first_pending, last_pending;
    int group_end[64], groups, groups_done;  // ends of groups of copies
};
Fiber* fibers;
Fiber* now;
int block_count, block_size, fiber_count, alive;
int *ready, *ready_count;             // fibers that can go on and their number, block by block
bool* asleep;                         // blocks whose fibers go on only if no others can
Barrier *block_barriers, *warp_barriers;
char *shared_pages, *shared_memory;   // of the first block
size_t shared_stride;                 // from one block to the next
ucontext_t scheduler;
jmp_buf scheduling;
sigjmp_buf outside;
char* stacks;                         // kept from launch to launch
int stack_count;
unsigned long long state;
unsigned draw(unsigned below) {       // xorshift
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (unsigned)(state >> 11) % below;
}
void make_ready(Fiber* f) { ready[f->block * block_size + ready_count[f->block]++] = int(f - fibers); }
int can_go_on(bool sleeping) {
    int count = 0;
    for (int b = 0; b < block_count; b++) count += asleep[b] == sleeping ? ready_count[b] : 0;
    return count;
}
Fiber* choose() {                     // one that is not asleep, or else one that is, whose block wakes; 0 if none can go on
    const bool wake = !can_go_on(false);
    const int count = can_go_on(wake);
    if (!count) return 0;
    int k = draw(count), b = 0;
    for (; asleep[b] != wake || k >= ready_count[b]; b++) k -= asleep[b] == wake ? ready_count[b] : 0;
    asleep[b] = false;
    int& chosen = ready[b * block_size + k];
    Fiber* f = &fibers[chosen];
    chosen = ready[b * block_size + --ready_count[b]];
    return f;
}
void rest() {
    if (!_setjmp(now->resumed)) _longjmp(scheduling, 1);
}
}  // namespace emulated

static Index threadIdx, blockIdx, blockDim, gridDim;

namespace emulated {
void meet(Barrier* barrier) {
    Fiber* self = now;
    if (++barrier->arrived < barrier->size) {
        self->at = barrier;
        rest();
        return;
    }
    barrier->arrived = 0;
    for (int k = barrier->first; k < barrier->first + barrier->size; k++)
        if (fibers[k].at == barrier) fibers[k].at = 0, make_ready(&fibers[k]);
    make_ready(self);
    rest();
}
void may_sleep() {
    if (draw(2)) return;
    asleep[now->block] = true;
    make_ready(now);
    rest();
}
void carry_out(int end) {
    Fiber* f = now;
    for (; f->first_pending < end; f->first_pending++) {
        Copy& copy = f->pending[f->first_pending % 64];
        if (copy.to) memcpy(copy.to, copy.from, 4 * sizeof(real));
    }
}
void wake(volatile unsigned* counter) {
    for (int k = 0; k < fiber_count; k++)
        if (fibers[k].counter == counter && *counter >= fibers[k].target) fibers[k].counter = 0, make_ready(&fibers[k]);
}
}  // namespace emulated

inline void __syncthreads() { emulated::meet(&emulated::block_barriers[blockIdx.x]); }
inline void __syncwarp() { emulated::meet(&emulated::warp_barriers[(blockIdx.x * blockDim.x + threadIdx.x) / 32]); }
inline void __threadfence() {}
template <class T>
inline T atomicAdd(T* to, T value) { T old = *to; *to += value; emulated::may_sleep(); return old; }
inline unsigned atomicAdd(unsigned* to, int value) { return atomicAdd(to, (unsigned)value); }
template <class T>
inline T __ldcg(const T* from) { return *from; }

#define SHARED_MEMORY(name) real* name = (real*)(emulated::shared_memory + blockIdx.x * emulated::shared_stride)

// A copy is carried out at once or when it is waited for, at random: both are allowed.
inline void copy_four(real* shared, const real* global) {
    emulated::Fiber* f = emulated::now;
    if (f->last_pending - f->first_pending == 64) abort();
    emulated::Copy& copy = f->pending[f->last_pending++ % 64];
    copy.to = shared, copy.from = global;
    if (emulated::draw(2)) memcpy(shared, global, 4 * sizeof(real)), copy.to = 0;
}
inline void copies_issued() {
    emulated::Fiber* f = emulated::now;
    f->group_end[f->groups++ % 64] = f->last_pending;
}
template <int PENDING>
inline void wait_for_copies() {
    emulated::Fiber* f = emulated::now;
    for (; f->groups_done < f->groups - PENDING; f->groups_done++) emulated::carry_out(f->group_end[f->groups_done % 64]);
}
inline void arrive(unsigned* counter, int blocks) {
    __syncthreads();
    if (blocks > 1 && threadIdx.x == 0) {
        ++*counter;
        emulated::wake(counter);
    }
}
inline void wait(unsigned* counter, unsigned target, int blocks) {
    if (blocks == 1) return;
    if (threadIdx.x == 0 && *counter < target) {
        emulated::now->counter = counter, emulated::now->target = target;
        emulated::rest();
    }
    __syncthreads();
}

namespace emulated {
void (*body)(void**);
void** body_arguments;
void run_fiber() {
    body(body_arguments);
    alive--;
    rest();
}
void leave(int) { siglongjmp(outside, 1); }
size_t map_shared(int grid, int shared) {
    static bool at_end;
    const size_t page = sysconf(_SC_PAGESIZE), alignment = 4 * sizeof(real);
    const size_t bytes = (shared + alignment - 1) / alignment * alignment, room = (bytes + page - 1) / page * page;
    shared_stride = page + room;
    shared_pages = (char*)mmap(0, grid * shared_stride + page, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    for (int b = 0; b < grid && room; b++) {
        mprotect(shared_pages + b * shared_stride + page, room, PROT_READ | PROT_WRITE);
        memset(shared_pages + b * shared_stride + page, 0xff, room);
    }
    at_end = !at_end;
    shared_memory = shared_pages + page + (at_end ? room - bytes : 0);
    return grid * shared_stride + page;
}
// All threads of all blocks; 0, 1 for a deadlock, 2 if something outside all memory was touched.
int launch(int grid, int block, int shared, unsigned long long seed) {
    block_count = grid, block_size = block, fiber_count = alive = grid * block, state = seed * 2 + 88172645463325252ull;
    gridDim.x = grid, blockDim.x = block;
    const size_t mapped = map_shared(grid, shared);
    fibers = (Fiber*)calloc(fiber_count, sizeof(Fiber));
    ready = (int*)malloc(fiber_count * sizeof(int)), ready_count = (int*)calloc(grid, sizeof(int));
    asleep = (bool*)calloc(grid, sizeof(bool));
    block_barriers = (Barrier*)calloc(grid, sizeof(Barrier));
    warp_barriers = (Barrier*)calloc(fiber_count / 32 + 1, sizeof(Barrier));
    for (int b = 0; b < grid; b++) block_barriers[b].first = b * block, block_barriers[b].size = block;
    for (int w = 0; w < fiber_count / 32; w++) warp_barriers[w].first = 32 * w, warp_barriers[w].size = 32;
    if (stack_count < fiber_count) free(stacks), stacks = (char*)malloc((size_t)fiber_count * STACK), stack_count = fiber_count;
    for (int k = 0; k < fiber_count; k++) {
        Fiber& f = fibers[k];
        f.thread = k % block, f.block = k / block;
        make_ready(&f);
    }
    struct sigaction at_touch = {}, before[2];
    at_touch.sa_handler = leave;
    sigaction(SIGSEGV, &at_touch, &before[0]), sigaction(SIGBUS, &at_touch, &before[1]);
    const bool touched = sigsetjmp(outside, 1);
    while (!touched && (now = choose())) {
        threadIdx.x = now->thread, blockIdx.x = now->block;
        if (_setjmp(scheduling)) continue;
        if (now->started) _longjmp(now->resumed, 1);
        now->started = true;
        getcontext(&now->context);
        now->context.uc_stack.ss_sp = stacks + (now - fibers) * (size_t)STACK, now->context.uc_stack.ss_size = STACK;
        now->context.uc_link = &scheduler;
        makecontext(&now->context, run_fiber, 0);
        setcontext(&now->context);
    }
    sigaction(SIGSEGV, &before[0], 0), sigaction(SIGBUS, &before[1], 0);
    free(warp_barriers), free(block_barriers), free(asleep), free(ready_count), free(ready), free(fibers);
    munmap(shared_pages, mapped);
    return touched ? 2 : alive > 0;
}
// Calls a kernel with arguments from an array of pointers to them.
template <int... K>
struct Numbers {};
template <int N, int... K>
struct Count : Count<N - 1, N - 1, K...> {};
template <int... K>
struct Count<0, K...> { typedef Numbers<K...> Type; };
template <class... A, int... K>
void apply(void (*kernel)(A...), void** arguments, Numbers<K...>) { kernel(*(A*)arguments[K]...); }
template <class... A>
void apply(void (*kernel)(A...), void** arguments) { apply(kernel, arguments, typename Count<sizeof...(A)>::Type()); }
}  // namespace emulated

#define EMULATE(kernel) \
    extern "C" int emulate(int grid, int block, int shared, unsigned long long seed, void** arguments) { \
        emulated::body = [](void** each) { emulated::apply(kernel, each); }; \
        emulated::body_arguments = arguments; \
        return emulated::launch(grid, block, shared, seed); \
    }
