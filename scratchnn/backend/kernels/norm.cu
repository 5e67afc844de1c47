// Equation (1) of optim/clipping.py: the norm of all gradients, summed in float64, always in the same order. Mirrors
// global_norm.

// The sum of all threads' `own`, in thread 0. scratch: one number per thread.
__device__ __forceinline__ double sum_of_block(double own, double* scratch) {
    scratch[threadIdx.x] = own;
    for (int half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) scratch[threadIdx.x] += scratch[threadIdx.x + half];
    }
    return scratch[0];
}

// parts[first + block] gets the block's share of the sum of squares of g (size,).
extern "C" __global__ void squares(const real* g, double* parts, int size, int first) {
    SHARED_MEMORY(shared);
    double sum = 0;
    for (long long e = blockIdx.x * blockDim.x + threadIdx.x; e < size; e += gridDim.x * blockDim.x)
        sum += (double)g[e] * g[e];
    sum = sum_of_block(sum, (double*)shared);
    if (threadIdx.x == 0) parts[first + blockIdx.x] = sum;
}

// norm () gets the root of the sum of parts (count,); one block.
extern "C" __global__ void root(const double* parts, double* norm, int count) {
    SHARED_MEMORY(shared);
    double sum = 0;
    for (int e = threadIdx.x; e < count; e += blockDim.x) sum += parts[e];
    sum = sum_of_block(sum, (double*)shared);
    if (threadIdx.x == 0) *norm = sqrt(sum);  // (1)
}
