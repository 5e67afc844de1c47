// The product that each step waits for: X (RP, K) @ W (K, C), for the rows of a group and the columns of a block. Forward X
// is h_{t-1} m and W has the block's columns of Wh; backward X is ds_{t+1} and W has the block's columns of Wh^T.
//
// How the lanes of a block divide it (constants of a product, struct P, from split.py):
//
//     W, its warps    WK along k, WC along the columns                       WK WC = WARPS
//     L, a warp       LK along k, LR along the rows, LC along the columns    LK LR LC <= 32 lanes
//     T, a lane       TM rows, TN columns: TM TN sums in registers           LR TM = RP, WC LC TN = C
//
// For each of its k's a lane reads TM numbers of X and TN of W and adds all their products to its sums. So each of the RP C
// results is in WK LK parts at the end. They meet in shared memory, ROUND parts at a time, where each thread adds up the
// parts of its own cells, always in the same order.
//
// The rows of a lane are four neighbours, then the four that are 4 LR further on, and so on; so are its columns. Lanes side
// by side then read shared memory side by side, four numbers at a time.
//
// With S > 1, X is in the exchange, and a warp copies the KW k's that it needs by itself: KC of them are a chunk, there are
// CHUNKS, and the copies are STAGES - 1 chunks ahead of the sums. With S = 1, X is what the block has made.
//
// Other constants of P: K is rounded up to KP = WK KW, with zeros; CP = C + 4 from one row of parts to the next; MADE
// numbers in what the block makes; ROWS k's in the exchange.

// sums[j] = the results for cell j of this thread, RESULTS side by side: forward the gates of a unit, backward one number.
// `scratch` is shared memory, for the copies and for the partial sums.
template <class P, int RESULTS>
__device__ __forceinline__ void product(const real* exchange, const real* made, const real* weights, real* scratch,
                                        real (&sums)[MINE][RESULTS]) {
    constexpr int KW = P::KW, KC = P::KC, C = P::C, CP = P::CP, STAGES = P::STAGES, WC = P::WC, LK = P::LK, LR = P::LR,
                  LC = P::LC, TM = P::TM, TN = P::TN, ROUND = P::ROUND, KS = P::WK * LK;
    static_assert(KW % KC == 0 && KC % LK == 0 && ROUND % LK == 0 && P::KP >= P::K && P::WK * WC == WARPS, "");
    static_assert(LR * TM == RP && LC * TN * WC == C && LR * LC * LK <= 32, "");
    const int tid = threadIdx.x, lane = tid % 32, warp = tid / 32, wk = warp / WC, wc = warp % WC;
    const int lc = lane % LC, lr = lane / LC % LR, lk_all = lane / (LC * LR), lk = lk_all < LK ? lk_all : 0;
    real* stage = scratch + warp * (STAGES * KC * RP);
    const real* source = exchange + wk * KW * RP;
    auto issue = [&](int chunk) {
        if (S > 1 && chunk < P::CHUNKS)
            for (int e = lane; e < KC * RP / 4; e += 32)
                copy_four(stage + chunk % STAGES * (KC * RP) + 4 * e, source + chunk * (KC * RP) + 4 * e);
        copies_issued();
    };
    real acc[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) acc[i][j] = 0;
    if (S > 1)
#pragma unroll
        for (int chunk = 0; chunk < STAGES - 1; chunk++) issue(chunk);
    for (int chunk = 0; chunk < P::CHUNKS; chunk++) {
        if (S > 1) {
            issue(chunk + STAGES - 1);
            wait_for_copies<STAGES - 1>();
            __syncwarp();
        }
        const int k_first = wk * KW + chunk * KC;
        const real* xs = (S > 1 ? stage + chunk % STAGES * (KC * RP) : made + k_first * RP) + lk * RP + 4 * lr;
        const real* ws = weights + (k_first + lk) * C + wc * (LC * TN) + 4 * lc;
#pragma unroll
        for (int k = 0; k < KC / LK; k++) {
            real x[TM], w[TN];
#pragma unroll
            for (int i = 0; i < TM / 4; i++) *(real4*)&x[4 * i] = *(const real4*)&xs[k * LK * RP + i * 4 * LR];
#pragma unroll
            for (int j = 0; j < TN / 4; j++) *(real4*)&w[4 * j] = *(const real4*)&ws[k * LK * C + j * 4 * LC];
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++) acc[i][j] += x[i] * w[j];
        }
        if (S > 1) __syncwarp();
    }
#pragma unroll
    for (int j = 0; j < MINE; j++)
#pragma unroll
        for (int q = 0; q < RESULTS; q++) sums[j][q] = 0;
    for (int first = 0; first < KS; first += ROUND) {  // partial sums of ROUND slices of k at a time
        if (S > 1 || first > 0) __syncthreads();
        const int slice = wk * LK + lk_all;
        if (lk_all < LK && first <= slice && slice < first + ROUND) {
            real* mine = scratch + (slice - first) * (RP * CP) + wc * (LC * TN) + 4 * lc;
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN / 4; j++)
                    *(real4*)&mine[(i / 4 * 4 * LR + 4 * lr + i % 4) * CP + j * 4 * LC] = *(real4*)&acc[i][4 * j];
        }
        __syncthreads();
        const int slices = KS - first < ROUND ? KS - first : ROUND;
#pragma unroll
        for (int j = 0; j < MINE; j++) {
            const int cell = tid + j * THREADS, r = cell / U, u = cell % U;
            if (cell < CELLS)
#pragma unroll 8
                for (int slice = 0; slice < slices; slice++) {
                    const real* from = scratch + slice * (RP * CP) + r * CP + RESULTS * u;
                    if constexpr (RESULTS == 4) {
                        const real4 part = *(const real4*)from;
                        sums[j][0] += part.x, sums[j][1] += part.y, sums[j][2] += part.z, sums[j][3] += part.w;
                    } else
#pragma unroll
                        for (int q = 0; q < RESULTS; q++) sums[j][q] += from[q];
                }
        }
    }
}
