// One step per launch, if Wh does not fit on the device (all_steps.cuh); the product of the step is the matrix library's.
// One thread per unit and sequence. The cell's own equations are the same functions. Arrays as in all_steps.cuh.

__device__ __forceinline__ void read_unit_weights(const real* b, const real* more, int unit, real (&w)[UNIT]) {
#pragma unroll
    for (int q = 0; q < UNIT; q++) w[q] = q < GATES ? b[q * H + unit] : more[(q - GATES) * H + unit];
}

// from_h (N, GATES H) is seen_t Wh; h and c (N, H) are brought from step t - 1 to step t. With t = -1 only what step 0 sees
// is written.
extern "C" __global__ void forward_step(const real* from_h, const real* b, const real* more, const real* mask,
                                        const real* from_x, real* gates, real* kept, real* y, real* seen, real* h, real* c,
                                        const int* lengths, int N, int T, int t) {
    const int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= N * H) return;
    const Where where = {e / H, e % H, T};
    const int length = lengths ? lengths[where.n] : T;
    Cell cell;
    cell.h = h[e], cell.c = STATES == 2 ? c[e] : 0;
    if (t >= 0 && t < length) {
        real gate[GATES], sums[GATES], w[UNIT], kept_now;
#pragma unroll
        for (int q = 0; q < GATES; q++)
            gate[q] = from_x[where.block(t, GATES, q)], sums[q] = from_h[((offset)where.n * GATES + q) * H + where.unit];
        read_unit_weights(b, more, where.unit, w);
        cell.forward(gate, sums, w, kept_now);
        h[e] = cell.h;
        if (STATES == 2) c[e] = cell.c;
        if (KEEPS) kept[where.at(t)] = kept_now;
        if (GATES > 1)
#pragma unroll
            for (int q = 0; q < GATES; q++) gates[where.block(t, GATES, q)] = gate[q];
    }
    if (t >= 0) y[where.at(t)] = t < length ? cell.h : 0;
    if (t + 1 < T) seen[where.at(t + 1)] = t < 0 || t + 1 < length ? cell.h * (mask ? mask[e] : 1) : 0;
}

// from_next (N, H) is the product of step t + 1 with Wh^T; dh and dc (N, H) are brought from step t + 1 to step t, with
// t = -1 to the state before step 0. d (N, T, SUMS H) gets the gradients of step t and the terms of the other sums.
extern "C" __global__ void backward_step(const real* from_next, const real* dy, const real* b, const real* more,
                                         const real* mask, const real* gates, const real* kept, const real* y,
                                         const real* h0, const real* c0, real* d, real* dh, real* dc, const int* lengths,
                                         int N, int T, int t) {
    const int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= N * H) return;
    const Where where = {e / H, e % H, T};
    const real m = mask ? mask[e] : 1;
    CellBackward cell;
    cell.dh = dh[e] + from_next[e] * m, cell.dc = STATES == 2 ? dc[e] : 0;
    if (t >= 0) {
        real d_now[SUMS];
#pragma unroll
        for (int q = 0; q < SUMS; q++) d_now[q] = 0;
        if (t < (lengths ? lengths[where.n] : T)) {
            const Past past = read_past(where, t, {gates, kept, y, h0, c0, dy});
            real w[UNIT];
            read_unit_weights(b, more, where.unit, w);
            cell.dh += past.dy;  // dh_t
            cell.backward(past, m, w, d_now);
        }
#pragma unroll
        for (int q = 0; q < SUMS; q++) d[where.block(t, SUMS, q)] = d_now[q];
    }
    dh[e] = cell.dh;
    if (STATES == 2) dc[e] = cell.dc;
}
