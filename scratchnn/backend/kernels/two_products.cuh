// All steps in one launch, for a cell with two products per step, one after the other: gru_reset_before.cuh. As
// all_steps.cuh, but the blocks of a group meet twice per step: `First` and `Second` have a buffer of the exchange each. A
// buffer is written again only after the other meeting, and by then every block has read it.

constexpr int BUFFER = (First::ROWS > Second::ROWS ? First::ROWS : Second::ROWS) * RP;

#if !BACKWARD

// Arguments as in all_steps.cuh; c0 and c_last are not used. kept gets k_t, a factor of the product that gives dWh_n.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    forward(const real* h0, const real* c0, const real* Wh, const real* b, const real* more, const real* mask,
            const real* from_x, real* gates, real* kept, real* y, real* seen, real* h_last, real* c_last, const int* order,
            const int* lengths, real* exchange, unsigned* counters, int N, int T) {
    SHARED_MEMORY(shared);
    real *weights_zr = shared, *weights_n = weights_zr + First::KP * First::C, *made_h = weights_n + Second::KP * Second::C;
    real *made_k = made_h + First::MADE, *unit_weights = made_k + Second::MADE;
    real* scratch = unit_weights + (UNIT * U + 3) / 4 * 4;
    const int g = blockIdx.x / S, s = blockIdx.x % S;
    unsigned* counter = counters + g;
    real *exchange_h = exchange + g * 2 * BUFFER, *exchange_k = exchange_h + BUFFER;
    load_weights<First, 0, 2>(Wh, weights_zr, s);
    load_weights<Second, 2, 1>(Wh, weights_n, s);
    load_unit_weights(b, more, unit_weights, s);
    clear<First>(made_h);
    clear<Second>(made_k);
    __syncthreads();
    const Mine mine(order, lengths, g, s, N, T);
    Cell cell[MINE];
    real m[MINE], gate[MINE][GATES];
    begin_forward<First>(mine, h0, c0, mask, from_x, cell, m, gate, made_h, seen);
    hand_on<First>(exchange_h, made_h, s, counter);
    for (int t = 0; t < mine.steps; t++) {
        real from_h[MINE][2], q_now[MINE][1], k_now[MINE];
        wait(counter, (2 * t + 1) * S, S);
        product<First, 2>(exchange_h, made_h, weights_zr, scratch, from_h);  // (1)
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].gates_forward(gate[j], from_h[j], unit_weights + UNIT * mine.column[j], m[j], k_now[j]);
                made_k[place<Second>(mine, j)] = k_now[j];
            }
        hand_on<Second>(exchange_k, made_k, s, counter);
        wait(counter, (2 * t + 2) * S, S);
        product<Second, 1>(exchange_k, made_k, weights_n, scratch, q_now);  // (5)
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].candidate_forward(gate[j], q_now[j][0], unit_weights + UNIT * mine.column[j]);
                made_h[place<First>(mine, j)] = cell[j].h * m[j];
            }
        if (t + 1 < mine.steps) hand_on<First>(exchange_h, made_h, s, counter);
        end_step(mine, t, cell, m, k_now, gate, from_x, gates, kept, y, seen);
    }
    end_forward(mine, cell, h_last, c_last, kept, y, seen);
}

#else

// Arguments as in all_steps.cuh; b, more, dc_last, c0 and dc0 are not used.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    backward(const real* dy, const real* dh_last, const real* dc_last, const real* Wh, const real* b, const real* more,
             const real* mask, const real* gates, const real* kept, const real* y, const real* h0, const real* c0, real* d,
             real* total, real* dh0, real* dc0, const int* order, const int* lengths, real* exchange, unsigned* counters,
             real* parts, int N, int T) {
    SHARED_MEMORY(shared);
    real *weights_n = shared, *weights_zr = weights_n + First::KP * First::C, *made_n = weights_zr + Second::KP * Second::C;
    real *made_zr = made_n + First::MADE, *scratch = made_zr + Second::MADE;
    const int g = blockIdx.x / S, s = blockIdx.x % S;
    unsigned *counter = counters + g, *tickets = counters + gridDim.x / S;
    real *exchange_n = exchange + g * 2 * BUFFER, *exchange_zr = exchange_n + BUFFER;
    load_weights<First, 2, 1>(Wh, weights_n, s);
    load_weights<Second, 0, 2>(Wh, weights_zr, s);
    clear<First>(made_n);
    clear<Second>(made_zr);
    __syncthreads();
    const Mine mine(order, lengths, g, s, N, T);
    const Saved saved = {gates, kept, y, h0, c0, dy};
    CellBackward cell[MINE];
    Past past[MINE];
    real m[MINE], sums[MINE][SUMS], from_next[MINE][1];
    begin_backward(mine, dh_last, dc_last, mask, saved, cell, m, past, from_next, sums, d);
    for (int t = mine.steps - 1; t >= 0; t--) {
        const int done = mine.steps - 1 - t;
        real d_now[MINE][SUMS], dk[MINE][1];
        if (done) {
            wait(counter, 2 * done * S, S);
            product<Second, 1>(exchange_zr, made_zr, weights_zr, scratch, from_next);  // (7)
        }
#pragma unroll
        for (int j = 0; j < MINE; j++) {
#pragma unroll
            for (int q = 0; q < SUMS; q++) d_now[j][q] = 0;
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].dh += past[j].dy + from_next[j][0] * m[j];  // (7)
                cell[j].candidate_backward(past[j], d_now[j]);
                made_n[place<First>(mine, j)] = d_now[j][2];
            }
        }
        hand_on<First>(exchange_n, made_n, s, counter);
        wait(counter, (2 * done + 1) * S, S);
        product<First, 1>(exchange_n, made_n, weights_n, scratch, dk);  // (10)
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].gates_backward(past[j], dk[j][0], m[j], d_now[j]);
#pragma unroll
                for (int k = 0; k < 2; k++) made_zr[place<Second>(mine, j, k)] = d_now[j][k];
#pragma unroll
                for (int q = 0; q < SUMS; q++) sums[j][q] += d_now[j][q];
            }
        hand_on<Second>(exchange_zr, made_zr, s, counter);
        end_step_backward(mine, t, d_now, saved, past, d);
    }
    if (mine.steps) {  // what step 0 passes back to the first state
        wait(counter, 2 * mine.steps * S, S);
        product<Second, 1>(exchange_zr, made_zr, weights_zr, scratch, from_next);  // (7)
    }
    end_backward(mine, cell, m, from_next, dh0, dc0);
    sum_over_rows(sums, mine, scratch, parts, total, tickets, g, s);
}

#endif
