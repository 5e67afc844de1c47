// All steps in one launch: forward, and backward through time, for every cell with one product per step. Mirrors the loops
// over time of recurrent/*.py, of which lstm_shared.py is one; the cell's own equations are in its file. A step is
//
//     wait       until every block of the group has made its part of h_{t-1} m, backward its part of ds_{t+1}
//     product    (h_{t-1} m) Wh, backward ds_{t+1} Wh^T, for the units of this block
//     cell       the equations of one unit, for each cell of this thread
//     hand on    h_t m, backward ds_t
//     write      the results of the step, which no other block waits for
//
// where ds_t is the gradient with respect to the product: da_t in (8) of lstm.py, ds_t in (7) of gru_reset_after.py.
//
// Batch-first: gates (N, T, GATES H); y, seen, kept (N, T, H); states (N, H). mask (N, H), order and lengths (N,) may be
// null. exchange and counters: see split.cuh.

#if !BACKWARD

// from_x holds x Wx, gates gets the gates: one array, or for a cell whose gate is its output, from_x is y and gates is
// null. seen gets h_{t-1} m, which the product sees; kept what the cell keeps.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    forward(const real* h0, const real* c0, const real* Wh, const real* b, const real* more, const real* mask,
            const real* from_x, real* gates, real* kept, real* y, real* seen, real* h_last, real* c_last, const int* order,
            const int* lengths, real* exchange, unsigned* counters, int N, int T) {
    SHARED_MEMORY(shared);
    real *weights = shared, *made = weights + First::KP * First::C, *unit_weights = made + First::MADE;
    real* scratch = unit_weights + (UNIT * U + 3) / 4 * 4;
    const int g = blockIdx.x / S, s = blockIdx.x % S;
    constexpr int BUFFER = First::ROWS * RP;
    unsigned* counter = counters + g;
    exchange += g * 2 * BUFFER;
    load_weights<First, 0, GATES>(Wh, weights, s);
    load_unit_weights(b, more, unit_weights, s);
    clear<First>(made);
    __syncthreads();
    const Mine mine(order, lengths, g, s, N, T);
    Cell cell[MINE];
    real m[MINE], gate[MINE][GATES];
    begin_forward<First>(mine, h0, c0, mask, from_x, cell, m, gate, made, seen);
    hand_on<First>(exchange, made, s, counter);
    for (int t = 0; t < mine.steps; t++) {
        real from_h[MINE][GATES], kept_now[MINE];
        wait(counter, (t + 1) * S, S);
        product<First, GATES>(exchange + t % 2 * BUFFER, made, weights, scratch, from_h);
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].forward(gate[j], from_h[j], unit_weights + UNIT * mine.column[j], kept_now[j]);
                made[place<First>(mine, j)] = cell[j].h * m[j];
            }
        if (t + 1 < mine.steps) hand_on<First>(exchange + (t + 1) % 2 * BUFFER, made, s, counter);
        end_step(mine, t, cell, m, kept_now, gate, from_x, gates, kept, y, seen);
    }
    end_forward(mine, cell, h_last, c_last, kept, y, seen);
}

#else

// d (N, T, BLOCKS H) gets the gradients of each step, total (SUMS H,) sums over all steps and rows.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    backward(const real* dy, const real* dh_last, const real* dc_last, const real* Wh, const real* b, const real* more,
             const real* mask, const real* gates, const real* kept, const real* y, const real* h0, const real* c0, real* d,
             real* total, real* dh0, real* dc0, const int* order, const int* lengths, real* exchange, unsigned* counters,
             real* parts, int N, int T) {
    SHARED_MEMORY(shared);
    real *weights = shared, *made = weights + First::KP * First::C, *unit_weights = made + First::MADE;
    real* scratch = unit_weights + (UNIT * U + 3) / 4 * 4;
    const int g = blockIdx.x / S, s = blockIdx.x % S;
    constexpr int BUFFER = First::ROWS * RP;
    unsigned *counter = counters + g, *tickets = counters + gridDim.x / S;
    exchange += g * 2 * BUFFER;
    load_weights<First, 0, GATES>(Wh, weights, s);
    load_unit_weights(b, more, unit_weights, s);
    clear<First>(made);
    __syncthreads();
    const Mine mine(order, lengths, g, s, N, T);
    const Saved saved = {gates, kept, y, h0, c0, dy};
    CellBackward cell[MINE];
    Past past[MINE];
    real m[MINE], sums[MINE][SUMS], from_next[MINE][1];
    begin_backward(mine, dh_last, dc_last, mask, saved, cell, m, past, from_next, sums, d);
    for (int t = mine.steps - 1; t >= 0; t--) {
        real d_now[MINE][SUMS];
        if (t < mine.steps - 1) {
            wait(counter, (mine.steps - 1 - t) * S, S);
            product<First, 1>(exchange + (t + 1) % 2 * BUFFER, made, weights, scratch, from_next);
        }
#pragma unroll
        for (int j = 0; j < MINE; j++) {
#pragma unroll
            for (int q = 0; q < SUMS; q++) d_now[j][q] = 0;
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].dh += past[j].dy + from_next[j][0] * m[j];  // dh_t; the term that is no product is in cell.dh
                cell[j].backward(past[j], m[j], unit_weights + UNIT * mine.column[j], d_now[j]);
#pragma unroll
                for (int k = 0; k < First::PARTS; k++) made[place<First>(mine, j, k)] = d_now[j][handed(k)];
#pragma unroll
                for (int q = 0; q < SUMS; q++) sums[j][q] += d_now[j][q];
            }
        }
        hand_on<First>(exchange + t % 2 * BUFFER, made, s, counter);
        end_step_backward(mine, t, d_now, saved, past, d);
    }
    if (mine.steps) {  // what step 0 passes back to the first state
        wait(counter, mine.steps * S, S);
        product<First, 1>(exchange, made, weights, scratch, from_next);
    }
    end_backward(mine, cell, m, from_next, dh0, dc0);
    sum_over_rows(sums, mine, scratch, parts, total, tickets, g, s);
}

#endif
