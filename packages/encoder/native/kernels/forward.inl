// The kernels, written once: each file that includes this has said how wide its vectors are (vectors.inl) and how it reads float16 numbers.
//
// wide: numbers in a vector; columnVectors: vectors side by side in a panel; mostRows: rows whose sums stay in registers together;
// queriesAtOnce: the same for queries, with two vectors of keys or values.
namespace voisin {
namespace {

/// Where a tile reads its panel. float16 numbers are widened once for all tiles of a piece: the first tile keeps what it has widened, the others read
/// that. Each time anew it would take a ninth of the time on processors that widen with their multipliers (Zen 4).
enum class From { floats, halves, halvesToKeep, kept };

struct Panel {
    const void* values;
    /// Room for its numbers as float32.
    float* kept;
};

template <From from> inline Floats numbers(const Panel& panel, size_t at) {
    if constexpr (from == From::floats) return load(static_cast<const float*>(panel.values) + at);
    if constexpr (from == From::kept) return load(panel.kept + at);
    const Floats widened = loadHalves(static_cast<const uint16_t*>(panel.values) + at);
    if constexpr (from == From::halvesToKeep) store(panel.kept + at, widened);
    return widened;
}

template <From from, size_t rows> void tile(const float* in, size_t inner, const Panel& panel, const float* bias, const Output& out) {
    constexpr size_t lineBytes = panelWidth * (from == From::floats ? sizeof(float) : sizeof(uint16_t));
    Floats sums[rows][columnVectors] = {};
    for (size_t k = 0; k < inner; k++) {
        // The next panel begins where this one ends. Read ahead while this one is in use, it is there when its turn comes.
        if constexpr (from != From::kept) __builtin_prefetch(static_cast<const char*>(panel.values) + (inner + k) * lineBytes, 0, 2);
        Floats column[columnVectors];
#pragma GCC unroll 4
        for (size_t c = 0; c < columnVectors; c++) column[c] = numbers<from>(panel, k * panelWidth + c * wide);
#pragma GCC unroll 16
        for (size_t r = 0; r < rows; r++) {
            const Floats a = all(in[r * inner + k]);
#pragma GCC unroll 4
            for (size_t c = 0; c < columnVectors; c++) sums[r][c] += a * column[c];
        }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (size_t c = 0; c < columnVectors; c++) {
            const Floats sum = sums[r][c] + load(bias + c * wide);
            store(out.values + r * out.stride + c * wide, out.then == Then::gelu ? gelu(sum) : sum);
        }
    }
}

template <From first, From others>
void multiplyFrom(const float* in, size_t rows, size_t inner, const Panel& panel, const float* bias, const Output& out) {
    inTiles<mostRows>(rows, [&](auto height, size_t row) {
        constexpr size_t count = decltype(height)::count;
        const Output to{out.values + row * out.stride, out.stride, out.then};
        if (row == 0) tile<first, count>(in, inner, panel, bias, to);
        else tile<others, count>(in + row * inner, inner, panel, bias, to);
    });
}

void multiply(const float* in, size_t rows, const Panels& panels, size_t panel, const float* bias, const Output& out, float* scratch) {
    const size_t inner = panels.inner;
    const size_t first = panel * inner * panelWidth;
    if (panels.stored == Stored::float32) {
        const Panel floats{static_cast<const float*>(panels.values) + first, scratch};
        return multiplyFrom<From::floats, From::floats>(in, rows, inner, floats, bias, out);
    }
    const Panel halves{static_cast<const uint16_t*>(panels.values) + first, scratch};
    if (rows > mostRows) return multiplyFrom<From::halvesToKeep, From::kept>(in, rows, inner, halves, bias, out);
    multiplyFrom<From::halves, From::halves>(in, rows, inner, halves, bias, out);
}

void normalize(const float* a, const float* b, const float* scale, const float* shift, float epsilon, size_t size, float* out) {
    Floats sums{};
    for (size_t i = 0; i < size; i += wide) {
        const Floats x = load(a + i) + load(b + i);
        store(out + i, x);
        sums += x;
    }
    const float mean = sumOf(sums) / static_cast<float>(size);
    Floats squares{};
    for (size_t i = 0; i < size; i += wide) {
        const Floats x = load(out + i) - mean;
        squares += x * x;
    }
    const float by = 1.0f / __builtin_sqrtf(sumOf(squares) / static_cast<float>(size) + epsilon);
    for (size_t i = 0; i < size; i += wide) store(out + i, (load(out + i) - mean) * by * load(scale + i) + load(shift + i));
}

size_t paddedTo(size_t length) {
    return (length + wide - 1) / wide * wide;
}

size_t scratchOf(size_t length, size_t size) {
    return (size + queriesAtOnce) * paddedTo(length);
}

/// Scores of `rows` queries for the keys of `vectors` vectors.
template <size_t rows, size_t vectors> void scoresOf(const Head& head, const float* query, const float* keys, float* scores) {
    const size_t padded = paddedTo(head.length);
    const float by = 1.0f / __builtin_sqrtf(static_cast<float>(head.size));
    Floats sums[rows][vectors] = {};
    for (size_t i = 0; i < head.size; i++) {
        Floats key[vectors];
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++) key[v] = load(keys + i * padded + v * wide);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            const Floats q = all(query[r * head.stride + i]);
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; v++) sums[r][v] += q * key[v];
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t v = 0; v < vectors; v++) store(scores + r * padded + v * wide, sums[r][v] * by);
    }
}

/// e^(score - largest) of one query's `length` scores, in place. Returns their sum.
float softmax(float* scores, size_t length) {
    const size_t last = paddedTo(length) - wide;
    // Behind the last key: nothing, next to the largest.
    Ints places;
    for (size_t i = 0; i < wide; i++) places[i] = static_cast<int32_t>(last + i);
    store(scores + last, places < static_cast<int32_t>(length) ? load(scores + last) : all(-__builtin_inff()));
    Floats most = load(scores + last);
    for (size_t i = 0; i < last; i += wide) most = larger(most, load(scores + i));
    const float largest = largestOf(most);
    Floats sums{};
    for (size_t i = 0; i <= last; i += wide) {
        const Floats e = exponential(load(scores + i) - largest);
        store(scores + i, e);
        sums += e;
    }
    return sumOf(sums);
}

/// Sums of the values' columns in `vectors` vectors, weighted by `rows` queries' probabilities.
template <size_t rows, size_t vectors>
void contextOf(const Head& head, const float* value, const float* scores, const float* totals, float* context) {
    const size_t padded = paddedTo(head.length);
    Floats sums[rows][vectors] = {};
    for (size_t j = 0; j < head.length; j++) {
        Floats column[vectors];
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++) column[v] = load(value + j * head.stride + v * wide);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            const Floats p = all(scores[r * padded + j]);
#pragma GCC unroll 2
            for (size_t v = 0; v < vectors; v++) sums[r][v] += p * column[v];
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t v = 0; v < vectors; v++) store(context + r * head.contextStride + v * wide, sums[r][v] / totals[r]);
    }
}

template <size_t rows> void attendRows(const Head& head, size_t first, const float* keys, float* scores) {
    const float* query = head.query + first * head.stride;
    size_t j = 0;
    for (; j + 2 * wide <= paddedTo(head.length); j += 2 * wide) scoresOf<rows, 2>(head, query, keys + j, scores + j);
    if (j < head.length) scoresOf<rows, 1>(head, query, keys + j, scores + j);
    float totals[rows];
    for (size_t r = 0; r < rows; r++) totals[r] = softmax(scores + r * paddedTo(head.length), head.length);
    float* context = head.context + first * head.contextStride;
    size_t i = 0;
    for (; i + 2 * wide <= head.size; i += 2 * wide) contextOf<rows, 2>(head, head.value + i, scores, totals, context + i);
    if (i < head.size) contextOf<rows, 1>(head, head.value + i, scores, totals, context + i);
}

void attend(const Head& head, float* scratch) {
    // Keys side by side, so that one vector holds the same number of several keys.
    const size_t padded = paddedTo(head.length);
    for (size_t i = 0; i < head.size; i++) {
        for (size_t j = 0; j < head.length; j++) scratch[i * padded + j] = head.key[j * head.stride + i];
        for (size_t j = head.length; j < padded; j++) scratch[i * padded + j] = 0;
    }
    float* scores = scratch + head.size * padded;
    inTiles<queriesAtOnce>(head.length, [&](auto height, size_t first) { attendRows<decltype(height)::count>(head, first, scratch, scores); });
}

void addBytes(const int8_t* row, float scale, size_t size, float* out) {
    for (size_t i = 0; i < size; i++) out[i] += scale * row[i];
}

void addHalves(const uint16_t* row, size_t size, float* out) {
    for (size_t i = 0; i < size; i += wide) store(out + i, load(out + i) + loadHalves(row + i));
}

void addFloats(const float* row, size_t size, float* out) {
    for (size_t i = 0; i < size; i += wide) store(out + i, load(out + i) + load(row + i));
}

} // namespace
} // namespace voisin
