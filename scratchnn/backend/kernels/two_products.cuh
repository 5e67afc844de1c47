// All steps in one launch, for a cell with two products per step, one after the other. As all_steps.cuh, but the blocks of
// a group meet twice per step: `First` and `Second` have a buffer of the exchange each. A buffer is written again only
// after the other meeting, and by then every block has read it.

constexpr int BUFFER = (First::ROWS > Second::ROWS ? First::ROWS : Second::ROWS) * RP;

#if !BACKWARD

// Arguments as in all_steps.cuh; c0, more and c_last are not used. kept gets k_t, zero at padded steps.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    forward(const real* h0, const real*, const real* Wh, const real* b, const real* more, const real* mask,
            const real* from_x, real* gates, real* kept, real* y, real* seen, real* h_last, real*, const int* order,
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
    for (int e = threadIdx.x; e < First::MADE; e += THREADS) made_h[e] = 0;
    for (int e = threadIdx.x; e < Second::MADE; e += THREADS) made_k[e] = 0;
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
            made_h[place<First>(mine, j)] = seen[where.at(0)] = cell[j].h * m[j];
            look(j, 0);
        }
    hand_on<First>(exchange_h, made_h, s, counter);
    for (int t = 0; t < mine.steps; t++) {
        real from_h[MINE][2], q_now[MINE][1], k_now[MINE];
        wait(counter, (2 * t + 1) * S, S);
        product<First, 2>(exchange_h, made_h, weights_zr, scratch, from_h);
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].gates_forward(gate[j], from_h[j], unit_weights + UNIT * mine.column[j], m[j], k_now[j]);
                made_k[place<Second>(mine, j)] = k_now[j];
            }
        hand_on<Second>(exchange_k, made_k, s, counter);
        wait(counter, (2 * t + 2) * S, S);
        product<Second, 1>(exchange_k, made_k, weights_n, scratch, q_now);
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j] && t < mine.length[j]) {
                cell[j].candidate_forward(gate[j], q_now[j][0], unit_weights + UNIT * mine.column[j]);
                made_h[place<First>(mine, j)] = cell[j].h * m[j];
            }
        if (t + 1 < mine.steps) hand_on<First>(exchange_h, made_h, s, counter);
#pragma unroll
        for (int j = 0; j < MINE; j++)
            if (mine.exists[j]) {  // what no other block waits for
                const Where where = mine.where(j);
                const bool works = t < mine.length[j], goes_on = t + 1 < mine.length[j];
                y[where.at(t)] = works ? cell[j].h : 0;
                kept[where.at(t)] = works ? k_now[j] : 0;
                if (t + 1 < T) seen[where.at(t + 1)] = goes_on ? cell[j].h * m[j] : 0;
                if (works)
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
            for (int t = mine.steps; t < T; t++) {
                y[where.at(t)] = kept[where.at(t)] = 0;
                if (t + 1 < T) seen[where.at(t + 1)] = 0;
            }
        }
}

#else

// Arguments as in all_steps.cuh; dc_last, c0 and dc0 are not used.
extern "C" __global__ void __launch_bounds__(THREADS, 1)
    backward(const real* dy, const real* dh_last, const real*, const real* Wh, const real*, const real*, const real* mask,
             const real* gates, const real* kept, const real* y, const real* h0, const real* c0, real* d, real* total,
             real* dh0, real*, const int* order, const int* lengths, real* exchange, unsigned* counters, real* parts, int N,
             int T) {
    SHARED_MEMORY(shared);
    real *weights_n = shared, *weights_zr = weights_n + First::KP * First::C, *made_n = weights_zr + Second::KP * Second::C;
    real *made_zr = made_n + First::MADE, *scratch = made_zr + Second::MADE;
    const int g = blockIdx.x / S, s = blockIdx.x % S;
    unsigned *counter = counters + g, *tickets = counters + gridDim.x / S;
    real *exchange_n = exchange + g * 2 * BUFFER, *exchange_zr = exchange_n + BUFFER;
    load_weights<First, 2, 1>(Wh, weights_n, s);
    load_weights<Second, 0, 2>(Wh, weights_zr, s);
    for (int e = threadIdx.x; e < First::MADE; e += THREADS) made_n[e] = 0;
    for (int e = threadIdx.x; e < Second::MADE; e += THREADS) made_zr[e] = 0;
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
            if (mine.steps && mine.length[j] == mine.steps) look(j, mine.steps - 1);
            for (int t = mine.steps; t < T; t++)
                for (int q = 0; q < BLOCKS; q++) d[where.block(t, BLOCKS, q)] = 0;
        }
    }
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
        wait(counter, 2 * mine.steps * S, S);
        product<Second, 1>(exchange_zr, made_zr, weights_zr, scratch, from_next);  // (7)
    }
#pragma unroll
    for (int j = 0; j < MINE; j++)
        if (mine.exists[j]) dh0[mine.where(j).state()] = cell[j].dh + from_next[j][0] * m[j];
    sum_over_rows(sums, mine, scratch, parts, total, tickets, g, s);
}

#endif
