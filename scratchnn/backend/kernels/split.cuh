// Who computes what: shared by all cells. The numbers come from split.py.
//
// The rows of the batch are split over G groups of blocks, R rows each: rows never meet in the recurrence. Within a group
// the units are split over S blocks, U units each. Every block has a multiprocessor of its own:
//
//                units    0 .. U-1     U .. 2U-1    ...    (S-1)U .. H-1
//     rows 0 .. R-1       block 0      block 1      ...    block S-1          group 0
//     rows R .. 2R-1      block S      block S+1    ...    block 2S-1         group 1
//
// A cell is one unit of one row; a block has R U of them, divided among its threads. It keeps its part of Wh in shared
// memory for the whole sequence. At each step it needs the group's whole h_{t-1} (backward: ds_{t+1}), makes h_t (ds_t) of
// its own units, hands it to the others through an exchange in global memory, which stays in the second-level cache, and
// meets them at a barrier. With S = 1 there are no others: what a block makes stays in its shared memory.
//
// An exchange buffer is (K, RP), k-major: what a block makes is one piece of memory, and a lane reads four rows at once. RP
// is R rounded up to 4. Forward, k is the unit; backward it is PARTS unit + part. Two buffers per group are used in turn: a
// block that is a step ahead writes one while the others read the other one, and it cannot be two steps ahead.
//
// Constants of a product (struct P): PARTS numbers per unit that a block hands on; see product.cuh for the others.

constexpr int THREADS = 32 * WARPS;
constexpr int CELLS = R * U, MINE = (CELLS + THREADS - 1) / THREADS;  // of a block, of a thread
constexpr int RM = S == 1 ? RP : RP + 1;  // from one k to the next in what a block makes: odd, so that banks do not collide

// The cells of this thread: which row and unit each is. Rows may come in another order, the longest first; steps of a row
// beyond its length are not computed. `order` and `lengths` (N,) may be null.
struct Mine {
    bool exists[MINE];  // whether there is such a row and such a unit
    int n[MINE], unit[MINE], length[MINE], row[MINE], column[MINE];
    int steps;  // of the group: the length of its first row
    int T;
    __device__ __forceinline__ Mine(const int* order, const int* lengths, int g, int s, int N, int T_) : T(T_) {
        steps = lengths ? lengths[order[g * R]] : T;
#pragma unroll
        for (int j = 0; j < MINE; j++) {
            const int cell = threadIdx.x + j * THREADS;
            row[j] = cell / U, column[j] = cell % U;
            const int slot = g * R + row[j];
            unit[j] = s * U + column[j];
            exists[j] = cell < CELLS && slot < N && unit[j] < H;
            n[j] = exists[j] && order ? order[slot] : slot;
            length[j] = exists[j] && lengths ? lengths[n[j]] : T;
        }
    }
    __device__ __forceinline__ Where where(int j) const { return {n[j], unit[j], T}; }
};

// Where part `part` of cell j is in what the block makes for the product P.
template <class P>
__device__ __forceinline__ int place(const Mine& mine, int j, int part = 0) {
    return (P::PARTS * mine.column[j] + part) * RM + mine.row[j];
}

// What the block has made goes to the others of its group; `counter` counts that it is there.
template <class P>
__device__ __forceinline__ void hand_on(real* exchange, const real* made, int s, unsigned* counter) {
    constexpr int NEW = P::PARTS * U;
    __syncthreads();
    if (S > 1) {
        for (int e = threadIdx.x; e < NEW * RP; e += THREADS) exchange[s * NEW * RP + e] = made[e / RP * RM + e % RP];
        arrive(counter, S);
    }
}

// The block's part of the blocks FIRST .. FIRST + COUNT - 1 of Wh (H, GATES H). Forward (K, C) with column COUNT u + block;
// backward their transpose with k = COUNT unit + block. Zero beyond H.
template <class P, int FIRST, int COUNT>
__device__ __forceinline__ void load_weights(const real* Wh, real* weights, int s) {
    const int width = GATES * H;
    if (!BACKWARD)
        for (int e = threadIdx.x; e < P::KP * P::C; e += THREADS) {
            const int k = e / P::C, q = e % P::C / U, u = e % P::C % U, unit = s * U + u;  // in the order of Wh in memory
            if (q < COUNT)
                weights[k * P::C + COUNT * u + q] = k < H && unit < H ? Wh[k * width + (FIRST + q) * H + unit] : 0;
        }
    else
        for (int e = threadIdx.x; e < (P::KP + 8 * COUNT - 1) / (8 * COUNT) * 8 * COUNT * P::C; e += THREADS) {
            const int u = e / 8 % P::C, q = e / (8 * P::C) % COUNT, unit = s * U + u;
            const int from = e % 8 + e / (8 * COUNT * P::C) * 8;  // eight neighbours in a row of Wh at a time
            if (COUNT * from + q < P::KP)
                weights[(COUNT * from + q) * P::C + u] =
                    u < U && unit < H && from < H ? Wh[unit * width + (FIRST + q) * H + from] : 0;
        }
}

// The UNIT weights of each unit side by side: from b (GATES H,) and, if the cell has more, `more` ((UNIT - GATES) H,).
__device__ __forceinline__ void load_unit_weights(const real* b, const real* more, real* unit_weights, int s) {
    for (int e = threadIdx.x; e < UNIT * U; e += THREADS) {
        const int q = e % UNIT, unit = s * U + e / UNIT;
        unit_weights[e] = unit >= H ? 0 : q < GATES ? b[q * H + unit] : more[(q - GATES) * H + unit];
    }
}

// total (SUMS H,) gets the sums over all rows. Each group leaves its part in parts (G, SUMS H); the last one to come adds
// them up, in the order of the groups, so that the bits are always the same. `tickets` (S,) counts the groups, from zero.
__device__ __forceinline__ void sum_over_rows(const real (&values)[MINE][SUMS], const Mine& mine, real* scratch,
                                              real* parts, real* total, unsigned* tickets, int g, int s) {
    const int G = gridDim.x / S;
    for (int q = 0; q < SUMS; q++) {
        __syncthreads();
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (threadIdx.x + j * THREADS < CELLS) scratch[threadIdx.x + j * THREADS] = mine.exists[j] ? values[j][q] : 0;
        __syncthreads();
        for (int u = threadIdx.x; u < U && s * U + u < H; u += THREADS) {
            real sum = 0;
            for (int r = 0; r < R; r++) sum += scratch[r * U + u];
            parts[(g * SUMS + q) * H + s * U + u] = sum;
        }
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) scratch[0] = atomicAdd(tickets + s, 1);
    __syncthreads();
    if (scratch[0] < G - 1) return;
    __threadfence();
    for (int e = threadIdx.x; e < SUMS * U; e += THREADS) {
        const int q = e / U, unit = s * U + e % U;
        if (unit >= H) continue;
        real sum = 0;
        for (int k = 0; k < G; k++) sum += __ldcg(&parts[(k * SUMS + q) * H + unit]);
        total[q * H + unit] = sum;
    }
}
