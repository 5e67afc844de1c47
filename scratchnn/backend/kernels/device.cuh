// What the kernels need of the device: the type of numbers, copies past the first-level cache, a barrier among some blocks.

using real = float;
using real4 = float4;

__device__ __forceinline__ real tanh_of(real a) { return tanhf(a); }
__device__ __forceinline__ real exp_of(real a) { return expf(a); }
__device__ __forceinline__ real log_of(real a) { return logf(a); }
__device__ __forceinline__ real sqrt_of(real a) { return sqrtf(a); }
constexpr real LOWEST = -3.402823466e38f;

// The shared memory of a block, whose size is an argument of the launch.
#define SHARED_MEMORY(name) extern __shared__ __align__(16) real name[]

// Four numbers from global to shared memory, through the second-level cache alone: blocks on other multiprocessors have
// just written them, and the first-level cache does not know. Asynchronous from compute capability 8.0 on.
#if __CUDA_ARCH__ >= 800
__device__ __forceinline__ void copy_four(real* shared, const real* global) {
    unsigned address = (unsigned)__cvta_generic_to_shared(shared);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(global) : "memory");
}
__device__ __forceinline__ void copies_issued() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void wait_for_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}
#else
__device__ __forceinline__ void copy_four(real* shared, const real* global) {
    *(real4*)shared = __ldcg((const real4*)global);
}
__device__ __forceinline__ void copies_issued() {}
template <int PENDING>
__device__ __forceinline__ void wait_for_copies() {}
#endif

// Barrier of a group of `blocks` blocks, in two halves, so that work that no block waits for can be done in between. The
// counter starts at zero and only rises: `target` is `blocks` times the number of meetings so far, this one included.
// "release": what the block has written before is visible to all blocks that see the new count; "acquire": what is read
// afterwards is at least as new as that. All blocks have to be on the device at the same time, which a cooperative launch
// ensures.
__device__ __forceinline__ void arrive(unsigned* counter, int blocks) {
    __syncthreads();
    if (blocks > 1 && threadIdx.x == 0)
        asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(counter) : "memory");
}
__device__ __forceinline__ void wait(unsigned* counter, unsigned target, int blocks) {
    if (blocks == 1) return;
    if (threadIdx.x == 0) {
        unsigned seen;
        do asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(seen) : "l"(counter) : "memory");
        while (seen < target);
    }
    __syncthreads();
}
