// One step per launch for a cell with two products per step; see one_step.cuh. Each direction has a kernel before its
// second product, and one after it.

// from_h (N, 2H) is seen_t Wh_zr. kept gets k_t, zero at padded steps.
extern "C" __global__ void gates_step(const real* from_h, const real* b, const real* mask, real* gates, real* kept,
                                      const real* h, const int* lengths, int N, int T, int t) {
    const int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= N * H) return;
    const Where where = {e / H, e % H, T};
    real kept_now = 0;
    if (t < (lengths ? lengths[where.n] : T)) {
        real gate[GATES], w[UNIT];
        const real sums[2] = {from_h[(offset)where.n * 2 * H + where.unit],
            from_h[((offset)where.n * 2 + 1) * H + where.unit]};
#pragma unroll
        for (int q = 0; q < GATES; q++) gate[q] = gates[where.block(t, GATES, q)], w[q] = b[q * H + where.unit];
        Cell cell;
        cell.h = h[e];
        cell.gates_forward(gate, sums, w, mask ? mask[e] : 1, kept_now);
#pragma unroll
        for (int q = 0; q < 2; q++) gates[where.block(t, GATES, q)] = gate[q];
    }
    kept[where.at(t)] = kept_now;
}

// q (N, H) is k_t Wh_n; h is brought from step t - 1 to step t. With t = -1 only what step 0 sees is written.
extern "C" __global__ void candidate_step(const real* q, const real* b, const real* mask, real* gates, real* y, real* seen,
                                          real* h, const int* lengths, int N, int T, int t) {
    const int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= N * H) return;
    const Where where = {e / H, e % H, T};
    const int length = lengths ? lengths[where.n] : T;
    Cell cell;
    cell.h = h[e];
    if (t >= 0 && t < length) {
        real gate[GATES], w[UNIT];
#pragma unroll
        for (int k = 0; k < GATES; k++) gate[k] = gates[where.block(t, GATES, k)], w[k] = b[k * H + where.unit];
        cell.candidate_forward(gate, q[e], w);
        gates[where.block(t, GATES, 2)] = gate[2];
        h[e] = cell.h;
    }
    if (t >= 0) y[where.at(t)] = t < length ? cell.h : 0;
    if (t + 1 < T) seen[where.at(t + 1)] = t < 0 || t + 1 < length ? cell.h * (mask ? mask[e] : 1) : 0;
}

// from_next (N, H) is the product of step t + 1 with Wh_zr^T; dh becomes dh_t, with t = -1 the gradient of the first state.
extern "C" __global__ void candidate_step_backward(const real* from_next, const real* dy, const real* mask,
                                                   const real* gates,
                                                   const real* kept, const real* y, const real* h0, real* d, real* dh,
                                                   const int* lengths, int N, int T, int t) {
    const int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= N * H) return;
    const Where where = {e / H, e % H, T};
    CellBackward cell;
    cell.dh = dh[e] + from_next[e] * (mask ? mask[e] : 1);  // (7)
    if (t >= 0) {
        real d_now[SUMS] = {};
        if (t < (lengths ? lengths[where.n] : T)) {
            const Past past = read_past(where, t, {gates, kept, y, h0, nullptr, dy});
            cell.dh += past.dy;  // (7)
            cell.candidate_backward(past, d_now);
        }
        d[where.block(t, SUMS, 0)] = d_now[0], d[where.block(t, SUMS, 2)] = d_now[2];
    }
    dh[e] = cell.dh;
}

// dk (N, H) is da_n Wh_n^T; dh becomes what (7) passes back besides the product with Wh_zr.
extern "C" __global__ void gates_step_backward(const real* dk, const real* dy, const real* mask, const real* gates,
                                               const real* kept, const real* y, const real* h0, real* d, real* dh,
                                               const int* lengths, int N, int T, int t) {
    const int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= N * H) return;
    const Where where = {e / H, e % H, T};
    real d_now[SUMS] = {};
    if (t < (lengths ? lengths[where.n] : T)) {
        CellBackward cell;
        cell.dh = dh[e];
        cell.gates_backward(read_past(where, t, {gates, kept, y, h0, nullptr, dy}), dk[e], mask ? mask[e] : 1, d_now);
        dh[e] = cell.dh;
    }
    d[where.block(t, SUMS, 1)] = d_now[1];
}
