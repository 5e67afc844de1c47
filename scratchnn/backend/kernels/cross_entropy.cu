// Softmax cross-entropy and its gradient with respect to the logits, one block per row. Equation (2) of losses.py; mirrors
// the loop over blocks of rows in softmax_cross_entropy_forward.

// z is a row of logits (M, V), gradient (M, V) may be the same array; factor (M,) is w / W. scratch: 2 numbers per thread.
extern "C" __global__ void cross_entropy(const real* logits, const int* ids, const real* factor, real* gradient,
                                         real* losses,
                                         int V) {
    SHARED_MEMORY(scratch);
    const int tid = threadIdx.x, threads = blockDim.x, id = ids[blockIdx.x];
    const real* z = logits + (long long)blockIdx.x * V;
    real *e = gradient + (long long)blockIdx.x * V, *maxima = scratch, *totals = scratch + threads;
    real largest = LOWEST, total = 0;  // total: the sum of exp(z - largest), in one pass
    for (int v = tid; v < V; v += threads) {
        const real z_v = z[v];
        if (z_v > largest) {
            total = total * exp_of(largest - z_v) + 1;
            largest = z_v;
        } else
            total += exp_of(z_v - largest);
    }
    maxima[tid] = largest, totals[tid] = total;
    for (int half = threads / 2; half > 0; half /= 2) {  // always in the same order
        __syncthreads();
        if (tid < half) {
            const real a = maxima[tid], b = maxima[tid + half];
            maxima[tid] = a > b ? a : b;
            totals[tid] = totals[tid] * exp_of(a - maxima[tid]) + totals[tid + half] * exp_of(b - maxima[tid]);
        }
    }
    __syncthreads();
    largest = maxima[0], total = totals[0];
    if (tid == 0) losses[blockIdx.x] = log_of(total) - (z[id] - largest);  // (2)
    __syncthreads();  // z[id] has been read before the gradient replaces it
    const real w = factor[blockIdx.x], scale = w / total;
    for (int v = tid; v < V; v += threads) e[v] = exp_of(z[v] - largest) * scale - (v == id ? w : 0);  // (2)
}
