// One unit of one sequence: where its numbers are in memory. Everything is batch-first: states (N, H), sequences (N, T, H),
// and with several blocks of columns side by side (N, T, blocks H). Nothing is packed, sorted or transposed.
//
// Constants of the cell, from cells.py: GATES blocks of H columns in Wh; STATES arrays in the state; UNIT weights per unit
// besides Wx and Wh; SUMS gradients per unit that are summed over all steps, of which the first BLOCKS are stored for each
// step; KEEPS one more number per step for the backward pass; READS_... what else that pass reads.

using offset = long long;

// By tanh, which does not overflow; mirrors sigmoid of functions.py.
__device__ __forceinline__ real sigmoid(real a) { return real(0.5) * tanh_of(real(0.5) * a) + real(0.5); }

struct Where {  // unit `unit` of sequence `n`
    int n, unit, T;
    __device__ __forceinline__ offset state() const { return (offset)n * H + unit; }
    __device__ __forceinline__ offset at(int t) const { return ((offset)n * T + t) * H + unit; }
    __device__ __forceinline__ offset block(int t, int blocks, int q) const {
        return (((offset)n * T + t) * blocks + q) * H + unit;
    }
};

// What the forward pass has saved, and dy. Pointers to what the cell neither keeps nor reads may be null.
struct Saved {
    const real *gates, *kept, *y, *h0, *c0, *dy;
};

// What the backward pass of a unit at step t needs of it.
struct Past {
    real gates[GATES], kept, kept_before, h, h_before, dy;
};

__device__ __forceinline__ Past read_past(const Where& w, int t, const Saved& saved) {
    Past past;
#pragma unroll
    for (int q = 0; q < GATES; q++) past.gates[q] = GATES > 1 ? saved.gates[w.block(t, GATES, q)] : 0;
    past.kept = KEEPS ? saved.kept[w.at(t)] : 0;
    past.kept_before = !READS_KEPT_BEFORE ? 0 : t ? saved.kept[w.at(t - 1)] : saved.c0[w.state()];
    past.h = READS_H ? saved.y[w.at(t)] : 0;
    past.h_before = !READS_H_BEFORE ? 0 : t ? saved.y[w.at(t - 1)] : saved.h0[w.state()];
    past.dy = saved.dy[w.at(t)];
    return past;
}
