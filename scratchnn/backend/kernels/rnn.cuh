// One unit of one sequence of Elman's layer, with tanh or, if RELU, max(a, 0). Equations and names: recurrent/rnn.py.
//
// One block of columns, whose result is h_t itself. Weight of a unit: b.

struct Cell {
    real h, c;  // c is not used

    // Mirrors rnn_units_forward. gates: x_t Wx.
    __device__ __forceinline__ void forward(real (&gates)[GATES], const real (&from_h)[GATES], const real* w, real&) {
        const real a = gates[0] + from_h[0] + w[0];                // (1)
        h = !RELU ? tanh_of(a) : a > 0 ? a : 0;                    // (2)
    }
};

// dh: before, dh_t; after, what step t passes back besides the product: nothing.
struct CellBackward {
    real dh, dc;  // dc is not used

    // Mirrors rnn_units_backward and rnn_slopes_backward. d: da_t.
    __device__ __forceinline__ void backward(const Past& past, real, const real*, real (&d)[SUMS]) {
        d[0] = !RELU ? dh * (1 - past.h * past.h) : past.h > 0 ? dh : 0;  // (4)
        dh = 0;  // the product alone sees h_{t-1}
    }
};

// Which of d is part k of what the product with Wh^T sees, in the order of the columns of Wh.
__device__ constexpr int handed(int k) { return k; }
