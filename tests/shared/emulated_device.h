// The kernels on a CPU: each CUDA thread is a fiber with a stack of its own. One fiber runs at a time, until it comes to a
// barrier; then another one is chosen at random. Stands for device.cuh and for what CUDA itself provides. A missing barrier
// shows as wrong numbers, because some fibers then run ahead of others by a whole step; barriers that not all threads reach
// show as a deadlock. Shared memory starts as NaN.
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

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
int *ready, ready_count, fiber_count, alive;
Barrier *block_barriers, *warp_barriers;
char* shared_memory;
int shared_bytes;
ucontext_t scheduler;
jmp_buf scheduling;
char* stacks;                         // kept from launch to launch
int stack_count;
unsigned long long state;
unsigned draw(unsigned below) {       // xorshift
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (unsigned)(state >> 11) % below;
}
void make_ready(Fiber* f) { ready[ready_count++] = int(f - fibers); }
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
inline T atomicAdd(T* to, T value) { T old = *to; *to += value; return old; }
inline unsigned atomicAdd(unsigned* to, int value) { return atomicAdd(to, (unsigned)value); }
template <class T>
inline T __ldcg(const T* from) { return *from; }

#define SHARED_MEMORY(name) real* name = (real*)(emulated::shared_memory + (size_t)blockIdx.x * emulated::shared_bytes)

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
// All threads of all blocks; 0, or 1 for a deadlock.
int launch(int grid, int block, int shared, unsigned long long seed) {
    fiber_count = alive = grid * block, ready_count = 0, state = seed * 2 + 88172645463325252ull;
    gridDim.x = grid, blockDim.x = block;
    shared_bytes = (shared + 63) / 64 * 64;
    shared_memory = (char*)aligned_alloc(64, (size_t)shared_bytes * grid + 64);
    memset(shared_memory, 0xff, (size_t)shared_bytes * grid + 64);
    fibers = (Fiber*)calloc(fiber_count, sizeof(Fiber));
    ready = (int*)malloc(fiber_count * sizeof(int));
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
    while (ready_count) {
        const int k = draw(ready_count);
        now = &fibers[ready[k]];
        ready[k] = ready[--ready_count];
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
    free(warp_barriers), free(block_barriers), free(ready), free(fibers), free(shared_memory);
    return alive > 0;
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
