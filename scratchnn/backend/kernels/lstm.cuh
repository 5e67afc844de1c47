// One unit of one sequence of the LSTM, without and with peepholes. Equations and names: recurrent/lstm.py and
// recurrent/lstm_peephole.py, whose numbers are the same.
//
// Gates: o, i, f, g. Weights of a unit: b_o, b_i, b_f, b_g, then p_o, p_i, p_f. Kept for the backward pass: c_t.

struct Cell {
    real h, c;

    // Mirrors lstm_gates_forward and lstm_peephole_gates_forward. gates: before, x_t Wx; after, the gates.
    __device__ __forceinline__ void forward(real (&gates)[GATES], const real (&from_h)[GATES], const real* w, real& kept) {
#pragma unroll
        for (int q = 0; q < 4; q++) gates[q] += from_h[q] + w[q];  // (1)
        if (PEEPHOLES) gates[1] += w[5] * c, gates[2] += w[6] * c;  // (2), (3): c is still c_{t-1}
        gates[1] = sigmoid(gates[1]);                      // (2)
        gates[2] = sigmoid(gates[2]);                      // (3)
        gates[3] = tanh_of(gates[3]);                      // (4)
        kept = c = gates[2] * c + gates[1] * gates[3];     // (5)
        if (PEEPHOLES) gates[0] += w[4] * c;               // (6): c is c_t
        gates[0] = sigmoid(gates[0]);                      // (6)
        h = gates[0] * tanh_of(c);                         // (7)
    }
};

// dh, dc: before, dh_t and what step t + 1 passes to c_t; after, what step t passes back besides the product.
struct CellBackward {
    real dh, dc;

    // Mirrors lstm_gates_backward and lstm_peephole_gates_backward. d: da_o, da_i, da_f, da_g, terms of dp_o, dp_i, dp_f.
    __device__ __forceinline__ void backward(const Past& past, real, const real* w, real (&d)[SUMS]) {
        const real o = past.gates[0], i = past.gates[1], f = past.gates[2], g = past.gates[3];
        const real c = past.kept, c_before = past.kept_before, tanh_c = tanh_of(c);
        d[0] = dh * tanh_c * o * (1 - o);                  // (9)
        dc += dh * o * (1 - tanh_c * tanh_c);              // (10)
        if (PEEPHOLES) dc += d[0] * w[4];                  // (10)
        d[1] = dc * g * i * (1 - i);                       // (11)
        d[2] = dc * c_before * f * (1 - f);                // (12)
        d[3] = dc * i * (1 - g * g);                       // (13)
        dc *= f;                                           // (14)
        dh = 0;  // the product alone sees h_{t-1}
        if constexpr (PEEPHOLES) {
            dc += d[1] * w[5] + d[2] * w[6];               // (14)
            d[4] = d[0] * c, d[5] = d[1] * c_before, d[6] = d[2] * c_before;  // (17)
        }
    }
};

// Which of d is part k of what the product with Wh^T sees, in the order of the columns of Wh.
__device__ constexpr int handed(int k) { return k; }
