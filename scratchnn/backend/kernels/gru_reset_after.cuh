// One unit of one sequence of the GRU with the reset gate after the product. Equations and names:
// recurrent/gru_reset_after.py.
//
// Gates: z, r, n. Weights of a unit: b_z, b_r, b_n, bh. Kept for the backward pass: s_n.

struct Cell {
    real h, c;  // c is not used

    // Mirrors gru_reset_after_gates_forward. gates: before, x_t Wx; after, z_t, r_t, n_t.
    __device__ __forceinline__ void forward(real (&gates)[GATES], const real (&from_h)[GATES], const real* w, real& kept) {
        gates[0] = sigmoid(gates[0] + w[0] + from_h[0]);           // (3)
        gates[1] = sigmoid(gates[1] + w[1] + from_h[1]);           // (4)
        kept = from_h[2] + w[3];                                   // (2)
        gates[2] = tanh_of(gates[2] + w[2] + gates[1] * kept);     // (5)
        h = gates[2] + gates[0] * (h - gates[2]);                  // (6)
    }
};

// dh: before, dh_t; after, dh_t z_t of (7).
struct CellBackward {
    real dh, dc;  // dc is not used

    // Mirrors gru_reset_after_gates_backward. d: ds_n, da_z, da_r, da_n; the first three are ds_t, the last three da_t.
    __device__ __forceinline__ void backward(const Past& past, real, const real*, real (&d)[SUMS]) {
        const real z = past.gates[0], r = past.gates[1], n = past.gates[2];
        d[1] = dh * (past.h_before - n) * z * (1 - z);             // (8)
        d[3] = dh * (1 - z) * (1 - n * n);                         // (9)
        d[2] = d[3] * past.kept * r * (1 - r);                     // (10)
        d[0] = d[3] * r;                                           // (11)
        dh *= z;                                                   // (7)
    }
};

// Which of d is part k of what the product with Wh^T sees, in the order of the columns of Wh.
__device__ constexpr int handed(int k) { return (k + 1) % 3; }
