// Rows of a table: sums of rows that share an id, always in the same order. Mirrors backend/scatter.py.

// distinct (M,) gets each id where it occurs first, and -1 where it has occurred before, or is -1.
extern "C" __global__ void first_of_each(const int* ids, int* distinct, int M) {
    const int m = blockIdx.x * blockDim.x + threadIdx.x;
    if (m >= M) return;
    int first = 0;
    while (ids[first] != ids[m]) first++;
    distinct[m] = first == m ? ids[m] : -1;
}

// The sum of the rows (M, D) with the id of row blockIdx.x, if it is the first of them: into sums (M, D), zero for all
// others; or, if `table` is given, added to its row of that id. scratch: one id per thread.
extern "C" __global__ void sum_rows(const int* ids, const int* distinct, const real* rows, real* sums, real* table, int M,
                                    int D) {
    SHARED_MEMORY(scratch);
    int* some = (int*)scratch;
    const int m = blockIdx.x, id = distinct[m], tid = threadIdx.x, threads = blockDim.x;
    for (int start = 0; start < D; start += threads) {
        const int d = start + tid;
        real sum = 0;
        for (int from = id < 0 ? M : m / threads * threads; from < M; from += threads) {
            __syncthreads();
            some[tid] = from + tid < M && from + tid >= m ? ids[from + tid] : -1;
            __syncthreads();
            if (d < D)
                for (int k = 0; k < threads; k++)
                    if (some[k] == id) sum += rows[(long long)(from + k) * D + d];
        }
        if (d < D && sums) sums[(long long)m * D + d] = sum;
        if (d < D && table && id >= 0) table[(long long)id * D + d] += sum;
    }
}
