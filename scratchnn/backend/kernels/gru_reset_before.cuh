// One unit of one sequence of the GRU with the reset gate before the product. Equations and names:
// recurrent/gru_reset_before.py. The product in the middle of a step divides its equations into two functions per
// direction.
//
// Gates: z, r, n. Weights of a unit: b_z, b_r, b_n. Kept for the backward pass: k_t.

struct Cell {
    real h, c;  // c is not used

    // Mirrors gru_reset_before_gates_forward. gates: before, x_t Wx; after, z_t, r_t and x_t Wx_n.
    __device__ __forceinline__ void gates_forward(real (&gates)[GATES], const real* from_h, const real* w, real m,
                                                  real& kept) {
        gates[0] = sigmoid(gates[0] + from_h[0] + w[0]);           // (1), (2)
        gates[1] = sigmoid(gates[1] + from_h[1] + w[1]);           // (1), (3)
        kept = gates[1] * (h * m);                                 // (4)
    }

    // Mirrors gru_candidate_forward. q: k_t Wh_n.
    __device__ __forceinline__ void candidate_forward(real (&gates)[GATES], real q, const real* w) {
        gates[2] = tanh_of(gates[2] + q + w[2]);                   // (5)
        h = gates[2] + gates[0] * (h - gates[2]);                  // (6)
    }
};

struct CellBackward {
    real dh, dc;  // dc is not used

    // Mirrors gru_reset_before_candidate_backward. dh is dh_t; d: da_z, da_r, da_n.
    __device__ __forceinline__ void candidate_backward(const Past& past, real (&d)[SUMS]) {
        const real z = past.gates[0], n = past.gates[2];
        d[0] = dh * (past.h_before - n) * z * (1 - z);             // (8)
        d[2] = dh * (1 - z) * (1 - n * n);                         // (9)
    }

    // Mirrors gru_reset_before_gates_backward. dk: (10). dh: after, what (7) passes back besides the product with Wh_zr.
    __device__ __forceinline__ void gates_backward(const Past& past, real dk, real m, real (&d)[SUMS]) {
        const real z = past.gates[0], r = past.gates[1];
        d[1] = dk * past.kept * (1 - r);                           // (11)
        dh = dh * z + dk * r * m;                                  // (7)
    }
};
