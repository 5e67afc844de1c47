// All steps in one launch: forward, and backward through time. Mirrors the loops over time of recurrent/*.py, of which
// lstm_shared.py is one, for every cell with one product per step; the cell's own equations are in its file.
//
// Batch-first: gates (N, T, GATES H); y, seen, kept (N, T, H); states (N, H). mask (N, H), order and lengths (N,) may be
// null.

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
    for (int e = threadIdx.x; e < First::MADE; e += THREADS) made[e] = 0;
    __syncthreads();
    const Mine mine(order, lengths, g, s, N, T);
    Cell cell[MINE];
    real m[MINE], gate[MINE][GATES];
    auto look = [&](int j, int t) {  // what step t needs, read ahead of time
#pragma unroll
        for (int q = 0; q < GATES; q++) gate[j][q] = from_x[mine.where(j).block(t, GATES, q)];
    };
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            cell[j].h = h0[where.state()], m[j] = mask ? mask[where.state()] : 1;
            if (STATES == 2) cell[j].c = c0[where.state()];
            made[place<First>(mine, j)] = seen[where.at(0)] = cell[j].h * m[j];
            look(j, 0);
        }
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
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j]) {  // what no other block waits for
                const Where where = mine.where(j);
                const bool works = t < mine.length[j], goes_on = t + 1 < mine.length[j];
                y[where.at(t)] = works ? cell[j].h : 0;
                if (t + 1 < T) seen[where.at(t + 1)] = goes_on ? cell[j].h * m[j] : 0;
                if (works && KEEPS) kept[where.at(t)] = kept_now[j];
                if (works && GATES > 1)
#pragma unroll
                    for (int q = 0; q < GATES; q++) gates[where.block(t, GATES, q)] = gate[j][q];
                if (goes_on) look(j, t + 1);
            }
    }
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            h_last[where.state()] = cell[j].h;
            if (STATES == 2) c_last[where.state()] = cell[j].c;
            for (int t = mine.steps; t < T; t++) {
                y[where.at(t)] = 0;
                if (t + 1 < T) seen[where.at(t + 1)] = 0;
            }
        }
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
    for (int e = threadIdx.x; e < First::MADE; e += THREADS) made[e] = 0;
    __syncthreads();
    const Mine mine(order, lengths, g, s, N, T);
    CellBackward cell[MINE];
    Past past[MINE];
    real m[MINE], sums[MINE][SUMS], from_next[MINE][1];
    auto look = [&](int j, int t) {  // what step t needs, read ahead of time
        past[j] = read_past(mine.where(j), t, gates, kept, y, h0, c0, dy);
    };
#pragma unroll
    for (int j = 0; j < MINE; j++) {
        from_next[j][0] = 0;
#pragma unroll
        for (int q = 0; q < SUMS; q++) sums[j][q] = 0;
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            cell[j].dh = dh_last[where.state()], m[j] = mask ? mask[where.state()] : 1;
            if (STATES == 2) cell[j].dc = dc_last[where.state()];
            if (mine.steps && mine.length[j] == mine.steps) look(j, mine.steps - 1);
            for (int t = mine.steps; t < T; t++)
                for (int q = 0; q < BLOCKS; q++) d[where.block(t, BLOCKS, q)] = 0;
        }
    }
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
                cell[j].dh += past[j].dy + from_next[j][0] * m[j];  // dh_t
                cell[j].backward(past[j], m[j], unit_weights + UNIT * mine.column[j], d_now[j]);
#pragma unroll
                for (int k = 0; k < First::PARTS; k++) made[place<First>(mine, j, k)] = d_now[j][handed(k)];
#pragma unroll
                for (int q = 0; q < SUMS; q++) sums[j][q] += d_now[j][q];
            }
        }
        hand_on<First>(exchange + t % 2 * BUFFER, made, s, counter);
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j]) {  // what no other block waits for
                const Where where = mine.where(j);
#pragma unroll
                for (int q = 0; q < BLOCKS; q++) d[where.block(t, BLOCKS, q)] = d_now[j][q];
                if (t && t - 1 < mine.length[j]) look(j, t - 1);
            }
    }
    if (mine.steps) {
        wait(counter, mine.steps * S, S);
        product<First, 1>(exchange, made, weights, scratch, from_next);
    }
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) {
            const Where where = mine.where(j);
            dh0[where.state()] = cell[j].dh + from_next[j][0] * m[j];
            if (STATES == 2) dc0[where.state()] = cell[j].dc;
        }
    sum_over_rows(sums, mine, scratch, parts, total, tickets, g, s);
}

#endif
