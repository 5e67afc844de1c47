// What a thread reads and writes for its cells, so that all_steps.cuh and two_products.cuh show the loop over time alone.
// The arrays are explained there. What the next step needs is read before the barrier between two steps, so that it
// arrives while the block waits.

// What a block makes is zero where there is no row or no unit: it takes part in the product.
template <class P>
__device__ __forceinline__ void clear(real* made) {
    for (int e = threadIdx.x; e < P::MADE; e += THREADS) made[e] = 0;
}

#if !BACKWARD

// x_t Wx of cell j, which becomes its gates.
__device__ __forceinline__ void read_inputs(const Mine& mine, int j, int t, const real* from_x, real (&gate)[GATES]) {
#pragma unroll
    for (int q = 0; q < GATES; q++) gate[q] = from_x[mine.where(j).block(t, GATES, q)];
}

// The first state, what the product of step 0 sees of it, and the inputs of step 0.
template <class P>
__device__ __forceinline__ void begin_forward(const Mine& mine, const real* h0, const real* c0, const real* mask,
                                              const real* from_x, Cell (&cell)[MINE], real (&m)[MINE],
                                              real (&gate)[MINE][GATES], real* made, real* seen) {
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            cell[j].h = h0[where.state()], m[j] = mask ? mask[where.state()] : 1;
            if (STATES == 2) cell[j].c = c0[where.state()];
            made[place<P>(mine, j)] = seen[where.at(0)] = cell[j].h * m[j];
            read_inputs(mine, j, 0, from_x, gate[j]);
        }
}

// The results of step t, zero at padded steps, and what the product of step t + 1 sees; then the inputs of step t + 1.
__device__ __forceinline__ void end_step(const Mine& mine, int t, const Cell (&cell)[MINE], const real (&m)[MINE],
                                         const real (&kept_now)[MINE], real (&gate)[MINE][GATES], const real* from_x,
                                         real* gates, real* kept, real* y, real* seen) {
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            const bool works = t < mine.length[j], goes_on = t + 1 < mine.length[j];
            y[where.at(t)] = works ? cell[j].h : 0;
            if (t + 1 < mine.T) seen[where.at(t + 1)] = goes_on ? cell[j].h * m[j] : 0;
            if (KEEPS) kept[where.at(t)] = works ? kept_now[j] : 0;
            if (works && GATES > 1)
#pragma unroll
                for (int q = 0; q < GATES; q++) gates[where.block(t, GATES, q)] = gate[j][q];
            if (goes_on) read_inputs(mine, j, t + 1, from_x, gate[j]);
        }
}

// The final state, and zeros at the steps after the last one of the group.
__device__ __forceinline__ void end_forward(const Mine& mine, const Cell (&cell)[MINE], real* h_last, real* c_last,
                                            real* kept, real* y, real* seen) {
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            h_last[where.state()] = cell[j].h;
            if (STATES == 2) c_last[where.state()] = cell[j].c;
            for (int t = mine.steps; t < mine.T; t++) {
                y[where.at(t)] = 0;
                if (KEEPS) kept[where.at(t)] = 0;
                if (t + 1 < mine.T) seen[where.at(t + 1)] = 0;
            }
        }
}

#else

// The gradients with respect to the final state, what the last step of the group needs, and sums that start at zero. d is
// zero at the steps after that one.
__device__ __forceinline__ void begin_backward(const Mine& mine, const real* dh_last, const real* dc_last, const real* mask,
                                               const Saved& saved, CellBackward (&cell)[MINE], real (&m)[MINE],
                                               Past (&past)[MINE], real (&from_next)[MINE][1], real (&sums)[MINE][SUMS],
                                               real* d) {
#pragma unroll
    for (int j = 0; j < MINE; j++) {
        from_next[j][0] = 0;
#pragma unroll
        for (int q = 0; q < SUMS; q++) sums[j][q] = 0;
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            cell[j].dh = dh_last[where.state()], m[j] = mask ? mask[where.state()] : 1;
            if (STATES == 2) cell[j].dc = dc_last[where.state()];
            if (mine.steps && mine.length[j] == mine.steps) past[j] = read_past(where, mine.steps - 1, saved);
            for (int t = mine.steps; t < mine.T; t++)
                for (int q = 0; q < BLOCKS; q++) d[where.block(t, BLOCKS, q)] = 0;
        }
    }
}

// The gradients of step t; then what step t - 1 needs.
__device__ __forceinline__ void end_step_backward(const Mine& mine, int t, const real (&d_now)[MINE][SUMS],
                                                  const Saved& saved, Past (&past)[MINE], real* d) {
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
#pragma unroll
            for (int q = 0; q < BLOCKS; q++) d[where.block(t, BLOCKS, q)] = d_now[j][q];
            if (t && t - 1 < mine.length[j]) past[j] = read_past(where, t - 1, saved);
        }
}

// The gradients with respect to the first state.
__device__ __forceinline__ void end_backward(const Mine& mine, const CellBackward (&cell)[MINE], const real (&m)[MINE],
                                             const real (&from_next)[MINE][1], real* dh0, real* dc0) {
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            dh0[where.state()] = cell[j].dh + from_next[j][0] * m[j];
            if (STATES == 2) dc0[where.state()] = cell[j].dc;
        }
}

#endif
