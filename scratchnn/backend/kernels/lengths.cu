// What lengths (N,) need before a recurrent kernel, without asking the host.

// order gets the sequences, the longest first, equal ones in the order of the batch; copy gets the lengths. Mirrors the
// argsort of recurrent/steps.py.
extern "C" __global__ void longest_first(const long long* lengths, int* copy, int* order, int N) {
    const int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n >= N) return;
    const long long own = lengths[n];
    int before = 0;
    for (int k = 0; k < N; k++) before += lengths[k] > own || (lengths[k] == own && k < n);
    order[before] = n, copy[n] = (int)own;
}

// out = x (N, T, D) with zeros at padded steps, whatever x has there: in dWx = x^T da, zero times NaN would be NaN.
extern "C" __global__ void without_padding(const real* x, const int* lengths, real* out, int N, int T, int D) {
    const long long e = (long long)blockIdx.x * blockDim.x + threadIdx.x, step = e / D;
    if (step < (long long)N * T) out[e] = step % T < lengths[step / T] ? x[e] : 0;
}
