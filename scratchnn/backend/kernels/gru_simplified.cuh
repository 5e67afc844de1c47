// One unit of one sequence of the GRU with an update gate only. Equations and names: recurrent/gru_simplified.py.
//
// Gates: z, n. Weights of a unit: b_z, b_n.

struct Cell {
    real h, c;  // c is not used

    // Mirrors gru_simplified_gates_forward. gates: before, x_t Wx; after, z_t and n_t.
    __device__ __forceinline__ void forward(real (&gates)[GATES], const real (&from_h)[GATES], const real* w, real&) {
#pragma unroll
        for (int q = 0; q < 2; q++) gates[q] += from_h[q] + w[q];  // (1)
        gates[0] = sigmoid(gates[0]);                              // (2)
        gates[1] = tanh_of(gates[1]);                              // (3)
        h = gates[1] + gates[0] * (h - gates[1]);                  // (4)
    }
};

// dh: before, dh_t; after, dh_t z_t of (5).
struct CellBackward {
    real dh, dc;  // dc is not used

    // Mirrors gru_simplified_gates_backward. d: da_z, da_n.
    __device__ __forceinline__ void backward(const Past& past, real, const real*, real (&d)[SUMS]) {
        const real z = past.gates[0], n = past.gates[1];
        d[0] = dh * (past.h_before - n) * z * (1 - z);             // (6)
        d[1] = dh * (1 - z) * (1 - n * n);                         // (7)
        dh *= z;                                                   // (5)
    }
};

// Which of d is part k of what the product with Wh^T sees, in the order of the columns of Wh.
__device__ constexpr int handed(int k) { return k; }
