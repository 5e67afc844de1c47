// The update of one parameter by an optimizer. Equations and names: optim/optimizers.py; each function mirrors the method
// _update of a class. RULE is the name of one of them.

struct Numbers {  // a rule's own; see Optimizer._rule
    real lr, a, b, c, d, e;
};

__device__ __forceinline__ void sgd(real& w, real g, real&, real&, const Numbers& n) {
    w -= n.lr * g;  // (1)
}
__device__ __forceinline__ void momentum(real& w, real g, real& v, real&, const Numbers& n) {
    v = n.a * v + g;  // (2)
    w -= n.lr * v;    // (2)
}
__device__ __forceinline__ void nesterov(real& w, real g, real& v, real&, const Numbers& n) {
    v = n.a * v + g;             // (3)
    w -= n.lr * (g + n.a * v);   // (3)
}
__device__ __forceinline__ void adagrad(real& w, real g, real& s, real&, const Numbers& n) {
    s += g * g;                                // (4)
    w -= n.lr * g / (sqrt_of(s) + n.a);        // (4)
}
__device__ __forceinline__ void rmsprop(real& w, real g, real& r, real&, const Numbers& n) {
    r = n.b * r + n.c * g * g;                 // (5)
    w -= n.lr * g / (sqrt_of(r) + n.a);        // (5)
}
__device__ __forceinline__ void adam(real& w, real g, real& m, real& v, const Numbers& n) {
    m = n.b * m + n.c * g;                     // (6)
    v = n.d * v + n.e * g * g;                 // (6)
    w -= n.lr * m / (sqrt_of(v) + n.a);        // (7), (8)
}

// g (size,) for all of w; or, if ids (size / D,) is given, for the rows of w (V, D) with these ids, none twice; -1 is no
// row. `keep` is what weight decay leaves of w, 1 for all but AdamW.
extern "C" __global__ void update(real* w, const real* g, real* first, real* second, const int* ids, int size, int D,
                                  real keep,
                                  real lr, real a, real b, real c, real d, real e) {
    const long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= size || (ids && ids[k / D] < 0)) return;
    const long long at = ids ? (long long)ids[k / D] * D + k % D : k;
    real none = 0;
    const Numbers numbers = {lr, a, b, c, d, e};
    w[at] *= keep;  // (9)
    RULE(w[at], g[k], first ? first[at] : none, second ? second[at] : none, numbers);
}
